// Reads the memory limits of this process's cgroups, v1 and v2, from files. Does not use process.constrainedMemory(),
// which returns 2^64 for "no limit" and misses the limits of parent groups.

import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join, posix } from 'node:path';

/** The memory limit of the process's cgroup or of one of its parents. */
export interface GroupLimit {
  readonly bytes: number;
  /** Path of the group below the mount, such as `/` or `/system.slice/x.service`. */
  readonly group: string;
  /** Name of the file with the limit, such as `memory.max`. */
  readonly file: string;
}

/** Reads memory figures of the cgroups and the machine. */
export interface MemoryProbe {
  /**
   * Returns the limits of the process's own cgroup, then the limits of its parents; an empty list if no cgroup has a
   * limit.
   */
  limits(): GroupLimit[];
  /** Returns the RAM of the machine, bytes. */
  totalBytes(): number;
}

interface CgroupVersion {
  readonly limits: readonly string[];
  /**
   * Matches the line of `memory.stat` with the smallest limit of a cgroup and all its parents, even of parents that a
   * container does not see. Null for version 2, which lacks this line.
   */
  readonly hierarchical: RegExp | null;
}

const versions: Record<1 | 2, CgroupVersion> = {
  1: {
    limits: ['memory.limit_in_bytes'],
    hierarchical: /^hierarchical_memory_limit (\d+)$/m,
  },
  2: {
    limits: ['memory.max', 'memory.high'],
    hierarchical: null,
  },
};

/**
 * From this value on, a limit means "no limit". v1 writes about 9223372036854771712; the exact value depends on the
 * page size.
 */
const noLimit = 2 ** 62;

interface Groups {
  readonly version: CgroupVersion;
  readonly mount: string;
  /** Paths of this process's cgroup and its parents, relative to the mount. The last path is `/`. */
  readonly chain: readonly string[];
}

function text(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null; // the file is missing or not readable
  }
}

function bytes(raw: string | null | undefined): number | null {
  const value = raw?.trim();
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : null;
}

/**
 * Finds this process's cgroup in the text of /proc/self/cgroup. A line with the v1 `memory` controller takes precedence
 * over the v2 line, which begins with `0::`.
 */
function ownGroup(cgroup: string): { group: string; version: 1 | 2 } | null {
  const lines = cgroup.split('\n').map((line) => /^\d+:([^:]*):(.*)$/.exec(line));
  const v1 = lines.find((line) => line?.[1]?.split(',').includes('memory'));
  const v2 = lines.find((line) => line?.[1] === '');
  if (v1) return { group: v1[2] ?? '/', version: 1 };
  return v2 ? { group: v2[2] ?? '/', version: 2 } : null;
}

/**
 * Finds the cgroup mount in the text of /proc/self/mountinfo (proc(5)). The function reads the fields in capitals of
 * each line: `id parent dev ROOT MOUNT options … - TYPE source SUPER`.
 */
function mounted(mountinfo: string, version: 1 | 2): { root: string; mount: string } | null {
  for (const line of mountinfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const [type, , superOptions = ''] = after.split(' ');
    const [, , , root = '/', mount] = before.split(' ').map(unescapeOctal);
    const fits = version === 2 ? type === 'cgroup2' : type === 'cgroup' && superOptions.split(',').includes('memory');
    if (fits && mount !== undefined) return { root, mount };
  }
  return null;
}

function unescapeOctal(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)));
}

/**
 * Lists the paths of this process's cgroup and its parents, relative to the mount. In a container, the group may lie
 * outside the mount. Then only the last path, `/`, exists.
 */
function chainOf(group: string, root: string): string[] {
  const inside = root !== '/' && (group === root || group.startsWith(`${root}/`)) ? group.slice(root.length) : group;
  const chain: string[] = [];
  for (let path = posix.join('/', inside); path !== '/'; path = posix.dirname(path)) chain.push(path);
  return [...chain, '/'];
}

function findGroups(prefix: string): Groups | null {
  const own = ownGroup(text(join(prefix, 'proc/self/cgroup')) ?? '');
  if (own === null) return null;
  const at = mounted(text(join(prefix, 'proc/self/mountinfo')) ?? '', own.version);
  if (at === null) return null;
  return { version: versions[own.version], mount: join(prefix, at.mount), chain: chainOf(own.group, at.root) };
}

function limitsOf({ version, mount, chain }: Groups): GroupLimit[] {
  const found = chain.flatMap((group) => {
    const files = version.limits.map((file) => ({ file, value: bytes(text(join(mount, group, file))) }));
    const whole = version.hierarchical?.exec(text(join(mount, group, 'memory.stat')) ?? '')?.[1];
    return [...files, { file: 'hierarchical_memory_limit', value: bytes(whole) }].map((each) => ({ ...each, group }));
  });
  return found.flatMap(({ group, file, value }) =>
    value !== null && value < noLimit ? [{ bytes: value, group, file }] : [],
  );
}

/**
 * Creates a probe that reads files below `prefix`, which only tests set. The probe reads the limits again at each call,
 * because the limits may change.
 */
export function memoryProbe(prefix = '/'): MemoryProbe {
  const groups = findGroups(prefix);
  return {
    limits: () => (groups === null ? [] : limitsOf(groups)),
    totalBytes: totalmem,
  };
}
