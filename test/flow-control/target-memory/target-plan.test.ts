import { expect, test } from 'vitest';
import {
  bodiesBeside,
  flushMarks,
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
  // Measured mean of three nodes with 2 vnodes each and MAX_MEMCACHE_SIZE '16MiB'.
  [MiB, 32 * MiB, 299],
  [256 * KiB, 32 * MiB, 189],
])(
  'the estimated peak of a node is within 12 percent of the measured one (bodies of %i bytes, %i unflushed)',
  (body, unflushed, measured) => {
    const peak = nodePeak(keptBodies(body, 2 / 3, 1, null), unflushed) / MiB;
    expect(Math.abs(peak - measured) / measured).toBeLessThan(0.12);
  },
);

test('a single node gets the largest bodies that fit beside its memcache, and timely flushes', () => {
  const { bodyBytes, flush, peakBytes, holds } = planTarget(usual);
  expect(bodyBytes).toBe(960 * KiB);
  expect(flush).toEqual({ dueBytes: Math.floor((162 * MiB) / 1.2 / 2), holdBytes: Math.floor((162 * MiB) / 1.2) });
  expect(peakBytes).toBeLessThanOrEqual(512 * MiB);
  expect(holds).toBe(true);
});

test('three small nodes get smaller bodies and earlier flushes within their limit', () => {
  const plan = planTarget({ ...incident, targetMemoryBytes: 297 * MiB });
  expect(plan).toMatchObject({ bodyBytes: 512 * KiB, holds: true, share: 2 / 3, vnodes: 2 });
  expect(plan.flush!.dueBytes / MiB).toBeCloseTo(42.4, 0);
  expect(plan.peakBytes).toBeLessThanOrEqual(297 * MiB);
});

test('a small load keeps its body size, because nodes retain at most what it sends', () => {
  const plan = planTarget({ ...usual, totalBytes: 20 * MiB });
  expect(plan).toMatchObject({ bodyBytes: MiB, holds: true });
  expect(plan.peakBytes).toBe(Math.round((110 + 20 + 1.2 * 20) * MiB));
});

test('a new database gets memcaches that fit, in whole MiB from 16 to 128', () => {
  expect(planTarget({ ...incident, targetMemoryBytes: 297 * MiB, mayCreate: true }).memcacheBytes).toBe(21 * MiB);
  expect(planTarget({ ...usual, mayCreate: true, buckets: 100 }).memcacheBytes).toBe(16 * MiB);
  expect(planTarget({ ...usual, mayCreate: true, targetMemoryBytes: 64 * 1024 * MiB }).memcacheBytes).toBe(128 * MiB);
  expect(planTarget(usual).memcacheBytes).toBeNull();
});

test('a plan that no setting can hold has the smallest bodies and names the smallest peak', () => {
  const plan = planTarget({ ...usual, buckets: 50 });
  expect(plan).toMatchObject({ holds: false, bodyBytes: 128 * KiB, vnodes: 50 });
  expect(plan.leastBytes).toBe(nodePeak(256 * 128 * KiB * 50, 16 * MiB));
  expect(plan.leastBytes).toBeGreaterThan(512 * MiB);
});

test('without flushes the plan counts full memcaches', () => {
  const plan = planTarget({ ...usual, mayFlush: false });
  expect(plan.flush).toBeNull();
  expect(plan.peakBytes).toBe(nodePeak(256 * plan.bodyBytes, 128 * MiB));
  expect(planTarget({ ...usual, mayFlush: false, vnodesPerNode: 6, shard: 6 }).holds).toBe(false);
});

test('without a limit the plan keeps the body size and only estimates the peak', () => {
  const plan = planTarget({ ...usual, targetMemoryBytes: null, maxMemcacheBytes: null });
  expect(plan).toMatchObject({ limitBytes: null, bodyBytes: MiB, flush: null, memcacheBytes: null, holds: true });
  expect(plan.peakBytes).toBe(nodePeak(256 * MiB, 128 * MiB));
});

test('every plan has bodies from 128 KiB to the requested size, and `holds` compares its peaks with the limit', () => {
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

test.each([
  // Room for bodies = limit − 110 MiB idle − retained bodies of earlier buckets − 1.2 × rows, divided by share × 256.
  ['one bucket without rows', 1, 1, 0, (512 - 110) / 256],
  ['one bucket with 100 MiB of rows', 1, 1, 100, (512 - 110 - 120) / 256],
  ['three buckets', 1, 3, 0, (512 - 110 - 2 * 64) / 256],
  ['half of each body on the node', 1 / 2, 1, 0, (512 - 110) / 128],
  ['half of each body and three buckets', 1 / 2, 3, 0, (512 - 110 - 64) / 128],
  ['more rows than room', 1, 1, 400, (512 - 110 - 480) / 256],
])('the largest body beside rows is computed for %s', (_, share, buckets, rowsMiB, expectedMiB) => {
  const plan = { ...planTarget(usual), share, bodyBytes: 256 * KiB };
  expect(bodiesBeside(plan, buckets, rowsMiB * MiB)).toBe(Math.floor(expectedMiB * MiB));
});

test.each([
  [512, 0, 402 / 1.2],
  [512, 240, 162 / 1.2],
  [200, 90, 16],
])('with %i MiB per node and %i MiB of retained bodies sending waits at %d MiB of rows', (limit, kept, hold) => {
  const holdBytes = Math.floor(hold * MiB);
  expect(flushMarks(limit * MiB, kept * MiB)).toEqual({ dueBytes: Math.floor(holdBytes / 2), holdBytes });
});

test('each time bucket retains whole bodies, up to the bytes sent', () => {
  expect(keptBodies(MiB, 1, 3, null)).toBe(3 * 256 * MiB);
  expect(keptBodies(MiB, 0.5, 1, null)).toBe(128 * MiB);
  expect(keptBodies(MiB, 0.5, 3, 100 * MiB)).toBe(50 * MiB);
});
