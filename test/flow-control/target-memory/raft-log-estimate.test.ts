import { expect, test } from 'vitest';
import { RaftLogEstimate, type RaftLogOptions } from '../../../src/flow-control/target-memory/raft-log-estimate.js';

const options: RaftLogOptions = { count: 4, share: 1, buckets: 1, bodyBytes: 100, totalBytes: null };

function after(sizes: readonly number[], more: Partial<RaftLogOptions> = {}): RaftLogEstimate {
  const kept = new RaftLogEstimate({ ...options, ...more });
  for (const bytes of sizes) kept.add(bytes);
  return kept;
}

test('a vnode retains its newest bodies, whatever their size', () => {
  expect(after([100, 100]).bytes).toBe(200);
  expect(after([100, 100, 100, 100, 10, 10]).bytes).toBe(220);
  expect(after([100, 100, 100, 100, 10, 10, 10, 10]).bytes).toBe(40);
});

test('bodies of an earlier run count until bodies of this run replace them', () => {
  expect(after([]).atWorst).toBe(400);
  expect(after([10]).atWorst).toBe(310);
  expect(after([10, 10, 10, 10]).atWorst).toBe(40);
});

test('retained bodies never exceed the inputs and count with their share on the fullest node', () => {
  expect(after([10], { totalBytes: 50 }).atWorst).toBe(50);
  expect(after([100, 100], { share: 0.5 })).toMatchObject({ bytes: 100, atWorst: 200 });
});

test('each time bucket retains its own bodies at their size of that time', () => {
  const kept = after([100, 100, 100, 100, 10, 10, 10, 10], { buckets: 3 });
  expect(kept.bytes).toBe(440);
  expect(after([10], { buckets: 3 }).bytes).toBe(10);
  expect(kept.atWorst).toBe(40 + 2 * 400);
});

test('other time buckets count at worst with the larger of their bodies and full-sized ones', () => {
  expect(after([300, 300, 300, 300], { buckets: 2 }).atWorst).toBe(2 * 1200);
  expect(after([10, 10, 10, 10], { buckets: 2 }).atWorst).toBe(40 + 400);
});
