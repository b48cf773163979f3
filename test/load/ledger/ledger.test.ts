import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { BugError, InputError, StateError, TooManyRejectsError } from '../../../src/core/errors.js';
import type { Receipt } from '../../../src/core/types/index.js';
import { type Allowance, Ledger, within } from '../../../src/load/ledger/ledger.js';
import { DeadLetters } from '../../../src/state/dead-letters/dead-letters.js';
import { batch, contents, folder, reject } from './support.js';

const load = '0123456789ab';
const receipt = (more: Partial<Receipt>): Receipt => ({ loaded: [], rejected: [], undelivered: [], ...more });
const refused = (point: number) => ({ point, reason: 'target-parse', message: 'no', endpoint: 'http://one:8902' });

async function opened(maxRejected: Allowance = { count: 1000 }, fleet?: ConstructorParameters<typeof Ledger>[3]) {
  const path = await folder();
  const letters = new DeadLetters(path, load);
  await letters.prepare('now');
  onTestFinished(() => letters.close(null).catch(() => {})); // some have closed it themselves
  return { path, letters, ledger: new Ledger(['a.lp', 'b.lp'], letters, maxRejected, fleet) };
}

describe('the totals', () => {
  test('the totals balance in any order of settled batches', async () => {
    const fate = fc.record({
      input: fc.nat(1),
      loaded: fc.nat(20),
      rejected: fc.nat(3),
      undelivered: fc.nat(5),
      ours: fc.nat(3),
    });
    const { ledger, letters } = await opened({ count: 1e9 });
    const sum = { loaded: 0, rejected: 0, undelivered: 0 };
    await fc.assert(
      fc.asyncProperty(fc.array(fate, { maxLength: 8 }), async (fates) => {
        await Promise.all(
          fates.map(async ({ input, loaded, rejected, undelivered, ours }) => {
            const points = loaded + rejected + undelivered;
            ledger.add(input, points + ours);
            sum.loaded += loaded;
            sum.rejected += rejected + ours;
            sum.undelivered += undelivered;
            const rejects = Array.from({ length: ours }, () => reject('x'));
            await ledger.settle(
              batch(points, { input, rejects }),
              receipt({
                loaded: [{ from: 0, to: loaded }],
                rejected: Array.from({ length: rejected }, (_, i) => refused(loaded + i)),
                undelivered: [{ from: loaded + rejected, to: points }],
              }),
            );
          }),
        );
        ledger.assertBalanced(true);
        expect(ledger.total).toMatchObject(sum);
      }),
      { numRuns: 40 },
    );
    await letters.close(null);
    const [a, b] = ledger.inputs;
    expect(a!.loaded + b!.loaded).toBe(ledger.total.loaded);
  });

  test('a point that was read but not settled is a bug, with the figures', async () => {
    const { ledger } = await opened();
    ledger.add(1, 5);
    await ledger.settle(batch(4, { input: 1 }), receipt({ loaded: [{ from: 0, to: 4 }] }));
    expect(() => ledger.assertBalanced(false)).toThrow(BugError);
    expect(() => ledger.assertBalanced(false)).toThrow(
      'b.lp do not balance: read 5 ≠ loaded 4 + rejected 0 + undelivered 0',
    );
  });

  test('inputs that balance only together are a bug', async () => {
    const { ledger } = await opened();
    ledger.add(0, 4);
    await ledger.settle(batch(4, { input: 1 }), receipt({ loaded: [{ from: 0, to: 4 }] }));
    expect(() => ledger.assertBalanced(false)).toThrow('a.lp');
  });

  test('a total that differs from the sum of its inputs is a bug', async () => {
    const { ledger } = await opened();
    Object.assign(ledger.total, { read: 1 });
    expect(() => ledger.assertBalanced(false)).toThrow('the totals of all inputs do not balance: read 1 ≠ loaded 0');
  });

  test('abandoned points are undelivered, which only a stopped run may have', async () => {
    const { ledger } = await opened();
    ledger.add(0, 3);
    ledger.abandon(0, 3);
    expect(() => ledger.assertBalanced(false)).toThrow('3 points are undelivered, but the run was not stopped');
    expect(() => ledger.assertBalanced(true)).not.toThrow();
  });

  test('batches, cuts, values and bytes are counted for the summary', async () => {
    const { ledger } = await opened();
    ledger.add(0, 20);
    const all = receipt({ loaded: [{ from: 0, to: 5 }] });
    const shapes = [{ table: 'm', columns: [] }];
    await ledger.settle(batch(5, { values: 10, cut: 'shape' }), all);
    await ledger.settle(batch(5, { values: 10, cut: 'bytes', introduces: shapes }), all);
    const halves = [
      { from: 0, to: 2 },
      { from: 3, to: 5 },
    ];
    await ledger.settle(batch(5, { values: 10, cut: 'idle' }), receipt({ loaded: halves, rejected: [refused(2)] }));
    await ledger.settle(batch(5, { values: 10 }), receipt({ undelivered: [{ from: 0, to: 5 }] }));
    expect(ledger).toMatchObject({ batches: 3, alone: 1, values: 28 });
    expect(ledger.cuts).toEqual({ points: 1, bytes: 1, inputEnd: 0, idle: 1, split: 1 });
    // Undelivered points settle no bytes.
    expect(ledger.inputs[0]!.bytes).toBe(3 * 40);
  });
});

