import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isEqual } from '../../src/audit/audit.js';
import { auditInMemory, MemoryTarget } from '../support/audit.js';

const start = 1_640_995_200_000_000_000n;
const second = 1_000_000_000n;

/** One point of one of 20 series and two tables. */
const line = (i: number, fields = `x=${i}.5,y=${i}i`, time = start + BigInt(i) * second): string =>
  `${i % 2 === 0 ? 'even' : 'odd'},host=h${i % 20} ${fields} ${time}`;
const lines = (n: number): string[] => Array.from({ length: n }, (_, i) => line(i));
const text = (some: readonly string[]): string => some.map((each) => `${each}\n`).join('');

function targetWith(some: readonly string[]): MemoryTarget {
  const target = new MemoryTarget();
  target.write(text(some));
  return target;
}

test('equal sides are equal after one read of each', async () => {
  const target = targetWith(lines(1_000).reverse());
  const report = await auditInMemory({ inputs: text(lines(1_000)), target });
  expect(isEqual(report)).toBe(true);
  expect(report.inputs).toMatchObject({ points: 1_000, values: 2_000 });
  expect(report.target).toEqual({ points: 1_000, values: 2_000 });
  expect(report.windows).toEqual({ total: 2, differing: 0 });
  expect(target.scans).toBe(2);
});

test('a fault of each kind is found in 40,000 points, and only its window is read again', async () => {
  const all = lines(40_000);
  const faulty = [...all];
  faulty[100] = line(100, 'x=100.5,y=101i'); // value
  faulty[2_001] = line(2_001, 'x=2001.5000000000002,y=2001i'); // last bits of a float
  faulty[3_000] = line(3_000, 'x=3000.5,z=3000i'); // other column
  faulty[4_001] = line(4_001, undefined, start + 4_001n * second + 1n); // other time
  faulty.push(line(5_000, undefined, start + 5_000n * second + 7n)); // extra
  faulty.splice(6_001, 1); // missing
  const report = await auditInMemory({ inputs: text(all), target: targetWith(faulty) });
  expect(report.differences).toMatchObject({ missing: 2, extra: 2, different: 3, overwritten: 0 });
  expect(report.windows.differing).toBeLessThan(report.windows.total);
  expect(report.differences.listed.map(({ kind, table, tags, fields }) => [kind, table, tags, fields])).toEqual([
    ['different', 'even', { host: 'h0' }, [{ name: 'y', expected: '100i', found: '101i' }]],
    [
      'different',
      'even',
      { host: 'h0' },
      [
        { name: 'y', expected: '3000i', found: null },
        { name: 'z', expected: null, found: '3000i' },
      ],
    ],
    ['extra', 'even', { host: 'h0' }, []],
    ['different', 'odd', { host: 'h1' }, [{ name: 'x', expected: '2001.5', found: '2001.5000000000002' }]],
    ['missing', 'odd', { host: 'h1' }, []],
    ['extra', 'odd', { host: 'h1' }, []],
    ['missing', 'odd', { host: 'h1' }, []],
  ]);
});

test('the last of several lines of one point counts, and an earlier one in the target is named', async () => {
  const inputs = [line(0, 'x=1'), line(1, 'x=1'), line(0, 'x=2'), line(1, 'x=2,y=5i'), line(2, 'x=1'), line(2, 'x=1')];
  const equal = await auditInMemory({ inputs: text(inputs), target: targetWith(inputs) });
  expect(isEqual(equal)).toBe(true);
  expect(equal.inputs.overwritten).toBe(2);
  const reversed = await auditInMemory({ inputs: text(inputs), target: targetWith([...inputs].reverse()) });
  expect(reversed.differences).toMatchObject({ overwritten: 2, different: 0, missing: 0, extra: 0 });
  expect(reversed.differences.listed[0]).toMatchObject({ fields: [{ name: 'x', expected: '2', found: '1' }] });
});

test('fields of one point on several lines are equal to one row', async () => {
  const inputs = [line(0, 'x=1'), line(0, 'y=2i'), line(0, 'z=t')];
  const report = await auditInMemory({ inputs: text(inputs), target: targetWith([line(0, 'x=1,y=2i,z=true')]) });
  expect(report.windows.differing).toBe(0);
  expect(report).toMatchObject({ inputs: { points: 3, values: 3 }, target: { points: 1, values: 3 } });
});

