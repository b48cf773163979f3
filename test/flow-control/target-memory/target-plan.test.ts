import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  bodiesBeside,
  bodyOfOpenBuckets,
  keptBodies,
  smallestOf,
  sustainedBody,
} from '../../../src/flow-control/target-memory/body-sizes.js';
import { flushMarks } from '../../../src/flow-control/target-memory/flush/flush-marks.js';
import type { RowWeight } from '../../../src/flow-control/target-memory/flush/memcache-estimate.js';
import { seriesBytes } from '../../../src/flow-control/target-memory/flush/series-estimate.js';
import { nodeBase } from '../../../src/flow-control/target-memory/node-base.js';
import {
  leastWith,
  mostBuckets,
  nodePeak,
  planTarget,
  rinseMarks,
  type TargetPlanRequest,
} from '../../../src/flow-control/target-memory/target-plan.js';

const KiB = 1024;
const MiB = 1024 * KiB;

/** Rows without unset fields, of which a vnode retains the bodies as they are. */
const dense = (resident: number, gauged: number): RowWeight => ({ resident, gauged, retained: 1, retainedGrowth: 0 });

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
  weight: dense(1, 1),
  residentPerByte: 1,
  perBucket: { series: 0, fields: 0, reopened: 0 },
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
    const peak = nodePeak(nodeBase(2), keptBodies(body, 2 / 3, null, 1), unflushed) / MiB;
    expect(Math.abs(peak - measured) / measured).toBeLessThan(0.12);
  },
);

interface MeasuredNode {
  readonly vnodes: number;
  readonly besideMiB: number;
  readonly peakMiB: number;
}
interface MeasuredCell {
  readonly rows: string;
  readonly rowsPerByte: number;
  readonly gaugedPerByte: number;
  readonly retainedPerByte?: number;
  readonly series: number;
  readonly fields: number;
  readonly totalMiB: number;
  readonly vnodes: number;
  readonly bodyKiB: number;
  readonly limitMiB: number;
  readonly peakMiB: number;
  readonly slowed?: boolean;
}
const measured = JSON.parse(readFileSync('fixtures/scenarios/node-memory.json', 'utf8')) as {
  runs: MeasuredNode[];
  cells: MeasuredCell[];
};

test.each(measured.runs)('a measured node with $vnodes vnodes peaks at 80 to 100 percent of the estimate', (node) => {
  const series = 1002 * node.vnodes;
  const base = nodeBase(node.vnodes, { series, fields: 8, reopened: 0 });
  const estimate = nodePeak(base, node.besideMiB * MiB, 0) / MiB;
  expect(node.peakMiB / estimate).toBeLessThanOrEqual(1);
  expect(node.peakMiB / estimate).toBeGreaterThanOrEqual(0.8);
});

const base = nodeBase(1);

test('a single node gets the largest bodies that fit beside its memcache, and timely flushes', () => {
  const { bodyBytes, flush, peakBytes, holds } = planTarget({ ...usual, maxMemcacheBytes: 256 * MiB });
  expect(bodyBytes % (64 * KiB)).toBe(0);
  // Half of the room beside the base is for bodies, or more where rows need less.
  const room = (512 * MiB - base) / 2;
  expect(room / 256 - bodyBytes).toBeLessThan(64 * KiB);
  const rows = Math.floor((512 * MiB - base - 256 * bodyBytes) / 1.1);
  expect(flush).toEqual({ dueBytes: Math.floor(rows / 2), holdBytes: rows });
  expect(peakBytes).toBeLessThanOrEqual(512 * MiB);
  expect(holds).toBe(true);
});

test('three small nodes get smaller bodies and earlier flushes within their limit', () => {
  const plan = planTarget({ ...incident, targetMemoryBytes: 297 * MiB });
  expect(plan).toMatchObject({ bodyBytes: 512 * KiB, holds: true, share: 2 / 3, vnodes: 2 });
  expect(plan.flush!.dueBytes / MiB).toBeCloseTo((297 - nodeBase(2) / MiB - (2 / 3) * 128) / 1.1 / 2, 0);
  expect(plan.peakBytes).toBeLessThanOrEqual(297 * MiB);
});