describe('rejects', () => {
  test('rejects of ours and of the target are in the dead letters, grouped by reason with the first example', async () => {
    const { path, ledger, letters } = await opened();
    ledger.add(1, 5);
    const ours = [reject('m f=x', { line: 7, byteOffset: 90 }), reject('m f=y', { line: 8, message: 'later' })];
    await ledger.settle(
      batch(3, { input: 1, rejects: ours }),
      receipt({ loaded: [{ from: 0, to: 2 }], rejected: [refused(2)] }),
    );
    expect(ledger.total).toEqual({ read: 5, loaded: 2, rejected: 3, undelivered: 0 });
    expect(Object.fromEntries(ledger.byReason)).toEqual({ 'bad-number': 2, 'target-parse': 1 });
    expect(ledger.examples.get('bad-number')).toBe('b.lp:7: no number');
    expect(ledger.examples.get('target-parse')).toBe('b.lp:3: no');
    await letters.close(await letters.finalName('T'));
    const files = await contents(path);
    expect(files[`${load}.rejected-T.lp`]).toBe('m f=x\nm f=y\nm f=2 2\n');
    const last = files[`${load}.rejected-T.ndjson`]!.trimEnd().split('\n').at(-1)!;
    expect(JSON.parse(last)).toMatchObject({ line: 3, byteOffset: 16, bytes: 7, endpoint: 'http://one:8902' });
  });

  test('rejects are written before they are counted', async () => {
    const { path, ledger } = await opened();
    ledger.add(0, 1);
    const settled = ledger.settle(batch(0, { rejects: [reject('x')] }), receipt({}));
    expect(ledger.total.rejected).toBe(0);
    await settled;
    expect(ledger.total.rejected).toBe(1);
    expect((await contents(path))[`${load}.rejected.lp`]).toBe('x\n');
  });

  test('a point in parts counts once, with its last part, and the first part is the example', async () => {
    const { ledger } = await opened();
    ledger.add(0, 1);
    const first = reject('abc', { part: 'first', reason: 'too-long', message: 'a long line' });
    const last = reject('def', { part: 'last', reason: 'too-long', message: 'the rest of it', byteOffset: 3 });
    await ledger.settle(batch(0, { rejects: [first] }), receipt({}));
    expect(ledger.total.rejected).toBe(0);
    await ledger.settle(batch(0, { rejects: [last] }), receipt({}));
    expect(ledger.total.rejected).toBe(1);
    expect(Object.fromEntries(ledger.byReason)).toEqual({ 'too-long': 1 });
    expect(ledger.examples.get('too-long')).toBe('a.lp:1: a long line');
    expect(() => ledger.assertBalanced(false)).not.toThrow();
  });

  test('rejects that cannot be written are undelivered, and loaded points stay loaded', async () => {
    const nowhere = new DeadLetters(join(await folder(), 'missing'), load);
    const ledger = new Ledger(['a.lp'], nowhere, { count: 10 });
    ledger.add(0, 4);
    const settled = ledger.settle(
      batch(3, { rejects: [reject('x')] }),
      receipt({ loaded: [{ from: 0, to: 2 }], rejected: [refused(2)] }),
    );
    const error = await settled.catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(StateError);
    expect(ledger.total).toEqual({ read: 4, loaded: 2, rejected: 0, undelivered: 2 });
    expect(ledger.byReason.size).toBe(0);
    expect(() => ledger.assertBalanced(true)).not.toThrow();
  });
});

