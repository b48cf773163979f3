// The number of a shard from an option or a scheduler, and which pieces it loads.

import { expect, test } from 'vitest';
import type { FleetPlan } from '../../src/fleet/plan-file.js';
import { parseShard, piecesOf } from '../../src/fleet/shards.js';

const slurm = (id: number, min: number, max: number, count: number): Record<string, string> => ({
  SLURM_ARRAY_TASK_ID: `${id}`,
  SLURM_ARRAY_TASK_MIN: `${min}`,
  SLURM_ARRAY_TASK_MAX: `${max}`,
  SLURM_ARRAY_TASK_COUNT: `${count}`,
});

test.each([
  ['3/16', {}, 3, 16],
  ['auto', slurm(7, 5, 8, 4), 3, 4],
  ['auto', { AWS_BATCH_JOB_ARRAY_INDEX: '0', AWS_BATCH_JOB_ARRAY_SIZE: '2' }, 1, 2],
  ['auto', { BATCH_TASK_INDEX: '1', BATCH_TASK_COUNT: '2' }, 2, 2],
  ['auto', { CLOUD_RUN_TASK_INDEX: '3', CLOUD_RUN_TASK_COUNT: '9' }, 4, 9],
  ['auto/16', { JOB_COMPLETION_INDEX: '15' }, 16, 16],
])('--shard %s with %o is a part of the plan', (text, env, index, of) => {
  expect(parseShard(text, env)).toEqual({ index, of });
});

test.each([
  ['17/16', {}, 'i/n with i from 1 to n'],
  ['0/16', {}, 'i/n with i from 1 to n'],
  ['3', {}, 'auto, auto/16, or i/n'],
  ['auto', {}, 'one of the variables'],
  ['auto', { JOB_COMPLETION_INDEX: '1' }, 'the number of shards'],
  ['auto', slurm(1, 1, 5, 3), 'without gaps'],
  ['auto/3', { AWS_BATCH_JOB_ARRAY_INDEX: '0', AWS_BATCH_JOB_ARRAY_SIZE: '2' }, '2, the number of tasks'],
])('--shard %s with %o is refused', (text, env, expected) => {
  expect(() => parseShard(text, env)).toThrow(expected);
});

test('every piece belongs to one shard, and the shards are of like size', () => {
  const sizes = [900, 10, 500, 20, 480, 30, 470, 0, 460];
  const place = { byteOffset: 0, line: 1, ordinal: 0, digits: 0 };
  const pieces = sizes.map((bytes) => ({ from: place, to: null, bytes, points: null }));
  const plan: Pick<FleetPlan, 'inputs'> = {
    inputs: [{ name: 'a', path: '/a', folders: [], size: 1, hash: null, error: null, pieces }],
  };
  const shards = [1, 2, 3].map((index) => piecesOf(plan, { index, of: 3 }));
  const all = shards.flat().map(({ piece }) => piece);
  expect(new Set(all).size).toBe(sizes.length);
  expect(all.length).toBe(sizes.length);
  const loads = shards.map((each) => each.reduce((sum, { piece }) => sum + piece.bytes, 0));
  expect(Math.max(...loads) - Math.min(...loads)).toBeLessThan(100);
});