test('a small load keeps its body size, because nodes retain at most what it sends', () => {
  const plan = planTarget({ ...usual, totalBytes: 20 * MiB });
  expect(plan).toMatchObject({ bodyBytes: MiB, holds: true });
  expect(plan.peakBytes).toBe(nodePeak(base, 20 * MiB, 20 * MiB));
  const shared = planTarget({ ...incident, totalBytes: 30 * MiB });
  expect(shared.peakBytes).toBe(nodePeak(nodeBase(2), 20 * MiB, 20 * MiB));
});

test('a new database gets memcaches that fit, in whole MiB from 16 to 128', () => {
  const memcache = (change: Partial<TargetPlanRequest>) => planTarget({ ...usual, mayCreate: true, ...change });
  const small = memcache({ ...incident, mayCreate: true, targetMemoryBytes: 297 * MiB });
  expect(small.memcacheBytes).toBe(Math.floor(small.flush!.dueBytes / 2 / MiB) * MiB);
  expect(memcache({ buckets: 100 }).memcacheBytes).toBe(16 * MiB);
  expect(memcache({ targetMemoryBytes: 64 * 1024 * MiB }).memcacheBytes).toBe(128 * MiB);
  expect(planTarget(usual).memcacheBytes).toBeNull();
});

/** Rows that take ten times the bytes of their points. */
const wide = { ...usual, weight: dense(10, 10), residentPerByte: 10 };

test('for wide rows a new database gets memcaches as large as the room for rows, from 16 to 128 MiB', () => {
  const memcache = (change: Partial<TargetPlanRequest>) => planTarget({ ...wide, mayCreate: true, ...change });
  const small = memcache({ targetMemoryBytes: 297 * MiB });
  const room = (297 * MiB - base - 256 * small.bodyBytes) / 1.1;
  expect(small.memcacheBytes).toBe(Math.floor(room / MiB) * MiB);
  expect(memcache({ targetMemoryBytes: 140 * MiB }).memcacheBytes).toBe(16 * MiB);
  // A vnode may receive all rows of its time bucket, however many buckets there are.
  expect(memcache({ buckets: 60 }).memcacheBytes).toBe(128 * MiB);
  // Without planned flushes one cache fills while another one is flushed.
  const unflushed = memcache({ targetMemoryBytes: 297 * MiB, mayFlush: false });
  expect(unflushed.memcacheBytes).toBe(Math.floor(room / 2 / MiB) * MiB);
  expect([unflushed.leastBytes <= 297 * MiB, unflushed.holds]).toEqual([true, false]);
  // Rows that gauges hardly count leave room for denser rows of later loads.
  const sparse = memcache({
    targetMemoryBytes: 297 * MiB,
    weight: dense(10, 1),
  });
  expect(sparse.memcacheBytes).toBe(Math.floor((297 * MiB - base - 256 * sparse.bodyBytes) / 1.1 / 2 / MiB) * MiB);
  const series = memcache({ targetMemoryBytes: 297 * MiB, perBucket: { series: 5000, fields: 1, reopened: 0 } });
  const { holdBytes } = flushMarks(297 * MiB, series.baseBytes, 256 * series.bodyBytes);
  expect(series.memcacheBytes).toBe(Math.floor((holdBytes - 5000 * seriesBytes) / MiB) * MiB);
  expect(memcache({ targetMemoryBytes: 64 * 1024 * MiB }).memcacheBytes).toBe(128 * MiB);
});

test('request bodies of wide rows get 65 percent of the room in a new database with one time bucket', () => {
  const bodies = (change: Partial<TargetPlanRequest>): number =>
    planTarget({ ...wide, targetMemoryBytes: 400 * MiB, ...change }).sustainedBytes / KiB;
  expect(bodies({ mayCreate: true })).toBe(64 * Math.floor((0.65 * (400 * MiB - base)) / 256 / (64 * KiB)));
  expect([bodies({ mayCreate: true, buckets: 2 }), bodies({})]).toEqual([512, 576]);
});

