// Reading the sample of --verify back from a target that answers by script.

import { expect, test } from 'vitest';
import { UnavailableError, VerifyError } from '../../../src/core/errors.js';
import { pointValues } from '../../../src/core/points/line-protocol.js';
import type { PointValues, Target } from '../../../src/core/types/index.js';
import { Verification, verifyError } from '../../../src/load/stages/verify.js';
import { batchOf } from '../../delivery/support.js';
import { randomFrom } from '../../support/data/mutations.js';

const never = new AbortController().signal;

/** Numbers between 0 and 1 that are the same for the same seed. */
function randomFractions(seed: number): () => number {
  const next = randomFrom(seed);
  return () => next(1_000_000) / 1_000_000;
}

/** Samples 20 points and reads them back with `answer`. */
function verification(answer: (points: readonly PointValues[], query: number) => Promise<(PointValues | null)[]>) {
  const sample = new Verification({ precision: 'ns', ordered: true, random: () => 0.5 });
  const batch = batchOf(Array.from({ length: 20 }, (_, i) => `m,t=a f=${i} ${i}`));
  sample.sample(batch);
  sample.settled(batch, { loaded: [{ from: 0, to: 20 }], rejected: [], undelivered: [] });
  let [queries, inFlight, maxInFlight] = [0, 0, 0];
  const sizes: number[] = [];
  const target = {
    traits: { countsPoints: false },
    readBack: async (points: readonly PointValues[]) => {
      sizes.push(points.length);
      inFlight += 1;
      maxInFlight = Math.max(maxInFlight, inFlight);
      const answered = await answer(points, queries++);
      inFlight -= 1;
      return answered;
    },
  } as unknown as Target;
  return { report: () => sample.report(target, never), sizes, maxInFlight: () => maxInFlight };
}

test('the sample is read back one point a query, at most four at a time', async () => {
  const { report, sizes, maxInFlight } = verification(async (points) => {
    await new Promise((resolve) => setImmediate(resolve));
    return [...points];
  });
  expect(await report()).toMatchObject({ sampled: 20, found: 20, equal: 20, differences: [] });
  expect(sizes).toEqual(Array.from({ length: 20 }, () => 1));
  expect(maxInFlight()).toBe(4);
});

test('1,000 of many points are sampled', async () => {
  const sample = new Verification({ precision: 'ns', ordered: true, random: randomFractions(7) });
  for (let ordinal = 0; ordinal < 6; ordinal += 1) {
    const lines = Array.from({ length: 1000 }, (_, i) => `m,t=a f=${i} ${1000 * ordinal + i}`);
    const batch = { ...batchOf(lines), ordinal };
    sample.sample(batch);
    sample.settled(batch, { loaded: [{ from: 0, to: 1000 }], rejected: [], undelivered: [] });
  }
  const times = new Set<bigint>();
  const readBack = async (points: readonly PointValues[]) => {
    for (const { time } of points) times.add(time);
    return [...points];
  };
  const target = { traits: { countsPoints: false }, readBack } as unknown as Target;
  expect(await sample.report(target, never)).toMatchObject({ sampled: 1000, found: 1000, equal: 1000 });
  // Distinct points, and each batch has its part of them.
  expect(times.size).toBe(1000);
  for (let ordinal = 0; ordinal < 6; ordinal += 1)
    expect([...times].filter((time) => time / 1000n === BigInt(ordinal)).length).toBeGreaterThan(100);
});

test('missing and different points are counted and listed', async () => {
  const other = pointValues(Buffer.from('m,t=a f=99 1'), 'ns');
  const { report } = verification(async (points, query) =>
    query === 0 ? [null] : query === 1 ? [other] : [...points],
  );
  const found = await report();
  expect(found).toMatchObject({ sampled: 20, found: 19, equal: 18 });
  expect(found.differences.map(({ field, got }) => [field, got])).toEqual([
    [null, null],
    ['f', '99'],
  ]);
  expect(verifyError(found, 20)?.message).toContain('found 2 points missing or with other values (1 missing)');
});

