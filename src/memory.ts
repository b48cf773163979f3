// Memory for a run, from its settings and the machine: where the pure plan meets the rooms whose sizes it adds up.

import { slotBytes } from './batch/arena.js';
import { LineProtocol } from './format/line-protocol.js';
import type { Room } from './model.js';
import { limitForWindow, type MemoryPlan, type PlanRequest, plan } from './plan.js';
import { memoryProbe } from './pressure/cgroup.js';
import { memoryLimit } from './pressure/limit.js';
import type { Settings } from './settings/settings.js';

/** What the plan leaves to decompression. */
export function roomOf(settings: Settings, { windowBytes }: MemoryPlan): Room {
  return {
    bytes: windowBytes,
    limitFor: (window) => {
      const limit = limitForWindow(requestOf(settings), window);
      return limit === null ? null : `${limit / 1_048_576}MiB`;
    },
  };
}

/** Throws MemoryLimitError when the limit is too small to start. */
export function planMemory(settings: Settings): MemoryPlan {
  return plan(requestOf(settings));
}

function requestOf(settings: Settings): PlanRequest {
  const { workers, batchBytes, batchPoints, maxPointBytes } = settings;
  const limit = memoryLimit(settings.memoryLimit, memoryProbe());
  const formatBytes = LineProtocol.memoryBytes(settings);
  return { limit, workers, batchBytes, batchPoints, maxPointBytes, formatBytes, slotBytes };
}
