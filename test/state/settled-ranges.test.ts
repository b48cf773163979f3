import { expect, test } from 'vitest';
import type { Batch, BatchReject, Receipt } from '../../src/core/types/index.js';
import { settledRanges } from '../../src/state/settled-ranges.js';
import { batch as batchOf, reject } from '../load/ledger/support.js';

/** A batch of the lines of a text. Lines that begin with `bad` are rejects, the others are points. */
function linesBatch(text: string, more: Partial<BatchReject> = {}): Batch {
  let offset = 100;
  const units = text.split('\n').map((line, i) => {
    const unit = { bytes: Buffer.from(line), line: 7 + i, byteOffset: offset };
    offset += line.length + 1;
    return unit;
  });
  const isBad = ({ bytes }: { bytes: Buffer }): boolean => bytes.toString().startsWith('bad');
  const points = units.filter((unit) => !isBad(unit));
  return batchOf(points.length, {
    source: (i) => points[i]!,
    rejects: units.filter(isBad).map((unit) => reject('', { ...unit, ...more })),
    span: { input: 0, firstLine: 7, byteOffset: 100, bytes: offset - 100, ordinal: 40, endLine: 7 + units.length },
  });
}

const none: Receipt = { loaded: [], rejected: [], undelivered: [] };
const receipt = (more: Partial<Receipt>): Receipt => ({ ...none, ...more });
const end = (byteOffset: number, line: number, ordinal: number, digits = 1) => ({ byteOffset, line, ordinal, digits });

test('an acknowledged batch settles everything from its first byte to its end, rejects included', () => {
  const batch = linesBatch('m f=1 1\nbad\nm f=2 2');
  const all = receipt({ loaded: [{ from: 0, to: 2 }] });
  expect(settledRanges(batch, all, true)).toEqual({ settled: [{ from: 100, to: end(120, 10, 43) }], parts: [] });
});

test('a partly delivered batch settles the delivered points only', () => {
  const batch = linesBatch('m f=1 1\nm f=2 2\nm f=3 3\nm f=4 4');
  const some = receipt({
    loaded: [
      { from: 0, to: 1 },
      { from: 2, to: 3 },
    ],
    undelivered: [
      { from: 1, to: 2 },
      { from: 3, to: 4 },
    ],
  });
  expect(settledRanges(batch, some, true).settled).toEqual([
    { from: 100, to: end(108, 8, 41) },
    { from: 116, to: end(124, 10, 43) },
  ]);
});

test('delivered points beside each other are one range', () => {
  const batch = linesBatch('m f=1 1\nm f=2 2\nm f=3 3');
  const some = receipt({ loaded: [{ from: 0, to: 2 }], undelivered: [{ from: 2, to: 3 }] });
  expect(settledRanges(batch, some, true).settled).toEqual([{ from: 100, to: end(116, 9, 42) }]);
});

test('a reject that is not in the dead letters yet stays open', () => {
  const batch = linesBatch('bad\nm f=1 1\nbad\nm f=2 2');
  const all = receipt({ loaded: [{ from: 0, to: 2 }] });
  expect(settledRanges(batch, all, false).settled).toEqual([
    { from: 104, to: end(112, 9, 42) },
    { from: 116, to: end(124, 11, 44) },
  ]);
  expect(settledRanges(batch, all, true).settled).toEqual([{ from: 100, to: end(124, 11, 44) }]);
  const single = receipt({ loaded: [{ from: 0, to: 1 }] });
  expect(settledRanges(linesBatch('bad\nm f=1 1'), single, false).settled).toEqual([
    { from: 104, to: end(112, 9, 42) },
  ]);
});

test('a point that the target rejected stays open until it is in the dead letters', () => {
  const batch = linesBatch('m f=1 1\nm f=2 2');
  const one = receipt({
    loaded: [{ from: 0, to: 1 }],
    rejected: [{ point: 1, reason: 'target-parse', message: '', endpoint: null }],
  });
  expect(settledRanges(batch, one, false).settled).toEqual([{ from: 100, to: end(108, 8, 41) }]);
  expect(settledRanges(batch, one, true).settled).toEqual([{ from: 100, to: end(116, 9, 42) }]);
  const beside = linesBatch('m f=1 1\nm f=2 2\nm f=3 3');
  const partly = { ...one, undelivered: [{ from: 2, to: 3 }] };
  expect(settledRanges(beside, partly, true).settled).toEqual([{ from: 100, to: end(116, 9, 42) }]);
});

test('a batch without points settles its rejects', () => {
  expect(settledRanges(linesBatch('bad\nbad'), none, false)).toEqual({ settled: [], parts: [] });
  expect(settledRanges(linesBatch('bad\nbad'), none, true).settled).toEqual([{ from: 100, to: end(108, 9, 42, 0) }]);
});

test.each([
  ['first', 40],
  ['middle', 40],
  ['last', 41],
] as const)(
  'the %s part of a long point is reported apart, and only the last part counts as a point',
  (part, ordinal) => {
    const batch = linesBatch('bad\nm f=1 1', { part });
    const all = receipt({ loaded: [{ from: 0, to: 1 }] });
    expect(settledRanges(batch, all, true)).toEqual({
      settled: [{ from: 104, to: end(112, 9, ordinal + 1) }],
      parts: [{ line: 7, piece: { from: 100, to: end(104, 8, ordinal) } }],
    });
  },
);

test('a whole reject beside a part is settled', () => {
  const batch = linesBatch('bad\nm f=1 1\nbad');
  const [whole, last] = batch.rejects;
  const mixed = { ...batch, rejects: [whole!, { ...last!, part: 'first' as const }] };
  expect(settledRanges(mixed, receipt({ loaded: [{ from: 0, to: 1 }] }), true)).toEqual({
    settled: [{ from: 100, to: end(112, 9, 42) }],
    parts: [{ line: 9, piece: { from: 112, to: end(116, 10, 42) } }],
  });
});

test.each([
  ['m f=1 1640995200000000000', 19],
  ['m f=1 16 ', 2],
  ['m f=1 16\n', 2],
  ['m f=1 -16', 2],
  ['m f=1', 0],
  ['m f=-1', 0],
  ['m f="a"', 0],
  ['16', 0],
])('the end of %j has a timestamp of %d digits', (text, digits) => {
  const batch = batchOf(1, { source: () => ({ bytes: Buffer.from(text), line: 1, byteOffset: 0 }) });
  const [piece] = settledRanges(batch, receipt({ loaded: [{ from: 0, to: 1 }] }), true).settled;
  expect(piece?.to.digits).toBe(digits);
});
