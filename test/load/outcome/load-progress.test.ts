import { expect, test } from 'vitest';
import { type ProgressFacts, percentDone } from '../../../src/load/outcome/load-progress.js';

const settled = (bytes: number, points = 1): ProgressFacts['totals'][number] => ({
  read: points,
  loaded: points,
  rejected: 0,
  bytes,
});
const pending = (bytes: number): ProgressFacts['totals'][number] => ({ read: 2, loaded: 1, rejected: 0, bytes });

/** Facts of two plain inputs of 1000 bytes each that no run has begun. */
function facts(change: Partial<ProgressFacts> = {}): ProgressFacts {
  return {
    inputs: [{ size: 1000 }, { size: 1000 }],
    totals: [settled(0), settled(0)],
    settledPoints: 0,
    limit: null,
    isRead: () => false,
    positionIn: () => null,
    settledBefore: () => 0,
    ...change,
  };
}

test.each<[string, Partial<ProgressFacts>, number | null]>([
  ['nothing is settled', {}, 0],
  [
    'bytes are read ahead but not acknowledged',
    { totals: [pending(0), settled(0)], positionIn: (i) => (i === 0 ? { file: 900, decoded: 900 } : null) },
    0,
  ],
  ['an input is opened but not decoded yet', { positionIn: (i) => (i === 0 ? { file: 900, decoded: 0 } : null) }, 0],
  [
    'half of the first input is acknowledged',
    { totals: [pending(500), settled(0)], positionIn: (i) => (i === 0 ? { file: 900, decoded: 900 } : null) },
    25,
  ],
  [
    'half of a compressed input is acknowledged',
    { totals: [pending(5000), settled(0)], positionIn: (i) => (i === 0 ? { file: 800, decoded: 8000 } : null) },
    25,
  ],
  [
    'an input is read but its last batch is not acknowledged',
    { totals: [pending(990), settled(0)], isRead: (i) => i === 0, positionIn: () => ({ file: 1000, decoded: 1000 }) },
    49.5,
  ],
  ['an input with trailing comments is settled', { totals: [settled(900), settled(0)], isRead: (i) => i === 0 }, 50],
  ['an earlier run settled one input and a part of the other', { settledBefore: (i) => [1000, 300][i]! }, 65],
  [
    'a resumed input was begun',
    {
      totals: [settled(0), pending(400)],
      settledBefore: (i) => (i === 0 ? 1000 : 0),
      positionIn: (i) => (i === 1 ? { file: 600, decoded: 600 } : null),
    },
    70,
  ],
  ['every input is settled', { isRead: () => true, totals: [settled(10), settled(0, 0)] }, 100],
  [
    'rejected points are settled points',
    { isRead: () => true, totals: [{ ...settled(9), loaded: 0, rejected: 1 }, settled(9)] },
    100,
  ],
  [
    'all bytes are settled but an input is not read to its end',
    { totals: [settled(1000), settled(1000)], positionIn: () => ({ file: 1000, decoded: 1000 }) },
    99.99,
  ],
  ['the size of an input is unknown', { inputs: [{ size: 1000 }, { size: null }] }, null],
  ['an input is empty', { inputs: [{ size: 0 }], totals: [settled(0, 0)] }, 0],
  ['--limit admits more points than are settled', { limit: 200, settledPoints: 50 }, 25],
  ['--limit is reached', { limit: 200, settledPoints: 200 }, 100],
  ['the inputs end before --limit', { limit: 200, settledPoints: 10, isRead: () => true }, 100],
])('the percentage is right if %s', (_, change, expected) => {
  expect(percentDone(facts(change))).toBe(expected);
});

test('the progress is rounded down', () => {
  const part = (bytes: number) =>
    percentDone(
      facts({ inputs: [{ size: 600 }], totals: [pending(bytes)], positionIn: () => ({ file: 600, decoded: 600 }) }),
    );
  expect([part(200), part(400), part(599)]).toEqual([33.33, 66.66, 99.83]);
});
