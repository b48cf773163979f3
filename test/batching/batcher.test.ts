import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Arena } from '../../src/batching/arena.js';
import type { Batcher, BatcherOptions } from '../../src/batching/batcher.js';
import { unbounded } from '../../src/batching/points/point-bounds.js';
import type { SchemaGuard } from '../../src/batching/schema-gate.js';
import { InputError, UsageError } from '../../src/core/errors.js';
import { type Batch, INPUT_START, type Points } from '../../src/core/types/index.js';
import { Catalogue } from '../../src/schema/catalogue.js';
import { csv, field, tag } from '../formats/rows/support.js';
import { bytesSource } from '../formats/support.js';
import { casesOf, isSoak } from '../support/effort.js';
import { allKnown, bench, collect, heldRuns, never, runs, type Snapshot, snapshot, summarizedRuns } from './support.js';

/** A line of an input and the point to send for it: null for a reject, undefined for a line without a point. */
const line = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.nat(999).map((n) => ({ text: `m,t=a${n} f=${n}i ${n}`, sent: `m,t=a${n} f=${n}i ${n}` })),
  },
  {
    weight: 1,
    arbitrary: fc
      .nat(9)
      .map((n) => ({ text: `m s="${'x'.repeat(n * 20)}\ny" 7`, sent: `m s="${'x'.repeat(n * 20)}\ny" 7` })),
  },
  { weight: 1, arbitrary: fc.nat(9).map((n) => ({ text: `m f=${n} 8   `, sent: `m f=${n} 8` })) },
  { weight: 1, arbitrary: fc.constant({ text: '# a comment', sent: undefined }) },
  { weight: 1, arbitrary: fc.constant({ text: '', sent: undefined }) },
  { weight: 1, arbitrary: fc.nat(99).map((n) => ({ text: `m f=x${n} 9`, sent: null })) },
);
const input = fc.array(fc.tuple(line, fc.constantFrom('\n', '\r\n')), {
  maxLength: 60,
  size: isSoak ? 'max' : 'small',
});

/** Returns runs whose memory may be held, with or without summaries, or runs whose points must be copied. */
function runsOf(
  parsed: AsyncGenerator<Points, void>,
  kind: string,
  holds: { count: number },
): AsyncGenerator<Points, void> {
  if (kind === 'copied') return parsed;
  return kind === 'held' ? heldRuns(parsed, holds) : summarizedRuns(heldRuns(parsed, holds));
}

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => null,
    (error: unknown) => error,
  );
}

/** Expects spans without a gap up to `rest`, which has no points and ends with the input. A limit leaves no rest. */
function expectCovered(batches: readonly Snapshot[], rest: Batcher['rest'], end: number): void {
  let at = 0;
  for (const { span } of batches) {
    expect(span.byteOffset).toBe(at);
    at += span.bytes;
  }
  if (batches.length > 0) expect([at, rest?.to.byteOffset ?? end]).toEqual([rest?.from ?? end, end]);
}

describe('any limits and any chunks of the input', () => {
  test('batches hold the points in order with their originals and cover the input, for any limits and chunks', async () => {
    await fc.assert(
      fc.asyncProperty(
        input,
        fc.record({ points: fc.integer({ min: 1, max: 30 }), bodyBytes: fc.integer({ min: 1, max: 900 }) }),
        fc.record({ chunkBytes: fc.integer({ min: 16, max: 600 }), indexPoints: fc.integer({ min: 1, max: 40 }) }),
        fc.constantFrom('copied', 'held', 'summarized'),
        async (lines, { points, bodyBytes }, chunks, kind) => {
          const text = lines.map(([{ text: each }, ending]) => each + ending).join('');
          const { batcher, account, arena } = bench({ points, bodyBytes: () => bodyBytes });
          const holds = { count: 0 };
          const parsed = runs(text, chunks);
          const batches = await collect(batcher.batches(3, runsOf(parsed, kind, holds), never));

          const sent = lines.flatMap(([{ sent: each }]) => (typeof each === 'string' ? [`${each}\n`] : []));
          expect(batches.map(({ body }) => body).join('')).toBe(sent.join(''));
          expect(batches.flatMap((batch) => batch.points)).toEqual(sent);
          expect(batches.filter((batch) => batch.points.length > points)).toEqual([]);
          expect(
            batches.filter(({ points: { length }, body }) => length > 1 && Buffer.byteLength(body) > bodyBytes),
          ).toEqual([]);

          const expected = units(lines.map(([each, ending]) => ({ ...each, ending })));
          const origin = (unit: Unit) => ({ text: unit.text, line: unit.line, byteOffset: unit.byteOffset });
          expect(batches.flatMap(({ sources }) => sources)).toEqual(expected.filter(({ good }) => good).map(origin));
          const rejects = expected.filter(({ good }) => !good).map(origin);
          expect(batches.flatMap((batch) => batch.rejects)).toMatchObject(rejects);
          expectCovered(batches, batcher.rest, text.length);
          expect(batches.every(({ span }) => span.input === 3)).toBe(true);
          expect(batches.map(({ ordinal }) => ordinal)).toEqual(batches.map((_, i) => i));
          expect(account.read).toBe(expected.length);
          expect(account.abandoned).toBe(0);
          expect(arena.free).toBe(2);
          expect(holds.count).toBe(0);
        },
      ),
      { numRuns: casesOf(150, 50) },
    );
  });
});

