// What the kernel allows this process: limits and use of its control groups, v1 and v2, read from files.
// process.constrainedMemory() is not asked: it gives 2^64 for "no limit" and misses limits of parent groups.

import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join, posix } from 'node:path';

/** One limit found on the way from the own group to the root. */
export interface GroupLimit {
  readonly bytes: number;
  /** The group, as seen from the mount: `/`, `/system.slice/x.service`. */
  readonly group: string;
  /** The file that said so, for people: `memory.max`. */
  readonly file: string;
}

/** What there is to know about memory outside of this process. */
export interface MemoryProbe {
  /** Own group first; empty where there is no limit. */
  limits(): GroupLimit[];
  /** RAM of the machine, bytes. */
  totalBytes(): number;
  /** Bytes of the own group that the kernel cannot simply drop (usage − inactive_file); null where not known. */
  workingSet(): number | null;
}

interface CgroupVersion {
  readonly limits: readonly string[];
  readonly usage: string;
  readonly inactive: RegExp;
  /** A limit of all parents together, also of those that a container does not see. */
  readonly hierarchical: RegExp | null;
}

const versions: Record<1 | 2, CgroupVersion> = {
  1: {
    limits: ['memory.limit_in_bytes'],
    usage: 'memory.usage_in_bytes',
    inactive: /^total_inactive_file (\d+)$/m,
    hierarchical: /^hierarchical_memory_limit (\d+)$/m,
  },
  2: {
    limits: ['memory.max', 'memory.high'],
    usage: 'memory.current',
    inactive: /^inactive_file (\d+)$/m,
    hierarchical: null,
  },
};

/** v1 says "none" as 9223372036854771712, depending on the page size a little less or more. */
const noLimit = 2 ** 62;

interface Groups {
  readonly version: CgroupVersion;
  readonly mount: string;
  /** Own group and its parents below the mount, own first, `/` last. */
  readonly chain: readonly string[];
}

function text(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null; // not there, or not for us: then it says nothing
  }
}

function bytes(raw: string | null | undefined): number | null {
  const value = raw?.trim();
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : null;
}

/** Own group and which hierarchy accounts memory: a v1 controller named `memory` wins over `0::`, as in hybrid set-ups. */
function ownGroup(cgroup: string): { group: string; version: 1 | 2 } | null {
  const lines = cgroup.split('\n').map((line) => /^\d+:([^:]*):(.*)$/.exec(line));
  const v1 = lines.find((line) => line?.[1]?.split(',').includes('memory'));
  const v2 = lines.find((line) => line?.[1] === '');
  if (v1) return { group: v1[2] ?? '/', version: 1 };
  return v2 ? { group: v2[2] ?? '/', version: 2 } : null;
}

/** Fields of /proc/self/mountinfo: id parent dev ROOT MOUNT options … - TYPE source SUPER (proc(5)). */
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

/** Inside a container the own path may lie outside of what is mounted: the walk then simply ends at the mount's root. */
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

function workingSetOf({ version, mount, chain }: Groups): number | null {
  for (const group of chain) {
    const usage = bytes(text(join(mount, group, version.usage)));
    const inactive = bytes(version.inactive.exec(text(join(mount, group, 'memory.stat')) ?? '')?.[1]);
    if (usage !== null) return Math.max(0, usage - (inactive ?? 0));
  }
  return null;
}

/** Reads below `prefix` (for tests: a tree of files that stands for `/`). Nothing is cached: limits may change. */
export function memoryProbe(prefix = '/'): MemoryProbe {
  const groups = findGroups(prefix);
  return {
    limits: () => (groups === null ? [] : limitsOf(groups)),
    totalBytes: totalmem,
    workingSet: () => (groups === null ? null : workingSetOf(groups)),
  };
}
