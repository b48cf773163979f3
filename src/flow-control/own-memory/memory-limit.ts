// Chooses the memory limit of this process. The default does not grow with the machine's RAM, because the system may
// kill other processes if one process takes much of the RAM.

import type { GroupLimit, MemoryProbe } from './cgroup.js';

/** Default limit, bytes. A cgroup's limit may be smaller. */
const defaultLimit = 512 * 1024 * 1024;

/**
 * The load uses this share of a cgroup's limit. The rest is a reserve, because Linux throttles or kills processes when
 * their cgroup reaches its limit.
 */
const groupShare = 0.9;

export interface MemoryLimit {
  readonly bytes: number;
  /** Source of the limit: `--memory-limit`, `cgroup /x/y memory.max × 0.9` or `default`. */
  readonly source: string;
}

/**
 * Returns the smallest cgroup limit below the machine's RAM; null if every limit is larger, or if the cgroups are
 * unlimited.
 */
function smallest(probe: MemoryProbe): GroupLimit | null {
  const real = probe.limits().filter(({ bytes }) => bytes > 0 && bytes < probe.totalBytes());
  return real.reduce<GroupLimit | null>((least, each) => (least && least.bytes <= each.bytes ? least : each), null);
}

/**
 * Chooses the limit. `asked` is the value of --memory-limit, null if unset. A percentage refers to the smallest limit
 * of the cgroups, or to RAM if the cgroups are unlimited.
 */
export function memoryLimit(asked: { bytes: number } | { percent: number } | null, probe: MemoryProbe): MemoryLimit {
  if (asked !== null && 'bytes' in asked) return { bytes: asked.bytes, source: '--memory-limit' };
  const group = smallest(probe);
  const name = group === null ? 'RAM' : `cgroup ${group.group} ${group.file}`;
  if (asked !== null) {
    const whole = group?.bytes ?? probe.totalBytes();
    return { bytes: Math.floor((whole * asked.percent) / 100), source: `--memory-limit ${asked.percent}% of ${name}` };
  }
  const share = Math.floor((group?.bytes ?? Number.POSITIVE_INFINITY) * groupShare);
  return share < defaultLimit ? { bytes: share, source: `${name} × 0.9` } : { bytes: defaultLimit, source: 'default' };
}
