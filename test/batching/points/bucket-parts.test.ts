import fc from 'fast-check';
import { expect, test } from 'vitest';
import { coalesce } from '../../../src/batching/coalescer.js';
import type { SchemaGuard } from '../../../src/batching/schema-gate.js';
import type { Batch } from '../../../src/core/types/index.js';
import { Catalogue } from '../../../src/schema/catalogue.js';
import { casesOf } from '../../support/effort.js';
import { allKnown, bench, never, runs, summarizedRuns } from '../support.js';

/** Parts by bucket, as a reader of the body would sum them up. */
function partsOf(body: string, units: number) {
  const parts = new Map<number, { bytes: number; last: string; lastPoint: number }>();
  for (const [i, line] of body.trimEnd().split('\n').entries()) {
    const bucket = Math.floor(Number(line.split(' ').at(-1)) / units);
    parts.set(bucket, { bytes: (parts.get(bucket)?.bytes ?? 0) + line.length + 1, last: `${line}\n`, lastPoint: i });
  }
  return parts;
}

async function all(batches: AsyncGenerator<Batch, void>): Promise<Batch[]> {
  const found: Batch[] = [];
  for await (const batch of batches) found.push(batch);
  return found;
}

function compare(batch: Batch, units: number): void {
  const body = Buffer.from(batch.body).toString();
  const found = batch.buckets.map(({ bucket, bytes, lastPoint, lastStart, lastBytes }) => {
    return [bucket, { bytes, last: body.slice(lastStart, lastStart + lastBytes), lastPoint }] as const;
  });
  expect(new Map(found)).toEqual(partsOf(body, units));
}

test('a batch sums up the bytes of each time bucket and knows its last point, whatever the order of the points', async () => {
  const point = fc.tuple(fc.nat(99), fc.integer({ min: -500, max: 500 }), fc.constantFrom('', ' '));
  await fc.assert(
    fc.asyncProperty(
      fc.array(point, { minLength: 1, maxLength: 80 }),
      fc.integer({ min: 1, max: 300 }),
      fc.constantFrom(1, 2 ** 33),
      fc.boolean(),
      async (points, count, scale, isSummarized) => {
        // Blanks after the timestamp leave the fast path. With the large scale, summaries show the bucket of all points.
        const text = points.map(([value, time, blank]) => `m,t=a f=${value} ${time * scale}${blank}\n`).join('');
        const units = count * scale;
        const { batcher } = bench({ bucketUnits: units, points: 30 });
        let seen = 0;
        const parsed = isSummarized ? summarizedRuns(runs(text)) : runs(text);
        for await (const batch of batcher.batches(0, parsed, never)) {
          compare(batch, units);
          seen += batch.points;
          batch.release();
        }
        expect(seen).toBe(points.length);
      },
    ),
    { numRuns: casesOf(200) },
  );
});

test('a target without time buckets has one part, and a generated timestamp lies in the bucket of the start', async () => {
  for (const [units, bucket] of [
    [Number.POSITIVE_INFINITY, 0],
    [100, 7],
  ] as const) {
    const { batcher } = bench({ bucketUnits: units, startTime: 750 });
    const [batch] = await all(batcher.batches(0, runs('m f=1\nm f=2\n'), never));
    expect(batch!.buckets.map((part) => part.bucket)).toEqual([bucket]);
    expect(batch!.buckets[0]).toMatchObject({ bytes: batch!.body.length, lastPoint: 1 });
  }
});

test('combined batches combine their buckets', async () => {
  const one = bench({ bucketUnits: 10 });
  async function* inputs() {
    for (const [i, text] of ['m f=1 1\nm f=1 2\n', 'm f=22 11\n', 'm f=3 3\n'].entries())
      yield* one.batcher.batches(i, runs(text), never);
  }
  const { clock } = one;
  const options = { points: 1000, bodyBytes: () => 1 << 16, lingerMs: 5000, clock, abandon: () => {} };
  const [combined] = await all(coalesce(inputs(), options));
  expect(combined!.parts).toHaveLength(3);
  compare(combined!, 10);
});

test('a row has a slot for each field that its table has, also for those that others introduce later', async () => {
  const catalogue = new Catalogue([
    { table: 'wide', name: 'old', type: 'float' },
    { table: 'wide', name: 't', type: 'tag' },
  ]);
  const guard: SchemaGuard = {
    ...allKnown,
    exclusive: true,
    match: (shape) => catalogue.match(shape),
    introduction: () => catalogue.introduction(),
    fields: (table) => catalogue.fields(table),
    get columns() {
      return catalogue.size;
    },
  };
  const { batcher } = bench({ points: 2 }, guard);
  const slots: number[] = [];
  const text =
    'wide f=1 1\nnarrow f=1 2\nwide old=1 3\nwide old=1 4\nwide f=1,g=1 5\nwide old=1 6\nnarrow f=1 7\nwide old=1 8\n';
  for await (const batch of batcher.batches(0, runs(text), never)) {
    if (batch.introduces !== null) catalogue.pin(batch.introduces);
    slots.push(batch.slots);
    batch.release();
  }
  // One field each; two fields twice; g is not acknowledged yet; one field and three.
  expect(slots).toEqual([2, 4, 4, 4]);
});
