// Memory for a run, from its settings and the machine: where the pure plan meets the rooms whose sizes it adds up.

import { slotBytes } from './batch/arena.js';
import { LineProtocol } from './format/line-protocol.js';
import { type MemoryPlan, plan } from './plan.js';
import { memoryProbe } from './pressure/cgroup.js';
import { memoryLimit } from './pressure/limit.js';
import type { Settings } from './settings/settings.js';

/** Throws MemoryLimitError when the limit is too small to start. */
export function planMemory(settings: Settings): MemoryPlan {
  const { workers, batchBytes, batchPoints, maxPointBytes } = settings;
  const limit = memoryLimit(settings.memoryLimit, memoryProbe());
  const formatBytes = LineProtocol.memoryBytes(settings);
  return plan({ limit, workers, batchBytes, batchPoints, maxPointBytes, formatBytes, slotBytes });
}