/** A row of CSV, or a line of which nothing becomes a point. */
const row = fc.oneof(
  { weight: 6, arbitrary: fc.nat(999).map((n) => `${n},a${n},${n}.5,word`) },
  { weight: 1, arbitrary: fc.nat(9).map((n) => `${n},a,1,"two\nlines ""${'x'.repeat(n * 20)}"""`) },
  { weight: 1, arbitrary: fc.constantFrom('', '8,a,1', '9,a,no number,word') },
);

describe('points that are not the bytes of the input', () => {
  test('rows have the same points, originals and rejects in batches of any size as in batches of one point', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(row, fc.constantFrom('\n', '\r\n')), { minLength: 20, maxLength: 60 }),
        fc.record({ points: fc.integer({ min: 2, max: 30 }), bodyBytes: fc.integer({ min: 100, max: 4000 }) }),
        fc.record({ chunkBytes: fc.integer({ min: 16, max: 600 }), indexPoints: fc.integer({ min: 1, max: 40 }) }),
        fc.integer({ min: 220, max: 600 }),
        fc.constantFrom('copied', 'held', 'summarized'),
        async (rows, { points, bodyBytes }, chunks, sideBytes, kind) => {
          const text = ['time,t,f,s\n', ...rows.map(([each, ending]) => each + ending)].join('');
          const columns = { tags: [tag('t')], fields: [field('f', 'float'), field('s', 'string')] };
          const read = async (options: Partial<BatcherOptions>): Promise<Snapshot[]> => {
            const arena = new Arena(2, { bodyBytes: 1 << 13, sideBytes, points: 1000 });
            const parsed = csv({ ...columns, ...chunks, infersTypes: false }).points(
              bytesSource(Buffer.from(text)),
              never,
            );
            const all = runsOf(parsed, kind, { count: 0 });
            const { batcher } = bench(options, allKnown, arena);
            const batches = await collect(batcher.batches(0, all, never));
            expectCovered(batches, batcher.rest, text.length);
            return batches;
          };
          const one = await read({ points: 1 });
          const many = await read({ points, bodyBytes: () => bodyBytes });
          expect(many.flatMap((batch) => batch.points)).toEqual(one.flatMap((batch) => batch.points));
          expect(many.flatMap(({ sources }) => sources)).toEqual(one.flatMap(({ sources }) => sources));
          expect(many.flatMap(({ rejects }) => rejects)).toEqual(one.flatMap(({ rejects }) => rejects));
        },
      ),
      { numRuns: casesOf(60) },
    );
  });
});

test('plain points of a run that can be held are sent from its memory in batches of equal size, and held until then', async () => {
  const holds = { count: 0 };
  const text = Array.from({ length: 96 }, (_, i) => `m f=1 ${100 + i}\n`).join('');
  const { batcher, account } = bench({ points: 40 });
  const batches = batcher.batches(0, heldRuns(runs(text), holds), never);
  const all: Batch[] = [];
  for await (const batch of batches) all.push(batch);
  // The first point makes its shape known.
  expect(all.map(({ points }) => points)).toEqual([40, 28, 28]);
  expect(new Set(all.slice(1).map(({ body }) => body.buffer)).size).toBe(1);
  expect(holds.count).toBe(2);
  expect(all.map((batch) => snapshot(batch).body).join('')).toBe(text);
  expect(account.read).toBe(96);
  for (const batch of all) batch.release();
  expect(holds.count).toBe(0);
});