test('rows are wide from eight bytes a byte of input on', () => {
  const isWide = (resident: number): boolean => planTarget({ ...usual, weight: dense(resident, 1) }).isWide;
  expect([isWide(8), isWide(7.99)]).toEqual([true, false]);
});

test('the series of a load count with their share on the fullest node, in the smallest peak as well', () => {
  const plan = planTarget({ ...incident, perBucket: { series: 9000, fields: 1, reopened: 0 } });
  expect(plan.perBucket.series).toBe(6000);
  expect(plan.leastBytes).toBe(leastWith(plan, 1));
});

test('a size of bodies that fits is kept, whether it is a multiple of 64 KiB or not', () => {
  expect(planTarget({ ...usual, targetMemoryBytes: 8192 * MiB, batchBytes: 100_000 }).bodyBytes).toBe(100_000);
});

test('the plan of wide rows in a new database keeps its bodies once the database exists', () => {
  const weight = dense(10.7, 6);
  for (const targetMemoryBytes of [300 * MiB, 512 * MiB, 1024 * MiB]) {
    const before = planTarget({ ...usual, weight, residentPerByte: 10.7, targetMemoryBytes, mayCreate: true });
    const maxMemcacheBytes = before.memcacheBytes;
    const after = planTarget({ ...usual, weight, residentPerByte: 10.7, targetMemoryBytes, maxMemcacheBytes });
    expect(after.bodyBytes).toBe(before.bodyBytes);
  }
});

test.each([
  [128, dense(10, 10), 128],
  [16, dense(18, 10), 28.8],
  [null, dense(10, 10), 128],
])(
  'with memcaches of %s MiB and wide rows of %j sending waits before the node flushes by itself',
  (mib, weight, cacheMiB) => {
    const maxMemcacheBytes = mib === null ? null : mib * MiB;
    const { flush } = planTarget({ ...usual, targetMemoryBytes: 4096 * MiB, maxMemcacheBytes, weight });
    expect(flush!.holdBytes).toBe(Math.floor(0.9 * cacheMiB * MiB));
    expect(flush!.dueBytes).toBe(Math.floor(flush!.holdBytes / 2));
    const more = { maxMemcacheBytes, weight, perBucket: { series: 5000, fields: 1, reopened: 0 } };
    const beside = planTarget({ ...usual, targetMemoryBytes: 4096 * MiB, ...more }).flush!.holdBytes;
    expect(beside - flush!.holdBytes).toBeCloseTo(0.9 * 5000 * seriesBytes, -1);
  },
);

test('a node holds as many time buckets as their vnodes fit into the limit, and no more', () => {
  const plan = (buckets: number) => planTarget({ ...usual, buckets, totalBytes: 1000 * MiB });
  const most = mostBuckets(plan(1));
  expect(most).toBeGreaterThan(50);
  expect([plan(most).holds, plan(most + 1).holds]).toEqual([true, false]);
  expect(plan(most + 1).leastBytes).toBe(nodePeak(nodeBase(most + 1), 256 * 32 * KiB, 8 * MiB));
  expect(leastWith(plan(1), most)).toBeLessThanOrEqual(512 * MiB);
});

test('with several time buckets a rinse is due at half of the room, and the peak leaves room until it is done', () => {
  const plan = planTarget({ ...usual, buckets: 30 });
  const room = 512 * MiB - nodeBase(30);
  expect(plan.rinse).toEqual({ dueBytes: room / 2, holdBytes: room * 0.625, restBytes: room / 20 });
  expect(plan.peakBytes).toBeLessThanOrEqual(512 * MiB);
  expect(plan.flush!.holdBytes).toBe(Math.floor((room * 0.375) / 1.1));
  const two = planTarget({ ...usual, buckets: 2 });
  expect(two.flush!.holdBytes).toBe(Math.floor((512 * MiB - nodeBase(2) - two.rinse!.holdBytes) / 1.1));
});

test('without flushes the plan counts full memcaches', () => {
  const plan = planTarget({ ...usual, mayFlush: false });
  expect(plan.flush).toBeNull();
  expect(plan.peakBytes).toBe(nodePeak(base, 256 * plan.bodyBytes, 128 * MiB));
  expect(plan.leastBytes).toBe(nodePeak(base, 256 * 32 * KiB, 128 * MiB));
  expect(planTarget({ ...usual, mayFlush: false, vnodesPerNode: 6, shard: 6 }).holds).toBe(false);
});

