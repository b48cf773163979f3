import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type PlainRoom, plainPoints } from '../../../src/batching/points/plain-points.js';
import { safeHighWords, unbounded } from '../../../src/batching/points/point-bounds.js';
import { summarizeRun } from '../../../src/core/points/summarize-run.js';
import { LENGTH, LINE, POINT_WORDS, type Points, START } from '../../../src/core/types/index.js';
import { csv, field, tag } from '../../formats/rows/support.js';
import { bytesSource } from '../../formats/support.js';
import { casesOf } from '../../support/effort.js';
import { never, runs } from '../support.js';

const lines = (count: number, time = 5): string =>
  Array.from({ length: count }, (_, i) => `m${i % 3},t=a f=${i} ${time + i}\n`).join('');
const rows = (count: number): string => `t,f,time\n${lines(count).replace(/m(\d),t=(\w) f=(\d+) (\d+)/g, 'a$1,$3,$4')}`;

async function firstOf(all: AsyncGenerator<Points, void>): Promise<Points> {
  const { value } = await all.next();
  await all.return();
  return value as Points;
}

async function runOf(text: string): Promise<Points> {
  return await firstOf(runs(text));
}

async function rowRunOf(text: string): Promise<Points> {
  const format = csv({ tags: [tag('t')], fields: [field('f', 'float')], infersTypes: false });
  return await firstOf(format.points(bytesSource(Buffer.from(text)), never));
}

const summaryOf = ({ bytes, index, count }: Points) => summarizeRun(bytes, index, count);

test('a summary says whether points were rewritten, which shape all have, and between which times they lie', async () => {
  const late = 2 ** 32 * 7;
  expect(summaryOf(await runOf(lines(9)))).toEqual({ isRewritten: false, shape: null, minHigh: 0, maxHigh: 0 });
  const one = await runOf(`m f=1 -5\nm f=1 ${late}\n`);
  expect(summaryOf(one)).toEqual({ isRewritten: false, shape: expect.any(Number), minHigh: -1, maxHigh: 7 });
  expect(summaryOf(await rowRunOf(rows(9)))).toMatchObject({ isRewritten: true, minHigh: 0, maxHigh: 0 });
});

test.each([
  ['a comment between points', 'm f=1 1\n# comment\nm f=1 2\n'],
  ['blanks after a point', 'm f=1 1\nm f=1 2  \nm f=1 3\n'],
  ['a line end in a string', 'm f="a\nb" 1\nm f=1 2\nm f=1 3\n'],
])('points with %s have no summary, so each of them is checked', async (_, text) => {
  const run = await runOf(text);
  expect(run.count).toBeGreaterThan(1);
  expect(summaryOf(run)).toBeNull();
});

test('no points have no summary', async () => {
  const { bytes, index } = await runOf(lines(2));
  expect(summarizeRun(bytes, index, 0)).toBeNull();
});

test('the summary of a run leads to the same plain points as checking each point', async () => {
  const both = [await runOf(lines(60)), await runOf(lines(60, 2 ** 32 - 30)), await rowRunOf(rows(60))];
  const known = fc.array(fc.integer({ min: -1, max: 4 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(
      fc.constantFrom(...both),
      fc.tuple(fc.nat(59), fc.nat(60)),
      fc.record({ bytes: fc.nat(2000), sourceBytes: fc.nat(2000), gap: fc.constantFrom(0, 0, 0, 1) }),
      known,
      fc.constantFrom(Number.NEGATIVE_INFINITY, 20, 2 ** 32),
      (run, [from, more], { gap, ...sizes }, values, oldest) => {
        const word = from * POINT_WORDS;
        const before = { last: run.index[word + START]! - 1 - gap, line: run.index[word + LINE]! - 1 };
        const room: PlainRoom = { ...before, ...sizes };
        const bounds = { ...unbounded, oldest };
        const plain = Int32Array.from(values);
        const rules = { plain, slots: Uint32Array.from(plain, (n) => n + 1), bounds, safe: safeHighWords(bounds) };
        const to = Math.min(run.count, from + more);
        const summary = summaryOf(run);
        expect(summary).not.toBeNull();
        const summed = plainPoints({ ...run, summary }, from, to, room, rules);
        expect(summed).toEqual(plainPoints(run, from, to, room, rules));
      },
    ),
    { numRuns: casesOf(400) },
  );
});

test('a summary serves only if all times of the run are within the bounds', async () => {
  const run = await runOf(lines(10));
  const bounds = { ...unbounded, oldest: 12 };
  const room = { last: run.index[START]! - 1, line: -1, bytes: 2000, sourceBytes: 0 };
  const rules = {
    plain: Int32Array.of(1, 1, 1, 1),
    slots: Uint32Array.of(1, 1, 1, 1),
    bounds,
    safe: safeHighWords(bounds),
  };
  const { count } = plainPoints({ ...run, summary: summaryOf(run) }, 0, run.count, room, rules);
  expect(run.index[LENGTH]).toBeGreaterThan(0);
  expect(count).toBe(0);
});