describe('--max-rejected', () => {
  test('one reject more than allowed stops the load, after it was booked', async () => {
    const { ledger } = await opened({ count: 2 });
    ledger.add(0, 10);
    const settle = (count: number) =>
      ledger.settle(batch(0, { rejects: Array.from({ length: count }, () => reject('x')) }), receipt({}));
    await settle(2);
    expect(ledger.mayReject(0)).toBe(true);
    expect(ledger.mayReject(1)).toBe(false);
    const error = await settle(1).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(TooManyRejectsError);
    expect((error as Error).message).toContain(
      'at most 2 rejected points (--max-rejected), found 3 rejected of 10 read',
    );
    expect(ledger.total.rejected).toBe(3);
  });

  test.each<[number, number, Allowance, boolean]>([
    [0, 0, { count: 0 }, true],
    [1, 1_000_000, { count: 0 }, false],
    [99_999, 99_999, { percent: 1 }, true],
    [100_000, 100_000, { percent: 1 }, false],
    [1000, 100_000, { percent: 1 }, true],
    [1001, 100_000, { percent: 1 }, false],
    [1, 100_000, { percent: 0 }, false],
    [500_000, 500_000, { percent: 100 }, true],
  ])('%i rejects of %i points within %o: %s', (rejected, read, allowance, expected) => {
    expect(within(rejected, read, allowance)).toBe(expected);
  });
});

describe('the totals of a fleet', () => {
  const fleetOf = (elsewhere = { read: 0, rejected: 0 }) => {
    const reports: object[] = [];
    const report = (totals: object) => Promise.resolve(void reports.push({ ...totals }));
    return { elsewhere, report, reports };
  };

  test('a worker reports its totals after each batch with rejects', async () => {
    const fleet = fleetOf();
    const { ledger } = await opened({ count: 9 }, fleet);
    ledger.add(0, 3);
    await ledger.settle(batch(2), receipt({ loaded: [{ from: 0, to: 2 }] }));
    expect(fleet.reports).toEqual([]);
    await ledger.settle(batch(0, { rejects: [reject('x')] }), receipt({}));
    expect(fleet.reports).toEqual([{ read: 3, loaded: 2, rejected: 1, undelivered: 0 }]);
  });

  test('the points of the other workers count, and only a batch with rejects ends a worker', async () => {
    const { ledger } = await opened({ percent: 5 }, fleetOf({ read: 120_000, rejected: 6_010 }));
    ledger.add(0, 10);
    await ledger.settle(batch(9), receipt({ loaded: [{ from: 0, to: 9 }] }));
    await expect(ledger.settle(batch(0, { rejects: [reject('x')] }), receipt({}))).rejects.toThrow(
      'expected at most 5% rejected points (--max-rejected), found 6,011 rejected of 120,010 read',
    );
  });
});

test('only a batch with loaded points counts as sent alone', async () => {
  const { ledger } = await opened();
  const introduces = [{ table: 'm', columns: [] }];
  ledger.add(0, 2);
  await ledger.settle(batch(1, { introduces }), receipt({ rejected: [refused(0)] }));
  expect(ledger.alone).toBe(0);
  await ledger.settle(batch(1, { introduces }), receipt({ loaded: [{ from: 0, to: 1 }] }));
  expect(ledger.alone).toBe(1);
});

test('a listener learns whether the dead letters have the rejects of a batch', async () => {
  const { ledger, letters } = await opened();
  const stored: boolean[] = [];
  ledger.onBooked((_batch, _receipt, isStored) => stored.push(isStored));
  await ledger.settle(batch(0, { rejects: [reject('x')] }), receipt({}));
  letters.write = () => Promise.reject(new StateError('the disk is full'));
  await expect(ledger.settle(batch(0, { rejects: [reject('x')] }), receipt({}))).rejects.toThrow(StateError);
  expect(stored).toEqual([true, false]);
});