test('an open batch leaves enough of the next run for a batch that is sent from the memory of the run', async () => {
  const holds = { count: 0 };
  const text = Array.from({ length: 96 }, (_, i) => `m f=1 ${100 + i}\n`).join('');
  const { batcher } = bench({ bodyBytes: () => 60 * 10 });
  const batches: Batch[] = [];
  for await (const batch of batcher.batches(0, heldRuns(runs(text, { indexPoints: 40 }), holds), never))
    batches.push(batch);
  // The first point makes its shape known, so the points of the first run are copied. The third run is too short.
  expect(batches.map(({ points }) => points)).toEqual([50, 30, 16]);
  expect(holds.count).toBe(1);
  expect(batches.map((batch) => snapshot(batch).body).join('')).toBe(text);
  for (const batch of batches) batch.release();
  expect(holds.count).toBe(0);
});

test('a batch sent from the memory of a run has at most the allowed number of points, however short they are', async () => {
  const long = `m f=${'1'.repeat(100)} 1\n`;
  const { batcher } = bench({ points: 4 });
  // The first batch makes the shape known. The other points have two batches of equal size.
  const parsed = heldRuns(runs(many(10) + long.repeat(2)), { count: 0 });
  const batches = await collect(batcher.batches(0, parsed, never));
  expect(batches.map(({ points }) => points.length)).toEqual([4, 4, 4]);
});

test.each<[string, Partial<BatcherOptions>]>([
  ['points', { points: 9 }],
  ['bytes', { bodyBytes: () => 90 }],
])('plain points of less than half the %s of a batch are copied', async (_, limits) => {
  // Points of 10 bytes in runs of 4 points: the first batch leaves 3 points of its last run.
  const text = Array.from({ length: 27 }, (_, i) => point(10 + i)).join('');
  const { batcher } = bench(limits);
  const batches = await collect(batcher.batches(0, heldRuns(runs(text, { indexPoints: 4 }), { count: 0 }), never));
  expect(batches.map(({ points }) => points.length)).toEqual([9, 9, 9]);
});

interface Unit {
  text: string;
  line: number;
  byteOffset: number;
  good: boolean;
}

function units(lines: readonly { text: string; ending: string; sent: string | null | undefined }[]): Unit[] {
  let byteOffset = 0;
  let number = 1;
  return lines.flatMap(({ text, ending, sent }) => {
    const unit = { text, line: number, byteOffset, good: sent !== null };
    byteOffset += text.length + ending.length;
    number += `${text}${ending}`.split('\n').length - 1;
    return sent === undefined ? [] : [unit];
  });
}

test('among plain points, spaces behind a point stay in its original, and line ends in strings count as lines', async () => {
  const sourcesOf = async (text: string) => (await collect(bench().batcher.batches(0, runs(text), never)))[0]!.sources;
  const spaces = ['m f=1 1', 'm f=2 2', 'm f=3 3  ', 'm f=4 4'];
  expect((await sourcesOf(spaces.join('\n'))).map(({ text }) => text)).toEqual(spaces);
  const strings = ['m s="a" 1', 'm s="b" 2', 'm s="c\nd" 3', 'm s="e" 4'];
  expect((await sourcesOf(strings.join('\n'))).map(({ line: each }) => each)).toEqual([1, 2, 3, 5]);
});

const point = (i: number): string => `m f=${i} ${i}\n`;
const many = (count: number): string => Array.from({ length: count }, (_, i) => point(i)).join('');