test('a query that fails ends with verify-failed, and its message does not repeat the query', async () => {
  const { report } = verification(async (points, query) => {
    if (query < 12) return [...points];
    throw new UnavailableError({
      tried: 'querying',
      expected: 'rows',
      found: `no answer within 30s to SELECT "f" FROM "m" WHERE ${'t = 1 OR '.repeat(5000)}`,
      fix: '',
    });
  });
  const error = await report().catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(VerifyError);
  const { message, outcome } = error as VerifyError;
  expect(outcome).toBe('verify-failed');
  expect(message).not.toContain('SELECT');
  expect(message).toMatch(/found 12 points, then this error: no answer within 30s to the query/);
  expect(message.length).toBeLessThan(300);
});

test('a target that cannot count its points is not asked to', async () => {
  const sample = new Verification({ precision: 'ns', ordered: true, random: () => 0.5 });
  const target = { traits: { countsPoints: false }, count: () => expect.unreachable() } as unknown as Target;
  await sample.begin(target, ['m'], never);
  expect(await sample.report(target, never)).toMatchObject({ sampled: 0, tables: [] });
});

test('a query that fails with a plain message is described by this message', async () => {
  const { report } = verification(() => Promise.reject(new UnavailableError('no endpoint')));
  await expect(report()).rejects.toThrow('found 0 points, then this error: no endpoint');
});

/** Samples all points of `first`, then books both batches as loaded, and reads back what `stored` says. */
async function replaced(first: string[], second: string[], stored: string[], ordered = true) {
  const sample = new Verification({ precision: 'ns', ordered, random: () => 0 });
  const [one, two] = [batchOf(first), { ...batchOf(second), ordinal: 1 }];
  const all = (points: number) => ({ loaded: [{ from: 0, to: points }], rejected: [], undelivered: [] });
  sample.sample(one);
  sample.settled(one, all(first.length));
  sample.settled(two, all(second.length));
  const found = new Map(stored.map((line) => [pointValues(Buffer.from(line), 'ns').time, line]));
  const target = {
    traits: { countsPoints: false },
    readBack: async ([point]: readonly PointValues[]) => {
      const line = found.get(point!.time);
      return [line === undefined ? null : pointValues(Buffer.from(line), 'ns')];
    },
  } as unknown as Target;
  const { differences } = await sample.report(target, never);
  return differences.map(({ field, expected, got }) => [field, expected, got]);
}

test('a point that a later batch replaced has the later values, if batches are sent one after another', async () => {
  expect(await replaced(['m,t=a f=1 5'], ['m,t=a f=2 5'], ['m,t=a f=2 5'])).toEqual([]);
  expect(await replaced(['m,t=a f=1 5'], ['m,t=a f=2 5'], ['m,t=a f=1 5'])).toEqual([['f', '2', '1']]);
});

test('either value is right if two batches with one point are sent at the same time', async () => {
  expect(await replaced(['m,t=a f=1 5'], ['m,t=a f=2 5'], ['m,t=a f=1 5'], false)).toEqual([]);
  expect(await replaced(['m,t=a f=1 5'], ['m,t=a f=2 5'], ['m,t=a f=2 5'], false)).toEqual([]);
  expect(await replaced(['m,t=a f=1 5'], ['m,t=a f=2 5'], ['m,t=a f=3 5'], false)).toEqual([['f', '2', '3']]);
});

test.each([
  ['another table', 'n,t=a f=2 5'],
  ['another time', 'm,t=a f=2 6'],
  ['another tag value', 'm,t=b f=2 5'],
  ['the same letters in another order', 't,m=a f=2 5'],
  ['one more tag', 'm,t=a,u=b f=2 5'],
  ['one equal and one other tag', 'm,t=a,v=b f=2 5'],
  ['one tag less', 'm f=2 5'],
])('a later point with %s replaces nothing', async (_, other) => {
  const first = other.includes('v=') ? 'm,t=a,v=a f=1 5' : 'm,t=a f=1 5';
  expect(await replaced([first], [other], [first])).toEqual([]);
});