test('--repair loads missing, different and overwritten points again, and checks their windows', async () => {
  const inputs = [...lines(500), line(7, 'x=70'), line(7, 'x=71')];
  const faulty = lines(500).filter((_, i) => i % 50 !== 3);
  faulty[9] = line(10, 'x=-1,y=10i');
  const target = targetWith(faulty);
  const report = await auditInMemory({ inputs: text(inputs), target, repair: true });
  expect(report.differences).toMatchObject({ missing: 10, different: 1, overwritten: 1, extra: 0 });
  expect(report.repair).toEqual({ points: 12, differingWindows: 0 });
  expect(isEqual(report)).toBe(true);
  expect(isEqual(await auditInMemory({ inputs: text(inputs), target }))).toBe(true);
});

test('a point that only the target has stays there, and the sides stay different', async () => {
  const target = targetWith([...lines(10), line(4, 'x=1', start + 3n * second + 1n)]);
  const report = await auditInMemory({ inputs: text(lines(10).slice(1)), target, repair: true });
  expect(report.differences).toMatchObject({ extra: 1, missing: 0 });
  expect(report.repair).toBeNull();
  expect(isEqual(report)).toBe(false);
});

test('only the range of the inputs is compared, or the given range', async () => {
  const target = targetWith([...lines(10), line(0, 'x=1', start - 1n), line(1, 'x=1', start + 10n * second)]);
  const inputs = text(lines(10));
  expect(isEqual(await auditInMemory({ inputs, target }))).toBe(true);
  const wide = { since: 0n, until: start + 100n * second };
  expect((await auditInMemory({ inputs, target, options: wide })).differences.extra).toBe(2);
  const narrow = { since: start + second, until: start + 3n * second };
  expect(await auditInMemory({ inputs, target, options: narrow })).toMatchObject({
    range: { from: '2022-01-01T00:00:01.000000000Z', to: '2022-01-01T00:00:03.000000000Z' },
    inputs: { points: 2 },
    target: { points: 2 },
  });
});

test('a range without a point is an error, not equal', async () => {
  const options = { since: 0n, until: 1n };
  const audited = auditInMemory({ inputs: text(lines(10)), target: targetWith([]), options });
  await expect(audited).rejects.toThrow('10 points outside this range');
});

test('a scan that breaks off is repeated in pieces, and every point counts once', async () => {
  const target = targetWith(lines(1_000));
  target.brokenScans = 5;
  const report = await auditInMemory({ inputs: text(lines(1_000)), target });
  expect(report.target.points).toBe(1_000);
  expect(isEqual(report)).toBe(true);
});

test('points that differ are already compared with little memory, in many files and rounds', async () => {
  const all = lines(20_000);
  const faulty = all.map((each, i) => (i % 3 === 0 ? line(i, 'x=-1') : each));
  const options = { memoryBytes: 16_000 };
  const report = await auditInMemory({ inputs: text(all), target: targetWith(faulty), options });
  expect(report.differences).toMatchObject({ different: 6_667, missing: 0, extra: 0 });
});

test('an audit that was killed resumes at the next range with the same result, and leaves only its state', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bulk-load-test-'));
  try {
    const inputs = text(lines(1_000));
    const target = targetWith(lines(1_000).map((each, i) => (i === 5 ? line(5, 'x=0') : each)));
    const whole = await auditInMemory({ inputs, target });
    let killed = 0;
    const scan: typeof target.scan = (table, span) => {
      if (table === 'odd' && killed++ === 0) throw new Error('killed');
      return target.scan(table, span);
    };
    await expect(auditInMemory({ inputs, target, options: { folder, scan } })).rejects.toThrow('killed');
    target.scans = 0;
    const reads: number[] = [];
    const options = { folder, progress: (phase: string, done: number) => phase === 'windows' && reads.push(done) };
    expect(await auditInMemory({ inputs, target, options })).toEqual(whole);
    expect(reads[0]).toBe(1);
    expect((await readdir(folder)).sort()).toEqual(['compared.ndjson', 'windows.json']);
    const other = await auditInMemory({ inputs: text(lines(10)), target, options: { folder, identity: 'other' } });
    expect(other.inputs.points).toBe(10);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
