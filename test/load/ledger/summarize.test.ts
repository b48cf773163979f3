import { expect, test } from 'vitest';
import { InputError } from '../../../src/core/errors.js';
import { Ledger } from '../../../src/load/ledger/ledger.js';
import { Meter } from '../../../src/load/ledger/meter.js';
import { outcomeOf, type SummaryInput, summarize } from '../../../src/load/ledger/summarize.js';
import { DeadLetters } from '../../../src/state/dead-letters/dead-letters.js';
import { batch } from './support.js';

async function summaryOf(sendSeconds: number, own: Partial<SummaryInput> = {}) {
  const letters = new DeadLetters('/none', '0123456789ab', { mark: new Uint8Array(0), maxBytes: 0 });
  const ledger = new Ledger(['a'], letters, { count: 0 });
  ledger.add(0, 5);
  await ledger.settle(batch(5), { loaded: [{ from: 0, to: 5 }], rejected: [], undelivered: [] });
  const facts = {
    ...{ version: '1', startedMs: 0, endedMs: 5000, seconds: 5, bytes: { read: 10, decoded: 30 } },
    ...{ phases: { startSeconds: 1, sendSeconds, verifySeconds: 2 }, inputs: [{ name: 'a', format: 'lp' }] },
    ...{ endpoints: [], error: null, target: null, throttle: null, deadLetters: null, shard: null },
    ...{ introduced: { tables: 0, columns: 0 }, resumedFromByte: () => 0 },
    ...own,
  } as unknown as SummaryInput;
  return summarize(ledger, new Meter(), facts);
}

test('the rate is that of the time in which points are sent', async () => {
  expect((await summaryOf(2)).rate).toEqual({ pointsPerSecond: 3, decodedBytesPerSecond: 15 });
  expect((await summaryOf(0.5)).rate).toEqual({ pointsPerSecond: 10, decodedBytesPerSecond: 60 });
  expect((await summaryOf(0)).rate).toEqual({ pointsPerSecond: 0, decodedBytesPerSecond: 0 });
});

test('figures of a run that planned no memory are zero or absent', async () => {
  expect((await summaryOf(2)).rejects).toEqual({ byReason: {}, deadLetters: null, reasons: null });
  expect((await summaryOf(2)).target).toEqual({
    ...{ version: null, planBytesPerNode: null, estimatedPeakBytesPerNode: null, flushes: 0, rinses: 0, nodeDeaths: 0 },
    ...{ gaugeDifferenceBytes: null, advice: null, newTables: 0, newColumns: 0 },
  });
});

test('a summary has the version of its form, the message of the error, and the paths of the dead letters', async () => {
  expect(await summaryOf(2)).toMatchObject({ formatVersion: 1, reason: null });
  const paths = { points: ['/state/a.lp'], reasons: '/state/a.ndjson' };
  const failed = await summaryOf(2, { error: new InputError('it ends too early'), deadLetters: paths });
  expect(failed).toMatchObject({
    ...{ reason: 'it ends too early', rejects: { deadLetters: ['/state/a.lp'], reasons: '/state/a.ndjson' } },
  });
});

const total = { read: 3, loaded: 2, rejected: 1, undelivered: 0, bytes: 0, values: 0 };
const ended = (inputErrors: InputError[], minPoints: number, accepted: boolean) =>
  outcomeOf({ inputErrors, total } as unknown as Ledger, minPoints, accepted);

test('a bad input comes before too few points, and these before rejects', () => {
  const [one, two] = [new InputError('first', { retryHelps: false }), new InputError('second')];
  expect(ended([one], 4, true)).toEqual({ outcome: 'input', error: one });
  expect(ended([one, two], 4, true).error).toMatchObject({ message: 'first (and 1 more input)', retryHelps: true });
  expect(ended([one, one], 4, true).error!.retryHelps).toBe(false);
  const parts = new InputError({ tried: 'reading a.lp', expected: 'a line', found: 'an end', fix: '' });
  expect(ended([parts, two, two], 4, true).error!.message).toBe(
    'reading a.lp (and 2 more inputs): expected a line, found an end.',
  );
  expect(ended([], 4, true).error!.message).toMatch(/at least 4 points \(--min-points\), found 3/);
  expect([ended([], 3, true).outcome, ended([], 3, false).outcome]).toEqual(['complete', 'complete-with-rejects']);
});