test.each([
  ['in another order', 'm,t=a,u=b f=1 5', 'm,u=b,t=a f=2 5'],
  ['with another escape', String.raw`m,t=a\=b f=1 5`, 'm,t=a=b f=2 5'],
  ['with an escape that the sampled point lacks', 'm,t=a=b f=1 5', String.raw`m,t=a\=b f=2 5`],
])('a later point with the same tags %s replaces the values', async (_, first, later) => {
  expect(await replaced([first], [later], [later])).toEqual([]);
  expect(await replaced([first], [later], [first])).toEqual([['f', '2', '1']]);
});

test('a point that was not loaded replaces nothing', async () => {
  const sample = new Verification({ precision: 'ns', ordered: true, random: () => 0 });
  const batch = batchOf(['m f=1 1', 'm f=2 1']);
  sample.sample(batch);
  sample.settled(batch, { loaded: [{ from: 0, to: 1 }], rejected: [], undelivered: [{ from: 1, to: 2 }] });
  const target = { traits: { countsPoints: false }, readBack: async (points: readonly PointValues[]) => [...points] };
  expect(await sample.report(target as unknown as Target, never)).toMatchObject({ sampled: 1, equal: 1 });
});

test('within a batch the later of two equal points stays', async () => {
  expect(await replaced(['m,t=a f=1 5', 'm,t=a f=2 5'], ['x f=1 9'], ['m,t=a f=2 5'], false)).toEqual([]);
});

test('points that were not loaded are not read back', async () => {
  const sample = new Verification({ precision: 'ns', ordered: true, random: () => 0 });
  const batch = batchOf(['m f=1 1', 'm f=2 2', 'm f=3 3']);
  sample.sample(batch);
  sample.settled(batch, {
    loaded: [{ from: 1, to: 2 }],
    rejected: [],
    undelivered: [
      { from: 0, to: 1 },
      { from: 2, to: 3 },
    ],
  });
  const target = { traits: { countsPoints: false }, readBack: async (points: readonly PointValues[]) => [...points] };
  expect(await sample.report(target as unknown as Target, never)).toMatchObject({ sampled: 1, found: 1, equal: 1 });
});

test('tables are counted before and after, unless the target cannot count', async () => {
  const counted = async (countsPoints: boolean, tables: readonly string[]) => {
    const sample = new Verification({ precision: 'ns', ordered: true, random: () => 0 });
    let count = 10;
    const target = {
      traits: { countsPoints },
      count: async () => count,
      readBack: async (points: readonly PointValues[]) => [...points],
    } as unknown as Target;
    await sample.begin(target, tables, never);
    count = 11;
    const batch = batchOf(['m f=1 1']);
    sample.sample(batch);
    sample.settled(batch, { loaded: [{ from: 0, to: 1 }], rejected: [], undelivered: [] });
    return (await sample.report(target, never)).tables;
  };
  expect(await counted(true, ['m', 'n'])).toEqual([{ table: 'm', countBefore: 10, countAfter: 11 }]);
  expect(await counted(true, ['n'])).toEqual([{ table: 'm', countBefore: 0, countAfter: 11 }]);
  expect(await counted(false, ['m'])).toEqual([]);
  const many = Array.from({ length: 201 }, (_, i) => `t${i}`);
  expect(await counted(true, many)).toEqual([{ table: 'm', countBefore: null, countAfter: 11 }]);
});

/** A target that counts points by table, and answers each query with the point it is asked for unless `found` says otherwise. */
function counting(counts: Record<string, number>, found = (point: PointValues): PointValues | null => point): Target {
  return {
    traits: { countsPoints: true },
    count: async (table: string) => counts[table] ?? null,
    readBack: async (points: readonly PointValues[]) => points.map(found),
  } as unknown as Target;
}

async function reportOf(lines: string[], target: Target, tables: readonly string[] = []) {
  const sample = new Verification({ precision: 'ns', ordered: true, random: () => 0.5 });
  await sample.begin(target, tables, never);
  const batch = batchOf(lines);
  sample.sample(batch);
  sample.settled(batch, { loaded: [{ from: 0, to: lines.length }], rejected: [], undelivered: [] });
  return await sample.report(target, never);
}

