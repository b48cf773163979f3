import { expect, test } from 'vitest';
import type { GroupLimit, MemoryProbe } from '../../../src/flow-control/own-memory/cgroup.js';
import { memoryLimit } from '../../../src/flow-control/own-memory/memory-limit.js';

const MiB = 1024 * 1024;
const probe = (...limits: GroupLimit[]): MemoryProbe => ({
  limits: () => limits,
  totalBytes: () => 8192 * MiB,
});
const group = (mib: number, name = '/x/y', file = 'memory.max'): GroupLimit => ({
  bytes: mib * MiB,
  group: name,
  file,
});

test.each([
  ['a size as given', { bytes: 300 * MiB }, [group(100)], 300 * MiB, '--memory-limit'],
  ['a share of the group', { percent: 50 }, [group(400)], 200 * MiB, '--memory-limit 50% of cgroup /x/y memory.max'],
  ['a share of RAM without a group', { percent: 25 }, [], 2048 * MiB, '--memory-limit 25% of RAM'],
  ['nine tenths of a small group', null, [group(200)], 180 * MiB, 'cgroup /x/y memory.max × 0.9'],
  ['the default under a large group', null, [group(4096)], 512 * MiB, 'default'],
  ['the default without a group', null, [], 512 * MiB, 'default'],
  [
    'the smallest of the chain',
    null,
    [group(400), group(100, '/x', 'memory.high'), group(300, '/')],
    90 * MiB,
    'cgroup /x memory.high × 0.9',
  ],
  ['the default under a "limit" of all RAM and more', null, [group(8192), group(2 ** 40)], 512 * MiB, 'default'],
  [
    'that of the group itself among equal ones',
    null,
    [group(200), group(200, '/x')],
    180 * MiB,
    'cgroup /x/y memory.max × 0.9',
  ],
  [
    'a share of RAM where the group allows all of it',
    { percent: 50 },
    [group(8192)],
    4096 * MiB,
    '--memory-limit 50% of RAM',
  ],
  [
    'a share of RAM where the group allows more',
    { percent: 50 },
    [group(9000)],
    4096 * MiB,
    '--memory-limit 50% of RAM',
  ],
] as const)('the memory limit is %s', (_, asked, limits, bytes, source) => {
  expect(memoryLimit(asked, probe(...limits))).toEqual({ bytes, source });
});

test('a percentage is rounded down to whole bytes', () => {
  const limits = [{ bytes: 1001, group: '/', file: 'memory.max' }];
  expect(memoryLimit({ percent: 50 }, probe(...limits)).bytes).toBe(500);
  expect(memoryLimit(null, probe(...limits)).bytes).toBe(900);
});

test('a limit of 0 is ignored, and nine tenths that equal the default count as the default', () => {
  expect(memoryLimit(null, probe(group(0), group(200)))).toEqual({
    bytes: 180 * MiB,
    source: 'cgroup /x/y memory.max × 0.9',
  });
  const exact = { bytes: Math.ceil((512 * MiB) / 0.9), group: '/', file: 'memory.max' };
  expect(memoryLimit(null, probe(exact)).source).toBe('default');
});