test('without a limit the plan keeps the body size and only estimates the peak', () => {
  const plan = planTarget({ ...usual, targetMemoryBytes: null, maxMemcacheBytes: null });
  expect(plan).toMatchObject({ limitBytes: null, bodyBytes: MiB, flush: null, memcacheBytes: null, holds: true });
  expect(plan.rinse).toBeNull();
  expect(plan.peakBytes).toBe(nodePeak(base, 256 * MiB, 128 * MiB));
});

test('every plan has bodies from 32 KiB to the requested size, and `holds` compares its peaks with the limit', () => {
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
            expect(plan.bodyBytes).toBeGreaterThanOrEqual(Math.min(32 * KiB, batchBytes));
            expect(plan.holds).toBe(
              plan.leastBytes <= targetMemoryBytes * MiB && plan.peakBytes <= targetMemoryBytes * MiB,
            );
            expect(plan.flush!.dueBytes).toBeLessThan(plan.flush!.holdBytes);
          }
});

test.each([
  // Room for bodies = limit − base − 1.1 × rows, divided by share × 256.
  ['no rows', 1, 0, 1],
  ['100 MiB of rows', 1, 100, 1],
  ['half of each body on the node', 1 / 2, 0, 2],
  ['more rows than room', 1, 400, 1],
])('the largest body beside rows is computed for %s', (_, share, rowsMiB, times) => {
  const plan = { ...planTarget(usual), share };
  const room = 512 * MiB - base - 1.1 * rowsMiB * MiB;
  expect(bodiesBeside(plan, base, rowsMiB * MiB)).toBe(Math.floor((times * room) / 256));
});

test('time buckets that were not planned make bodies smaller and rinses earlier', () => {
  const plan = planTarget(usual);
  expect(sustainedBody(plan, base)).toBe(plan.bodyBytes);
  expect(rinseMarks(plan, base)).toBe(plan.rinse);
  const larger = 312 * MiB;
  expect(sustainedBody(plan, larger)).toBe((100 * MiB) / 256);
  expect(rinseMarks(plan, larger)).toEqual({ dueBytes: 100 * MiB, holdBytes: 125 * MiB, restBytes: 10 * MiB });
  expect(sustainedBody(plan, 500 * MiB)).toBe(32 * KiB);
  expect(rinseMarks(planTarget({ ...usual, targetMemoryBytes: null }), larger)).toBeNull();
});

test('a time bucket begins with large bodies, and goes on with those of which 256 fit', () => {
  const plan = planTarget({ ...usual, buckets: 95, perBucket: { series: 1000, fields: 8, reopened: 0 } });
  expect(plan.sustainedBytes).toBeLessThan(96 * KiB);
  expect(plan.bodyBytes).toBe(96 * KiB);
  const larger = planTarget({ ...usual, buckets: 82, perBucket: { series: 1000, fields: 8, reopened: 0 } });
  expect(larger).toMatchObject({ sustainedBytes: 64 * KiB, bodyBytes: 96 * KiB });
  const bodyOfLarger = (places: number) =>
    bodyOfOpenBuckets(larger, larger.baseBytes, 16 * MiB, { bytes: 12 * MiB, places });
  expect([0, 50, 100, 200].map(bodyOfLarger)).toEqual([64 * KiB, 64 * KiB, (4 * MiB) / 100, 32 * KiB]);
  const half = { ...larger, share: 0.5 };
  expect(bodyOfOpenBuckets(half, larger.baseBytes, 16 * MiB, { bytes: 12 * MiB, places: 200 })).toBe((4 * MiB) / 100);
  const room = 16 * MiB;
  const body = (bytes: number, places: number) => bodyOfOpenBuckets(plan, plan.baseBytes, room, { bytes, places });
  expect([body(0, 256), body(8 * MiB, 224)]).toEqual([96 * KiB, 96 * KiB]);
  expect(body(9 * MiB, 220)).toBe(Math.min(plan.sustainedBytes, (7 * MiB) / 220));
  expect(body(12 * MiB, 50)).toBe(plan.sustainedBytes);
  expect(body(room, 100)).toBe(32 * KiB);
  expect(body(9 * MiB, 0)).toBe(plan.sustainedBytes);
  // From any number of large bodies on, 256 bodies stay within the room.
  let [bytes, places] = [0, 256];
  for (; places > 0; places -= 1) bytes += body(bytes, places);
  expect(bytes).toBeLessThanOrEqual(room + 32 * KiB);
});

