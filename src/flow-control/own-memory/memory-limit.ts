// How much memory this process may use, and who said so. Never a share of the machine's RAM unless asked for:
// a loader that grows with the host is how neighbours get killed.

import type { GroupLimit, MemoryProbe } from './cgroup.js';

/** Without a smaller control group this is the limit, bytes. */
const defaultLimit = 512 * 1024 * 1024;

/** Share of a control group's limit that is ours: below it the kernel neither throttles nor kills. */
const groupShare = 0.9;

export interface MemoryLimit {
  readonly bytes: number;
  /** In words: `--memory-limit`, `cgroup /x/y memory.max × 0.9`, `default`. */
  readonly source: string;
}

/** Limits at or above the machine's RAM limit nothing. */
function smallest(probe: MemoryProbe): GroupLimit | null {
  const real = probe.limits().filter(({ bytes }) => bytes > 0 && bytes < probe.totalBytes());
  return real.reduce<GroupLimit | null>((least, each) => (least && least.bytes <= each.bytes ? least : each), null);
}

/**
 * `asked` is the setting's value, whichever way it was given; null when it was not. A percentage is one of the
 * smallest limit in the chain of control groups, or of RAM where there is none.
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
