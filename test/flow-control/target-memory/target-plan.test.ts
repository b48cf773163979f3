import { expect, test } from 'vitest';
import {
  keptBodies,
  nodePeak,
  planTarget,
  type TargetPlanRequest,
} from '../../../src/flow-control/target-memory/target-plan.js';

const KiB = 1024;
const MiB = 1024 * KiB;

const usual: TargetPlanRequest = {
  targetMemoryBytes: 512 * MiB,
  shard: 1,
  replica: 1,
  nodes: 1,
  vnodesPerNode: 1,
  maxMemcacheBytes: 128 * MiB,
  buckets: 1,
  batchBytes: MiB,
  totalBytes: null,
  mayCreate: false,
  mayFlush: true,
};
const incident = { ...usual, shard: 3, replica: 2, nodes: 3, vnodesPerNode: 2 };

test.each([
  // MAX_MEMCACHE_SIZE '16MiB', 2 vnodes on each of 3 nodes; bodies of 1 MiB and of 256 KiB; measured mean of the nodes.
  [MiB, 32 * MiB, 299],
  [256 * KiB, 32 * MiB, 189],
])('the model is within 12 percent of the measured peaks: bodies of %i, %i unflushed', (body, unflushed, measured) => {
  const peak = nodePeak(keptBodies(body, 2 / 3, 1, null), unflushed) / MiB;
  expect(Math.abs(peak - measured) / measured).toBeLessThan(0.12);
});

test('by default a single node gets bodies as large as its one memcache leaves room for, and a flush in time', () => {
  const { bodyBytes, flush, peakBytes, holds } = planTarget(usual);
  expect(bodyBytes).toBe(960 * KiB);
  expect(flush).toEqual({ dueBytes: Math.floor((162 * MiB) / 1.2 / 2), holdBytes: Math.floor((162 * MiB) / 1.2) });
  expect(peakBytes).toBeLessThanOrEqual(512 * MiB);
  expect(holds).toBe(true);
});

test('three small nodes get smaller bodies and earlier flushes, and stay within what they may take', () => {
  const plan = planTarget({ ...incident, targetMemoryBytes: 297 * MiB });
  expect(plan).toMatchObject({ bodyBytes: 512 * KiB, holds: true, share: 2 / 3, vnodes: 2 });
  expect(plan.flush!.dueBytes / MiB).toBeCloseTo(42.4, 0);
  expect(plan.peakBytes).toBeLessThanOrEqual(297 * MiB);
});

test('a small load needs nothing: no more is kept than is sent', () => {
  const plan = planTarget({ ...usual, totalBytes: 20 * MiB });
  expect(plan).toMatchObject({ bodyBytes: MiB, holds: true });
  expect(plan.peakBytes).toBe(Math.round((110 + 20 + 1.2 * 20) * MiB));
});

test('a database to be created gets memcaches that fit, in whole MiB and never tiny', () => {
  expect(planTarget({ ...incident, targetMemoryBytes: 297 * MiB, mayCreate: true }).memcacheBytes).toBe(21 * MiB);
  expect(planTarget({ ...usual, mayCreate: true, buckets: 100 }).memcacheBytes).toBe(16 * MiB);
  expect(planTarget({ ...usual, mayCreate: true, targetMemoryBytes: 64 * 1024 * MiB }).memcacheBytes).toBe(128 * MiB);
  expect(planTarget(usual).memcacheBytes).toBeNull();
});

test('where no setting holds it, that is said, with the least that would do and the smallest bodies', () => {
  const plan = planTarget({ ...usual, buckets: 50 });
  expect(plan).toMatchObject({ holds: false, bodyBytes: 128 * KiB, vnodes: 50 });
  expect(plan.leastBytes).toBe(nodePeak(256 * 128 * KiB * 50, 16 * MiB));
  expect(plan.leastBytes).toBeGreaterThan(512 * MiB);
});

test('without flushes memcaches are as full as they get', () => {
  const plan = planTarget({ ...usual, mayFlush: false });
  expect(plan.flush).toBeNull();
  expect(plan.peakBytes).toBe(nodePeak(256 * plan.bodyBytes, 128 * MiB));
  expect(planTarget({ ...usual, mayFlush: false, vnodesPerNode: 6, shard: 6 }).holds).toBe(false);
});

test('with no limit nothing changes, and what will be needed is told', () => {
  const plan = planTarget({ ...usual, targetMemoryBytes: null, maxMemcacheBytes: null });
  expect(plan).toMatchObject({ limitBytes: null, bodyBytes: MiB, flush: null, memcacheBytes: null, holds: true });
  expect(plan.peakBytes).toBe(nodePeak(256 * MiB, 128 * MiB));
});

test('whatever is asked for: bodies from 128 KiB to what was asked, and never beyond the limit when it says that it holds', () => {
  for (const targetMemoryBytes of [64, 120, 200, 300, 512, 1024, 8192])
    for (const batchBytes of [1024, 100_000, MiB, 5 * MiB])
      for (const vnodesPerNode of [1, 2, 7])
        for (const buckets of [1, 12])
          for (const totalBytes of [null, 0, 100 * MiB]) {
            const plan = planTarget({
              ...usual,
              targetMemoryBytes: targetMemoryBytes * MiB,
              batchBytes,
              shard: 3,
              vnodesPerNode,
              buckets,
              totalBytes,
            });
            expect(plan.bodyBytes).toBeLessThanOrEqual(batchBytes);
            expect(plan.bodyBytes).toBeGreaterThanOrEqual(Math.min(128 * KiB, batchBytes));
            expect(plan.holds).toBe(
              plan.leastBytes <= targetMemoryBytes * MiB && plan.peakBytes <= targetMemoryBytes * MiB,
            );
            expect(plan.flush!.dueBytes).toBeLessThan(plan.flush!.holdBytes);
          }
});
