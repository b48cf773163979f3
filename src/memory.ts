// Memory for a run, from its settings and the machine: where the pure plan meets the rooms whose sizes it adds up.

import { setFlagsFromString } from 'node:v8';
import { slotBytes } from './batch/arena.js';
import { formatBytes } from './formats.js';
import type { FormatName, Room } from './model.js';
import { limitForWindow, type MemoryPlan, type PlanRequest, plan } from './plan.js';
import { memoryProbe } from './pressure/cgroup.js';
import { memoryLimit } from './pressure/limit.js';
import type { Settings } from './settings/settings.js';

/** What the plan leaves to decompression. */
export function roomOf(settings: Settings, formats: readonly FormatName[], { windowBytes }: MemoryPlan): Room {
  return {
    bytes: windowBytes,
    limitFor: (window) => {
      const limit = limitForWindow(requestOf(settings, formats), window);
      return limit === null ? null : `${limit / 1_048_576}MiB`;
    },
  };
}

/**
 * Throws MemoryLimitError when the limit is too small to start.
 * @param formats those of the inputs
 */
export function planMemory(settings: Settings, formats: readonly FormatName[]): MemoryPlan {
  return plan(requestOf(settings, formats));
}

/**
 * To be called before anything is read. It is a setting of the process, not of a load: whoever loads with a small limit
 * inside a program of their own has that program's other WebAssembly stay as it was first compiled, too.
 */
export function economise({ optimizes }: MemoryPlan): void {
  if (optimizes) return;
  // Node 20 heeds the first while it runs, Node 24 the second: never called often enough to be worth optimizing.
  setFlagsFromString('--liftoff-only');
  setFlagsFromString('--wasm-tiering-budget=2147483647');
}

function requestOf(settings: Settings, formats: readonly FormatName[]): PlanRequest {
  const { workers, batchBytes, batchPoints, maxPointBytes } = settings;
  const limit = memoryLimit(settings.memoryLimit, memoryProbe());
  return {
    limit,
    workers,
    batchBytes,
    batchPoints,
    maxPointBytes,
    formatBytes: formatBytes(settings, formats),
    slotBytes,
  };
}