describe('a batch closes', () => {
  test('a batch closes at its number of points and at the end of the input', async () => {
    const batches = await collect(bench({ points: 4 }).batcher.batches(0, runs(many(10)), never));
    expect(batches.map(({ cut, points }) => [cut, points.length])).toEqual([
      ['points', 4],
      ['points', 4],
      ['inputEnd', 2],
    ]);
  });

  test('a batch closes at the limit of bytes that applies while it is filled', async () => {
    let most = 24;
    const { batcher } = bench({ bodyBytes: () => most });
    const batches = batcher.batches(0, runs(many(9)), never);
    const first = (await batches.next()).value!;
    expect(snapshot(first)).toMatchObject({ cut: 'bytes', points: ['m f=0 0\n', 'm f=1 1\n', 'm f=2 2\n'] });
    first.release();
    most = 16;
    const rest = await collect(batches);
    expect(rest.map(({ cut, points }) => [cut, points.length])).toEqual([
      ['bytes', 2],
      ['bytes', 2],
      ['inputEnd', 2],
    ]);
  });

  test('a point longer than the batch bytes has a batch of its own', async () => {
    const long = `m s="${'x'.repeat(500)}" 1\n`;
    const { batcher } = bench({ bodyBytes: () => 100 });
    const batches = await collect(batcher.batches(0, runs(point(0) + long + point(2)), never));
    expect(batches.map(({ body, cut }) => [body, cut])).toEqual([
      [point(0), 'bytes'],
      [long, 'bytes'],
      [point(2), 'inputEnd'],
    ]);
  });

  test('rejects alone fill a batch, so that their number in memory is bounded', async () => {
    const { batcher } = bench();
    const batches = await collect(batcher.batches(0, runs('x\n'.repeat(3000)), never));
    expect(batches.map(({ rejects, cut }) => [rejects.length, cut])).toEqual([
      [1024, 'points'],
      [1024, 'points'],
      [952, 'inputEnd'],
    ]);
    expectCovered(batches, batcher.rest, 6000);
  });

  test('an input of comments makes no batch and holds no slot', async () => {
    const { batcher, arena } = bench();
    expect(await collect(batcher.batches(0, runs('# one\n\n# two\n'), never))).toEqual([]);
    expect(arena.free).toBe(2);
  });

  test('an input of comments does not wait for a slot', async () => {
    const { batcher, arena, clock } = bench({}, allKnown, new Arena(1, { bodyBytes: 9, sideBytes: 9, points: 1 }));
    await arena.take(never);
    let isDone = false;
    void collect(batcher.batches(0, runs('# one\n'), never)).then(() => (isDone = true));
    await clock.advance(1);
    expect(isDone).toBe(true);
  });

  test('a batch closes where the dead letters of an input change their format', async () => {
    const formats = ['a', 'b', 'c'].map((head) => ({ suffix: '.csv', head: Buffer.from(head) }));
    async function* mixed(): AsyncGenerator<Points, void> {
      for (const [i, deadLetterFormat] of formats.entries())
        for await (const run of runs(`x\n${point(i)}`))
          yield { ...run, deadLetterFormat, origin: i * 10, end: i * 10 + 10 };
    }
    // All points of the first format are skipped, so they make no batch.
    const { batcher, arena } = bench({ skipPoints: 2 });
    const seen: unknown[] = [];
    for await (const batch of batcher.batches(0, mixed(), never)) {
      seen.push([batch.deadLetterFormat, snapshot(batch).body, batch.rejects.length, batch.span.byteOffset]);
      batch.release();
    }
    expect(seen).toEqual([
      [formats[1], point(1), 1, 10],
      [formats[2], point(2), 1, 20],
    ]);
    expect(arena.free).toBe(2);
  });

  test('a batch closes after the linger time without input, and the rest follows later', async () => {
    const { batcher, clock, arena } = bench({ lingerMs: 5000 });
    const pipe = new Pipe();
    pipe.push(point(1));
    const batches = batcher.batches(0, pipe.runs(), never);
    let first: Snapshot | null = null;
    const pulled = batches.next().then(({ value }) => {
      first = snapshot(value!);
      value!.release();
    });
    await clock.advance(4999);
    expect(first).toBe(null);
    await clock.advance(1);
    await pulled;
    expect(first).toMatchObject({ body: point(1), cut: 'idle', span: { byteOffset: 0, bytes: 8 } });
    expect(arena.free).toBe(2);

    const second = batches.next();
    await clock.advance(60_000); // with nothing to send there is nothing to hurry for
    pipe.push(point(2));
    pipe.end();
    expect(snapshot((await second).value!)).toMatchObject({ body: point(2), cut: 'inputEnd', ordinal: 1 });
    expect((await batches.next()).done).toBe(true);
    expect(clock.waiting).toBe(0);
  });
});

/** Runs that come when the test says so. */
class Pipe {
  #ended = false;
  #wake = (): void => {};
  readonly #texts: string[] = [];