test('a single time bucket, a small --batch-bytes and no limit keep one body size', () => {
  const bodies = (buckets: number): number => planTarget({ ...usual, targetMemoryBytes: 125 * MiB, buckets }).bodyBytes;
  expect([bodies(1), bodies(2)]).toEqual([32 * KiB, 96 * KiB]);
  const open = { bytes: 300 * MiB, places: 10 };
  const single = planTarget(usual);
  expect(bodyOfOpenBuckets(single, base, 400 * MiB, open)).toBe(single.bodyBytes);
  const small = planTarget({ ...usual, buckets: 90, batchBytes: 20 * KiB });
  expect(bodyOfOpenBuckets(small, small.baseBytes, MiB, open)).toBe(20 * KiB);
  expect(bodyOfOpenBuckets(planTarget({ ...usual, targetMemoryBytes: null }), base, null, open)).toBe(MiB);
});

test.each([
  [512, 0, 402 / 1.1],
  [512, 240, 162 / 1.1],
  [200, 90, 8],
])('with %i MiB per node and %i MiB of retained bodies sending waits at %d MiB of rows', (limit, kept, hold) => {
  const holdBytes = Math.floor(hold * MiB);
  const marks = flushMarks(limit * MiB, 110 * MiB, kept * MiB);
  expect(marks).toEqual({ dueBytes: Math.floor(holdBytes / 2), holdBytes });
});

test('the vnodes of a bucket retain 256 bodies, up to the bytes sent', () => {
  expect(keptBodies(MiB, 1, null, 1)).toBe(256 * MiB);
  expect(keptBodies(MiB, 0.5, null, 1)).toBe(128 * MiB);
  expect(keptBodies(MiB, 0.5, 100 * MiB, 1)).toBe(50 * MiB);
});

test('a table with one field a line is planned by its slots, so the plan is not exceeded', () => {
  // 200 fields one a line, 78 MiB: the node took 274 MiB.
  const sparse = {
    ...usual,
    batchBytes: 128 * KiB,
    totalBytes: 78 * MiB,
    weight: dense(47.8, 41.4),
    residentPerByte: 47.8,
  };
  expect(planTarget({ ...sparse, weight: usual.weight, residentPerByte: 1 }).peakBytes).toBeLessThan(274 * MiB);
  const { peakBytes, holds } = planTarget(sparse);
  expect(holds).toBe(true);
  expect(peakBytes).toBeGreaterThan(274 * MiB);
});

/** Lines with one of 50 fields, each with a time of its own: vnodes retain 6.5 bytes for each byte. */
const retaining = {
  ...usual,
  weight: { resident: 13.1, gauged: 11, retained: 6.5, retainedGrowth: Number.POSITIVE_INFINITY },
  residentPerByte: 13.1,
};

test('bodies whose points leave most fields unset are smaller, so that the retained bodies fit', () => {
  const plan = planTarget({ ...retaining, mayCreate: true, totalBytes: 82 * MiB, batchBytes: 128 * KiB });
  // 1.2 million lines in one vnode took 434 MiB of the node, in bodies of 128 KiB.
  expect(plan.peakBytes / MiB).toBeGreaterThan(434);
  expect(plan.holds).toBe(true);
  const large = planTarget({ ...retaining, mayCreate: true });
  const room = 0.65 * (512 * MiB - base);
  expect(large.sustainedBytes % (8 * KiB)).toBe(0);
  expect(room / (256 * 6.5) - large.sustainedBytes).toBeLessThan(8 * KiB);
  expect(bodiesBeside(large, base, 0)).toBe(Math.floor((512 * MiB - base) / (256 * 6.5)));
  expect(sustainedBody(large, 312 * MiB)).toBe((100 * MiB) / (256 * 6.5));
});

