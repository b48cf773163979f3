// Memory for a run, from its settings and the machine: where the pure plan meets the rooms whose sizes it adds up.

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