  push(text: string): void {
    this.#texts.push(text);
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async *runs(signal = never): AsyncGenerator<Points, void> {
    let origin = 0;
    for (;;) {
      const text = this.#texts.shift();
      if (text !== undefined) {
        for await (const run of runs(text)) {
          const at = run.origin + origin;
          if (run.count > 0) yield { ...run, origin: at, end: origin + text.length };
        }
        origin += text.length;
      } else if (this.#ended) return;
      else {
        await new Promise<void>((resolve, reject) => {
          this.#wake = resolve;
          signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
        });
      }
    }
  }
}

describe('tables and columns that the target lacks', () => {
  /** A guard over a catalogue, and the tables it was asked about. */
  function guarded(columns: ConstructorParameters<typeof Catalogue>[0] = []) {
    const catalogue = new Catalogue(columns);
    const asked: string[] = [];
    const guard: SchemaGuard = {
      match: (shape) => {
        asked.push(`${shape.table}:${shape.columns.map(({ name }) => name).join('+')}`);
        return catalogue.match(shape);
      },
      exclusive: true,
      introduction: () => catalogue.introduction(),
      fields: (table: string) => catalogue.fields(table),
      get columns() {
        return catalogue.size;
      },
    };
    return { catalogue, guard, asked };
  }

  /** Takes each batch as acknowledged, as the run does. */
  async function load(text: string, { catalogue, guard }: ReturnType<typeof guarded>, options = {}, format = {}) {
    const { batcher } = bench(options, guard);
    const all: Snapshot[] = [];
    for await (const batch of batcher.batches(0, runs(text, format), never)) {
      all.push(snapshot(batch));
      if (batch.introduces !== null) catalogue.pin(batch.introduces);
      batch.release();
    }
    return all;
  }

  const known = [{ table: 'm', name: 'f', type: 'float' as const }];

  test('a point with a new column begins a batch of its own', async () => {
    const batches = await load('m f=1 1\nm f=2 2\nm f=3,g=1 3\nm f=4 4\nm g=5 5\n', guarded(known));
    expect(batches.map(({ cut, introduces, points }) => [cut, introduces, points.length])).toEqual([
      ['shape', null, 2],
      ['shape', ['m'], 2],
      ['inputEnd', null, 1],
    ]);
  });

  test('new columns of other tables share that batch', async () => {
    const batches = await load('a f=1 1\nb f=1 2\na f=1i 3\na f=2 4\nc f=1 5\n', guarded());
    expect(batches.map(({ cut, introduces, points, rejects }) => [cut, introduces, points, rejects.length])).toEqual([
      ['shape', ['a', 'b'], ['a f=1 1\n', 'b f=1 2\n'], 0],
      ['shape', null, ['a f=2 4\n'], 1],
      ['inputEnd', ['c'], ['c f=1 5\n'], 0],
    ]);
  });

  test('points that contradict a column of the target are rejected one by one', async () => {
    const [batch] = await load('m f=1 1\nm f=2i 2\nm f=3 3\nm f=4i 4\n', guarded(known));
    expect(batch).toMatchObject({
      body: 'm f=1 1\nm f=3 3\n',
      rejects: [
        { text: 'm f=2i 2', line: 2, byteOffset: 8, reason: 'type-conflict' },
        { text: 'm f=4i 4', line: 4, byteOffset: 25, reason: 'type-conflict' },
      ],
    });
  });

  test('a known shape is compared once', async () => {
    const under = guarded(known);
    await load(`${many(50)}m f=1i 1\nm f=2i 2\n`, under, { points: 7 }, { indexPoints: 5 });
    expect(under.asked).toEqual(['m:f', 'm:f']);
  });

  test('a new shape is compared once in the batch that introduces it', async () => {
    const under = guarded();
    await load(many(9), under, { points: 5 });
    expect(under.asked).toEqual(['m:f', 'm:f']);
  });

  test('each of more shapes than the first table holds is compared once', async () => {
    const names = Array.from({ length: 1030 }, (_, i) => `m${i}`);
    const under = guarded(names.map((table) => ({ table, name: 'f', type: 'float' })));
    await load(names.map((name) => `${name} f=1 1\n`.repeat(2)).join(''), under);
    expect(under.asked).toEqual(names.map((name) => `${name}:f`));
  });

  test('a full batch ends before a new column and does not claim it', async () => {
    const batches = await load('a f=1 1\na f=2 2\nb f=1 3\nb f=2 4\n', guarded(), { points: 2 });
    expect(batches.map(({ introduces, points }) => [introduces, points.length])).toEqual([
      [['a'], 2],
      [['b'], 2],
    ]);
  });

  test('an expired point introduces no column', async () => {
    const batches = await load('a f=1 1\nb f=1 100\na f=2 101\n', guarded(), { bounds: { ...unbounded, oldest: 50 } });
    expect(batches.map(({ introduces, points, rejects }) => [introduces, points.length, rejects.length])).toEqual([
      [null, 0, 1],
      [['b', 'a'], 2, 0],
    ]);
  });

  test('points beyond the table of shapes are compared one by one, with the same result', async () => {
    const text = 'm f=1 1\na f=1 2\nm f=2i 3\na f=2 4\nb f=1,g=2 5\nm f=5 6\na f=3i 7\nb g=1 8\n';
    const counted = await load(text, guarded(known));
    const under = guarded(known);
    expect(await load(text, under, {}, { maxShapes: 1 })).toEqual(counted);
    expect(counted.map(({ values }) => values)).toEqual([1, 5, 1]);
    expect(under.asked.length).toBeGreaterThan(8);
  });

  test('thousands of shapes are distinguished', async () => {
    const text = Array.from({ length: 6000 }, (_, i) => `m${i} ${i % 2 ? 'f=1,g=2' : 'f=1'} 1\n`).join('');
    const batches = await load(text, guarded(), { points: 500 });
    expect(batches.every(({ introduces }) => introduces?.length === 500)).toBe(true);
    expect(batches.reduce((sum, { values }) => sum + values, 0)).toBe(9000);
  });
});

describe('timestamps', () => {
  test('a missing timestamp is the start of the load plus the points before it, over inputs and batches, rejects included', async () => {
    const { batcher } = bench({ points: 2, startMs: 1_600_000_000_000 });
    expect(batcher.reached).toBe(0);
    const first = await collect(batcher.batches(0, runs('m f=1\nx\nm f=2\n'), never));
    const next = { place: { byteOffset: 0, line: 1, ordinal: batcher.reached, digits: 0 }, covered: [] };
    const second = await collect(batcher.batches(1, runs('m f=3 5\nm f=4\n'), never, next));
    expect([...first, ...second].map(({ body }) => body).join('')).toBe(
      'm f=1 1600000000000000000\nm f=2 1600000000000000002\nm f=3 5\nm f=4 1600000000000000004\n',
    );
    expect(first[0]!.sources).toEqual([
      { text: 'm f=1', line: 1, byteOffset: 0 },
      { text: 'm f=2', line: 3, byteOffset: 8 },
    ]);
  });

  test('seconds become milliseconds, and the original stays unchanged', async () => {
    const { batcher } = bench({ precision: 's' });
    const text = 'm f=1 1600000000\nm f=2\nm f=3 -5\n';
    const [batch] = await collect(batcher.batches(0, runs(text, { precision: 's' }), never));
    expect(batch!.points).toEqual(['m f=1 1600000000000\n', 'm f=2 1600000001000\n', 'm f=3 -5000\n']);
    expect(batch!.sources.map((source) => source.text)).toEqual(['m f=1 1600000000', 'm f=2', 'm f=3 -5']);
  });

  test('points older than the TTL are rejected as expired, and the oldest allowed one is kept', async () => {
    const text = 'm f=1 99\nm f=2 100\nm f=3 -100\n';
    const [batch] = await collect(
      bench({ bounds: { ...unbounded, oldest: 100 } }).batcher.batches(0, runs(text), never),
    );
    expect(batch).toMatchObject({
      body: 'm f=2 100\n',
      rejects: [
        { text: 'm f=1 99', line: 1, byteOffset: 0, reason: 'expired' },
        { text: 'm f=3 -100', line: 3, byteOffset: 19, reason: 'expired' },
      ],
    });
  });

  test('a timestamp outside --expect-time is rejected at any position', async () => {
    const bounds = { ...unbounded, expected: { from: 1000, to: 2000, message: String } };
    const text = `${Array.from({ length: 900 }, (_, i) => point(1000 + i)).join('')}${point(999)}${point(2000)}${point(1999)}`;
    const batches = await collect(bench({ bounds }).batcher.batches(0, runs(text, { indexPoints: 77 }), never));
    expect(batches.flatMap(({ rejects }) => rejects)).toMatchObject([
      { text: point(999).trim(), line: 901, reason: 'unexpected-time' },
      { text: point(2000).trim(), line: 902, reason: 'unexpected-time' },
    ]);
    expect(batches.flatMap(({ points }) => points)).toHaveLength(901);
  });

  test('timestamps far outside --expect-time are rejected among plain points', async () => {
    const far = { ...unbounded, expected: { from: 1e18, to: 2e18, message: String } };
    const times = [15, 16, 30, 17, 5, 18].map((each) => `m f=1 ${each}${'0'.repeat(17)}`);
    const [batch] = await collect(bench({ bounds: far }).batcher.batches(0, runs(times.join('\n')), never));
    expect([batch!.points.length, batch!.rejects.map(({ line: each }) => each)]).toEqual([4, [3, 5]]);
  });

  const bounds = { ...unbounded, expected: { from: 1_000_000, to: 2_000_000, message: String } };
  const mixed = `${point(1_000_000)}${many(600)}`;

  test('an input of mostly unexpected timestamps ends after the rejects, once points were sent', async () => {
    const named: [bigint, number][] = [];
    const unexpectedTimes = (timestamp: bigint, line: number): Error => {
      named.push([timestamp, line]);
      return new InputError('wrong unit');
    };
    const { batcher, account, arena } = bench({ points: 600, bounds, unexpectedTimes });
    const seen: Snapshot[] = [];
    const ended = failure(
      (async () => {
        for await (const batch of batcher.batches(0, runs(mixed), never)) {
          seen.push(snapshot(batch));
          batch.release();
        }
      })(),
    );
    expect(await ended).toBeInstanceOf(InputError);
    expect(named).toEqual([[0n, 2]]);
    expect(seen.map(({ points, rejects }) => [points.length, rejects.length])).toEqual([[1, 600]]);
    expect(account).toMatchObject({ read: 601, abandoned: 0 });
    expect(arena.free).toBe(2);
  });

  test('an input of mostly unexpected timestamps ends the run before anything is sent', async () => {
    const { batcher, account, arena } = bench({ bounds, unexpectedTimes: () => new UsageError(['wrong unit']) });
    expect(await failure(collect(batcher.batches(0, runs(mixed), never)))).toBeInstanceOf(UsageError);
    expect(account).toMatchObject({ read: 601, abandoned: 601 });
    expect(arena.free).toBe(2);
  });

  test('half of the timestamps may be unexpected', async () => {
    const half = `${point(1_000_000)}${point(5)}`;
    const [batch] = await collect(bench({ bounds }).batcher.batches(0, runs(half), never));
    expect([batch!.points.length, batch!.rejects.length]).toEqual([1, 1]);
  });

  test('a settled range in the middle of a run is left out, with plain points before and behind it', async () => {
    const { batcher } = bench();
    const at = point(0).length;
    const start = { place: INPUT_START, covered: [{ from: 3 * at, to: 5 * at }] };
    const batches = await collect(batcher.batches(0, runs(many(8)), never, start));
    expect(batches.map(({ points }) => points)).toEqual([[0, 1, 2].map(point), [5, 6, 7].map(point)]);
    expect(batches.map(({ span }) => [span.byteOffset, span.bytes])).toEqual([
      [0, 3 * at],
      [3 * at, 5 * at],
    ]);
  });

  test('of the rejects by the format, only timestamps that no server can store count as unexpected', async () => {
    const misread = { ...unbounded, isMisread: (timestamp: bigint) => timestamp === 10n ** 19n - 1n };
    const unexpectedTimes = (): Error => new InputError('wrong unit');
    const fill = (line: string) =>
      collect(
        bench({ bounds: misread, unexpectedTimes }).batcher.batches(0, runs(`${point(1)}${line.repeat(3)}`), never),
      );
    expect((await fill('m f=x 5\n')).flatMap(({ rejects }) => rejects)).toHaveLength(3);
    expect(await failure(fill(`m f=1 ${'9'.repeat(19)}\n`))).toBeInstanceOf(InputError);
  });

  test('the points of an input and its rejects by the format are known at its end', async () => {
    const { batcher } = bench({ bounds: { ...unbounded, oldest: 2 } });
    await collect(batcher.batches(0, runs(`${many(3)}x\nm f=x 5\nm f=y 6\n`), never));
    expect(batcher.parsed.points).toBe(3);
    expect([...batcher.parsed.rejects.values()].toSorted((a, b) => a - b)).toEqual([1, 2]);
  });

  test('a reject that ends a full batch is counted once', async () => {
    const { batcher } = bench();
    await collect(batcher.batches(0, runs('x\n'.repeat(3000)), never));
    expect([...batcher.parsed.rejects.values()]).toEqual([3000]);
  });
});

describe('counting', () => {
  test('the first points are skipped, rejects included, and not counted as read', async () => {
    const { batcher, account } = bench({ skipPoints: 3 });
    const [batch] = await collect(batcher.batches(0, runs(`x\n${many(4)}`), never));
    expect(batch).toMatchObject({ points: [point(2), point(3)], rejects: [] });
    expect([batch!.span.ordinal, batcher.reached, account.read]).toEqual([3, 5, 2]);
  });

  test('a point that arrives in parts is skipped as one point', async () => {
    const { batcher } = bench({ skipPoints: 3 });
    const long = `m s="${'x'.repeat(300)}" 1\n`;
    const format = { maxPointBytes: 32, chunkBytes: 64 };
    const [batch] = await collect(batcher.batches(0, runs(long + many(4), format), never));
    expect(batch).toMatchObject({ points: [point(2), point(3)], rejects: [] });
  });

  test('a limit ends a batch among plain points', async () => {
    const [batch] = await collect(bench({ limit: 5 }).batcher.batches(0, runs(many(9)), never));
    expect(batch!.points).toHaveLength(5);
  });

  test('a limit takes exactly that many points over all inputs, and spans end there', async () => {
    const { batcher, account } = bench({ limit: 5, points: 2 });
    const first = await collect(batcher.batches(0, runs(many(3)), never));
    const second = await collect(batcher.batches(1, runs(`x\n${many(8)}`), never));
    expectCovered(second, batcher.rest, 2 + point(0).length);
    const third = await collect(batcher.batches(2, runs(many(3)), never));
    expect(first.flatMap(({ points }) => points)).toHaveLength(3);
    expect(second).toMatchObject([{ points: [point(0)], rejects: [{ text: 'x' }] }]);
    expect(third).toEqual([]);
    expect(account.read).toBe(5);
  });

  test('an input that fails yields the points before the failure, then its error', async () => {
    async function* broken(): AsyncGenerator<Points, void> {
      yield* runs(many(3));
      throw new InputError('cut off');
    }
    const { batcher, account, arena } = bench({ points: 2 });
    const batches = batcher.batches(0, broken(), never);
    const read: number[] = [];
    const ended = failure(
      (async () => {
        for await (const batch of batches) {
          read.push(batch.points);
          batch.release();
        }
      })(),
    );
    expect(await ended).toMatchObject({ message: 'cut off' });
    expect(read).toEqual([2, 1]);
    expect(account).toMatchObject({ read: 3, abandoned: 0 });
    expect(arena.free).toBe(2);
  });

  test('an input that fails between points yields no empty batch', async () => {
    async function* broken(): AsyncGenerator<Points, void> {
      for await (const run of runs('# nothing\n')) yield run;
      throw new InputError('cut off');
    }
    const { batcher, arena } = bench();
    expect(await failure(collect(batcher.batches(0, broken(), never)))).toBeInstanceOf(InputError);
    expect(arena.free).toBe(2);
  });

  test('an abort during a wait for input abandons exactly the counted points of the open batch', async () => {
    const stop = new AbortController();
    const { batcher, account, arena, clock } = bench();
    const pipe = new Pipe();
    pipe.push(many(7));
    const pulled = failure(batcher.batches(0, pipe.runs(stop.signal), stop.signal).next());
    await clock.advance(1);
    expect(account).toMatchObject({ read: 7, abandoned: 0 });
    const reason = new Error('stopped');
    stop.abort(reason);
    expect(await pulled).toBe(reason);
    expect(account).toMatchObject({ read: 7, abandoned: 7 });
    expect(arena.free).toBe(2);
    expect(clock.waiting).toBe(0);
  });

  test('an abort between two batches abandons nothing', async () => {
    const stop = new AbortController();
    const { batcher, account, arena } = bench({ points: 4 });
    const batches = batcher.batches(0, runs(many(10)), stop.signal);
    const first = (await batches.next()).value!;
    stop.abort(new Error('stopped'));
    expect(await failure(batches.next())).toBe(stop.signal.reason);
    first.release();
    expect(account).toMatchObject({ read: 4, abandoned: 0 });
    expect(arena.free).toBe(2);
  });

  test('a batch gives its slot back once, however often it is released', async () => {
    const { batcher, arena } = bench();
    const first = (await batcher.batches(0, runs(many(3)), never).next()).value!;
    expect(arena.free).toBe(1);
    first.release();
    first.release();
    expect(arena.free).toBe(2);
  });

  test('the next batch waits while every slot is in use', async () => {
    const arena = new Arena(1, { bodyBytes: 1 << 16, sideBytes: 1 << 16, points: 1000 });
    const { batcher, clock } = bench({ points: 2 }, allKnown, arena);
    const batches = batcher.batches(0, runs(many(4)), never);
    const first = (await batches.next()).value!;
    let came = false;
    const second = batches.next().then((result) => {
      came = true;
      return result.value!;
    });
    await clock.advance(1);
    expect(came).toBe(false);
    first.release();
    expect(snapshot(await second).body).toBe(point(2) + point(3));
  });

  test('a slot too small for a single reject throws instead of closing batches for ever', async () => {
    const arena = new Arena(1, { bodyBytes: 1 << 16, sideBytes: 10, points: 1000 });
    const { batcher } = bench({}, allKnown, arena);
    const ended = await failure(collect(batcher.batches(0, runs('this is no point at all\n'), never)));
    expect(ended).toBeInstanceOf(RangeError);
    expect(arena.free).toBe(1);
  });
});