test('tables are counted before and after, and a table that was not there had no point', async () => {
  const counts = { m: 5 };
  expect((await reportOf(['n f=1 1', 'm f=1 1'], counting(counts), ['m'])).tables).toEqual([
    { table: 'm', countBefore: 5, countAfter: 5 },
    { table: 'n', countBefore: 0, countAfter: null },
  ]);
  const silent = { ...counting(counts), traits: { countsPoints: false } } as unknown as Target;
  expect((await reportOf(['m f=1 1'], silent, ['m'])).tables).toEqual([]);
});

test('of more than 200 tables the count before is unknown where it was not taken', async () => {
  const tables = (n: number): string[] => Array.from({ length: n }, (_, i) => `t${String(i).padStart(3, '0')}`);
  const before = async (n: number): Promise<number | null | undefined> =>
    (await reportOf(['x f=1 1'], counting({}), tables(n))).tables[0]?.countBefore;
  expect([await before(200), await before(201)]).toEqual([0, null]);
});

test('points longer than 4 KiB are not sampled', async () => {
  const line = (bytes: number): string => `m s="${'x'.repeat(bytes - 'm s="" 1'.length)}" 1`;
  expect((await reportOf([line(4096)], counting({}))).sampled).toBe(1);
  expect((await reportOf([line(4097)], counting({}))).sampled).toBe(0);
});

test('at most a hundred differences are listed, and all are counted', async () => {
  const lines = Array.from({ length: 120 }, (_, i) => `m f=${i} ${i}`);
  const report = await reportOf(
    lines,
    counting({}, () => null),
  );
  expect([report.differences.length, report.found, report.equal]).toEqual([100, 0, 0]);
});

test('the error of a verification names the first difference, and there is none without one', async () => {
  const missing = await reportOf(
    ['m,t=a f=1 5'],
    counting({}, () => null),
  );
  expect(verifyError(missing, 1)?.message).toContain(
    'found 1 point missing or with other values (1 missing); first: m,t=a 5 is missing',
  );
  const other = pointValues(Buffer.from('m,t=a f=2 5'), 'ns');
  const wrong = await reportOf(
    ['m,t=a f=1 5'],
    counting({}, () => other),
  );
  expect(verifyError(wrong, 1)?.message).toContain(
    '1 point missing or with other values (0 missing); first: m,t=a 5 f: sent 1, found 2',
  );
  const bare = pointValues(Buffer.from('m,t=a g=2 5'), 'ns');
  const without = await reportOf(
    ['m,t=a f=1 5'],
    counting({}, () => bare),
  );
  expect(verifyError(without, 1)?.message).toContain('m,t=a 5 f: sent 1, found nothing');
  expect(verifyError({ ...wrong, differences: [] }, 1)?.message).not.toContain('first:');
  expect(verifyError(await reportOf(['m f=1 5'], counting({})), 1)).toBeNull();
});

test('a defect while the sample is read back is not a failed verification', async () => {
  const target = counting({}, () => {
    throw new RangeError('no');
  });
  await expect(reportOf(['m f=1 1'], target)).rejects.toThrow(RangeError);
});

test('points of several loaded ranges stay in the sample', async () => {
  const sample = new Verification({ precision: 'ns', ordered: true, random: () => 0.5 });
  const batch = batchOf(['m f=1 1', 'm f=2 2', 'm f=3 3']);
  sample.sample(batch);
  const loaded = [
    { from: 0, to: 1 },
    { from: 2, to: 3 },
  ];
  sample.settled(batch, { loaded, rejected: [], undelivered: [{ from: 1, to: 2 }] });
  expect((await sample.report(counting({}), never)).sampled).toBe(2);
});

test('a field that only the later point has is not expected of the sampled one', async () => {
  expect(await replaced(['m,t=a f=1 5'], ['m,t=a f=2,g=3 5'], ['m,t=a f=2 5'])).toEqual([]);
});