test('an input has the rejects of all its batches by reason', async () => {
  const { ledger } = await opened();
  for (const reason of ['bad-number', 'no-fields', 'bad-number'])
    await ledger.settle(batch(0, { rejects: [reject('x', { reason })] }), receipt({}));
  expect([...ledger.inputs[0]!.reasons!]).toEqual([
    ['bad-number', 2],
    ['no-fields', 1],
  ]);
});

test('the bytes of a batch are those of its span, less a share for each undelivered point, rounded down', async () => {
  const { ledger } = await opened();
  const span = { ...batch(3).span, bytes: 100 };
  await ledger.settle(batch(0, { span, rejects: [reject('x')] }), receipt({}));
  expect(ledger.inputs[0]!.bytes).toBe(100);
  await ledger.settle(batch(3, { span }), receipt({ loaded: [{ from: 0, to: 2 }], undelivered: [{ from: 2, to: 3 }] }));
  expect(ledger.inputs[0]!.bytes).toBe(166);
});

describe('the totals of earlier runs', () => {
  const earlier = { loaded: 7, rejected: 2, bytes: 900, values: 21, reasons: { 'bad-number': 2 } };

  test('earlier runs count for the load and its input, and not for this run', async () => {
    const { ledger } = await opened();
    ledger.resume(1, earlier);
    expect(ledger.total).toEqual({ read: 9, loaded: 7, rejected: 2, undelivered: 0 });
    expect(ledger.settled).toBe(9);
    expect(ledger.thisRun).toEqual({ read: 0, loaded: 0, rejected: 0 });
    expect(ledger.inputs[1]).toMatchObject({ read: 9, loaded: 7, rejected: 2, bytes: 900, values: 21 });
    expect(ledger.inputs[0]).toMatchObject({ read: 0, loaded: 0, bytes: 0 });
    expect(ledger.values).toBe(21);
    expect([...ledger.byReason]).toEqual([['bad-number', 2]]);
    ledger.add(1, 3);
    await ledger.settle(batch(3, { input: 1 }), receipt({ loaded: [{ from: 0, to: 3 }] }));
    expect(ledger.thisRun).toEqual({ read: 3, loaded: 3, rejected: 0 });
    ledger.assertBalanced(false);
  });

  test('an input that starts again takes its earlier totals back', async () => {
    const { ledger } = await opened();
    ledger.resume(0, earlier);
    ledger.resume(0, earlier, -1);
    expect(ledger.total).toEqual({ read: 0, loaded: 0, rejected: 0, undelivered: 0 });
    expect(ledger.inputs[0]).toMatchObject({ read: 0, loaded: 0, rejected: 0, bytes: 0, values: 0 });
    expect(ledger.values).toBe(0);
    expect(ledger.byReason.size).toBe(0);
  });
});

test('a batch that is loaded in part counts values and bytes in proportion', async () => {
  const { ledger } = await opened();
  const half = batch(4, { values: 8 });
  ledger.add(0, 4);
  await ledger.settle(half, receipt({ loaded: [{ from: 0, to: 1 }], undelivered: [{ from: 1, to: 4 }] }));
  expect(ledger.values).toBe(2);
  expect(ledger.inputs[0]).toMatchObject({ values: 2, bytes: Math.floor(half.span.bytes / 4) });
});

test('a load with undelivered points that was not stopped is a bug', async () => {
  const { ledger } = await opened();
  ledger.add(0, 1);
  await ledger.settle(batch(1), receipt({ undelivered: [{ from: 0, to: 1 }] }));
  expect(() => ledger.assertBalanced(false)).toThrow('1 points are undelivered, but the run was not stopped');
  expect(() => ledger.assertBalanced(true)).not.toThrow();
});

test('a defect while rejects are written is thrown as it is', async () => {
  const { ledger, letters } = await opened();
  letters.write = () => Promise.reject(new TypeError('x is not a function'));
  ledger.add(0, 1);
  await expect(ledger.settle(batch(0, { rejects: [reject('x')] }), receipt({}))).rejects.toThrow(TypeError);
});

test('the error of an input is kept with it', async () => {
  const { ledger } = await opened();
  const error = new InputError('it ends too early');
  ledger.fail(1, error);
  expect(ledger.inputErrors).toEqual([error]);
  expect(ledger.inputs.map((each) => each.error)).toEqual([null, 'it ends too early']);
});
