import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { memoryProbe } from '../../../src/flow-control/own-memory/cgroup.js';

const top = mkdtempSync(join(tmpdir(), 'cgroup-'));
afterAll(() => rmSync(top, { recursive: true }));

let trees = 0;
/** Writes the files of a simulated machine and returns its root. */
function tree(files: Record<string, string>): string {
  const root = join(top, String(trees++));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const MiB = 1024 * 1024;
const v2mount = '31 23 0:28 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n';
const v1mount = (root = '/'): string =>
  `30 23 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n35 31 0:32 ${root} /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n`;
const none = '9223372036854771712\n';

test('cgroup v2: all limits from the own group up to the root are found, own group first', () => {
  const root = tree({
    'proc/self/cgroup': '0::/system.slice/loader.service\n',
    'proc/self/mountinfo': v2mount,
    'sys/fs/cgroup/system.slice/loader.service/memory.max': `${800 * MiB}\n`,
    'sys/fs/cgroup/system.slice/loader.service/memory.high': 'max\n',
    'sys/fs/cgroup/system.slice/memory.max': 'max\n',
    'sys/fs/cgroup/system.slice/memory.high': `${600 * MiB}\n`,
  });
  expect(memoryProbe(root).limits()).toEqual([
    { bytes: 800 * MiB, group: '/system.slice/loader.service', file: 'memory.max' },
    { bytes: 600 * MiB, group: '/system.slice', file: 'memory.high' },
  ]);
});

test('cgroup v2: without a limit the list is empty', () => {
  const root = tree({
    'proc/self/cgroup': '0::/a\n',
    'proc/self/mountinfo': v2mount,
    'sys/fs/cgroup/a/memory.max': 'max\n',
  });
  expect(memoryProbe(root).limits()).toEqual([]);
});

test('cgroup v2: a container with its own namespace is the root group', () => {
  const root = tree({
    'proc/self/cgroup': '0::/\n',
    'proc/self/mountinfo': v2mount,
    'sys/fs/cgroup/memory.max': `${256 * MiB}\n`,
  });
  expect(memoryProbe(root).limits()).toEqual([{ bytes: 256 * MiB, group: '/', file: 'memory.max' }]);
});

test.each(['/../other/scope', '/docker/not-mounted'])(
  'a group path outside of the mount (%s) falls back to the root of the mount',
  (path) => {
    const root = tree({
      'proc/self/cgroup': `0::${path}\n`,
      'proc/self/mountinfo': v2mount,
      'sys/fs/cgroup/memory.max': `${256 * MiB}\n`,
    });
    expect(memoryProbe(root).limits()).toEqual([{ bytes: 256 * MiB, group: '/', file: 'memory.max' }]);
  },
);

test('cgroup v1: the sentinel value is not a limit, and a parent limits its children', () => {
  const root = tree({
    'proc/self/cgroup': '5:cpu:/x\n4:memory:/batch/job\n1:name=systemd:/\n0::/elsewhere\n',
    'proc/self/mountinfo': v1mount() + v2mount,
    'sys/fs/cgroup/memory/batch/job/memory.limit_in_bytes': none,
    'sys/fs/cgroup/memory/batch/memory.limit_in_bytes': `${300 * MiB}\n`,
    'sys/fs/cgroup/memory/memory.limit_in_bytes': none,
  });
  expect(memoryProbe(root).limits()).toEqual([{ bytes: 300 * MiB, group: '/batch', file: 'memory.limit_in_bytes' }]);
});

test('cgroup v1: a limit outside of the container is found as the hierarchical limit', () => {
  const root = tree({
    'proc/self/cgroup': '4:memory:/docker/abc\n',
    'proc/self/mountinfo': v1mount('/docker/abc'),
    'sys/fs/cgroup/memory/memory.limit_in_bytes': none,
    'sys/fs/cgroup/memory/memory.stat': `cache 1\nhierarchical_memory_limit ${128 * MiB}\ntotal_inactive_file 5\n`,
  });
  expect(memoryProbe(root).limits()).toEqual([{ bytes: 128 * MiB, group: '/', file: 'hierarchical_memory_limit' }]);
});

test('cgroup v1: the path of a group below the mounted root begins at that root', () => {
  const root = tree({
    'proc/self/cgroup': '4:memory:/docker/abc\n',
    'proc/self/mountinfo': v1mount('/docker'),
    'sys/fs/cgroup/memory/abc/memory.limit_in_bytes': `${96 * MiB}\n`,
  });
  expect(memoryProbe(root).limits()).toEqual([{ bytes: 96 * MiB, group: '/abc', file: 'memory.limit_in_bytes' }]);
});

test('cgroup v1: a group outside of the mounted root keeps its path', () => {
  const root = tree({
    'proc/self/cgroup': '4:memory:/other/job\n',
    'proc/self/mountinfo': v1mount('/docker/abc'),
    'sys/fs/cgroup/memory/other/job/memory.limit_in_bytes': `${96 * MiB}\n`,
  });
  expect(memoryProbe(root).limits()).toEqual([{ bytes: 96 * MiB, group: '/other/job', file: 'memory.limit_in_bytes' }]);
});

test('cgroup v1: combined controllers and a mount point with a space are read', () => {
  const root = tree({
    'proc/self/cgroup': '3:cpu,memory:/job\n',
    'proc/self/mountinfo': '35 31 0:32 / /sys/fs/c\\040group rw - cgroup cgroup rw,cpu,memory\n',
    'sys/fs/c group/job/memory.limit_in_bytes': `${64 * MiB}`,
  });
  expect(memoryProbe(root).limits()).toEqual([{ bytes: 64 * MiB, group: '/job', file: 'memory.limit_in_bytes' }]);
});

test.each([
  [{}],
  [{ 'proc/self/cgroup': '0::/\n' }],
  [{ 'proc/self/cgroup': 'nonsense', 'proc/self/mountinfo': 'nonsense' }],
])('a machine without cgroups has no limits', (files) => {
  const probe = memoryProbe(tree(files));
  expect(probe.limits()).toEqual([]);
});

test('the limits of this machine are positive and its RAM is known', () => {
  const probe = memoryProbe();
  for (const { bytes, group } of probe.limits()) {
    expect(bytes).toBeGreaterThan(0);
    expect(group.startsWith('/')).toBe(true);
  }
  expect(probe.totalBytes()).toBe(totalmem());
});