test('such bodies may be as small as 4 KiB, and the first ones of a time bucket retain at most 192 KiB', () => {
  const plan = planTarget({ ...retaining, buckets: 90 });
  expect([plan.holds, plan.sustainedBytes >= 4 * KiB]).toEqual([true, true]);
  expect(plan.bodyBytes).toBeCloseTo((192 * KiB) / 6.5, 6);
  expect(sustainedBody(plan, 511 * MiB)).toBe(4 * KiB);
  expect(plan.leastBytes).toBe(nodePeak(nodeBase(90), 6.5 * 256 * 4 * KiB, 8 * MiB));
  const wider = planTarget({ ...retaining, weight: { ...retaining.weight, retained: 100 }, buckets: 90 });
  expect([wider.bodyBytes, smallestOf(100), smallestOf(1)]).toEqual([4 * KiB, 4 * KiB, 32 * KiB]);
});

test('the bodies of an open time bucket fit into its room with all that vnodes retain for them', () => {
  const plan = planTarget({ ...retaining, buckets: 90 });
  const fitting = (places: number) => bodyOfOpenBuckets(plan, plan.baseBytes, 64 * MiB, { bytes: 40 * MiB, places });
  expect(fitting(200)).toBe((24 * MiB) / (200 * 6.5));
});

test('no measured load exceeds its plan, and nine of ten at full speed reach 60 percent of it', () => {
  const shares = measured.cells.map((cell) => {
    const plan = planTarget({
      ...usual,
      weight: {
        resident: cell.rowsPerByte,
        gauged: cell.gaugedPerByte,
        retained: cell.retainedPerByte ?? 1,
        retainedGrowth: Number.POSITIVE_INFINITY,
      },
      residentPerByte: cell.rowsPerByte,
      mayCreate: true,
      buckets: cell.vnodes,
      perBucket: { series: cell.series, fields: cell.fields, reopened: 0 },
      targetMemoryBytes: cell.limitMiB * MiB,
      batchBytes: cell.bodyKiB * KiB,
      totalBytes: cell.totalMiB * MiB,
    });
    expect(plan.holds).toBe(true);
    return { share: (cell.peakMiB * MiB) / plan.peakBytes, slowed: cell.slowed === true };
  });
  const full = shares.filter(({ slowed }) => !slowed);
  expect(full.length).toBeGreaterThanOrEqual(10);
  expect(Math.max(...shares.map(({ share }) => share))).toBeLessThanOrEqual(1);
  expect(full.filter(({ share }) => share < 0.6).length).toBeLessThanOrEqual(full.length / 10);
});

test('time buckets with more rows than a flush may wait for receive points after a flush, so they are planned with an index cache', () => {
  const ofSize = (totalBytes: number) =>
    planTarget({
      ...usual,
      ...{ buckets: 90, totalBytes, targetMemoryBytes: 2048 * MiB },
      perBucket: { series: 1000, fields: 8, reopened: 0 },
    });
  const [small, large] = [ofSize(900 * MiB), ofSize(90_000 * MiB)];
  expect([small.perBucket.reopened, large.perBucket.reopened]).toEqual([0, 1]);
  // 1,000 series touch 86 % of 4 MiB, and take 1.75 KiB each.
  expect((large.baseBytes - small.baseBytes) / 90 / MiB).toBeCloseTo(4 * 0.858 + (1000 * 1.75) / 1024, 2);
  expect(leastWith(large, 90) - leastWith(small, 90)).toBeCloseTo(large.baseBytes - small.baseBytes, -1);
});

test('time buckets of the same series take as much each', () => {
  const perBucket = { series: 30_000, fields: 1, reopened: 0 };
  const [one, two] = [1, 2].map((buckets) => planTarget({ ...usual, buckets, perBucket }).baseBytes);
  expect(two).toBeCloseTo(2 * one! - nodeBase(0), 0);
});
