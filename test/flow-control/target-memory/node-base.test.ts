import { expect, test } from 'vitest';
import { baseOf, baseSoFar, nodeBase } from '../../../src/flow-control/target-memory/node-base.js';

const MiB = 1024 * 1024;

test('a node takes 384 bytes for each series of its index, and 1.2 KiB for those beyond 10,000 a vnode', () => {
  // A compaction of all series needs 1 KiB, and 450 bytes a column and for the time, beside them.
  const compacted = (fields: number) => 1024 + 450 * (fields + 1);
  expect(nodeBase(2, { series: 100, fields: 3, reopened: 0 }) - nodeBase(2)).toBeCloseTo(100 * (384 + compacted(3)), 0);
  const many = 20_000 * 384 + 5000 * 1.2 * 1024 + 25_000 * compacted(1);
  expect(nodeBase(2, { series: 25_000, fields: 1, reopened: 0 }) - nodeBase(2)).toBeCloseTo(many, 0);
  // Four vnodes are compacted at once.
  expect(nodeBase(8, { series: 800, fields: 1, reopened: 0 }) - nodeBase(8)).toBeCloseTo(
    800 * 384 + 400 * compacted(1),
    0,
  );
});

test('a vnode that receives points after a flush caches their series: up to 4 MiB of tables, and 1.75 KiB for each of 10,000', () => {
  const cached = (series: number, reopened = 1) =>
    (nodeBase(10, { series: 10 * series, fields: 1, reopened }) -
      nodeBase(10, { series: 10 * series, fields: 1, reopened: 0 })) /
    10;
  expect(cached(1) / 1024).toBeCloseTo(4096 * (1 - Math.exp(-1 / 512)) + 1.75, 3);
  expect(cached(512) / MiB).toBeCloseTo(4 * (1 - 1 / Math.E) + 0.875, 3);
  expect(cached(512, 0.25)).toBeCloseTo(cached(512) / 4, 3);
  expect(cached(10_000) / MiB).toBeCloseTo(4 + 17_500 / 1024, 3);
  expect(cached(100_000)).toBeCloseTo(cached(10_000), 0);
});

test('the memory so far is that of the time buckets written, with the part of all series that the node holds', () => {
  const plan = { share: 0.5, vnodesPerBucket: 2 };
  const written = { bucketCount: 6, reopened: 0.5 };
  const perBucket = { series: 100, fields: 3, reopened: 0.5 };
  expect(baseSoFar(plan, written, { count: 1200, fields: 3 })).toBe(baseOf(2, perBucket, 6));
});
