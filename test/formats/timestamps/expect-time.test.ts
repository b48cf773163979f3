import fc from 'fast-check';
import { expect, test } from 'vitest';
import { unexpectedTime } from '../../../src/formats/timestamps/expect-time.js';

const range = { fromMs: Date.UTC(1980, 0), toMs: Date.UTC(2100, 0) };

test.each([
  ['ns', 1_600_000_000_000_000_000n],
  ['us', 1_600_000_000_000_000n],
  ['ms', 1_600_000_000_000n],
  ['s', 1_600_000_000n],
] as const)('a timestamp of today in %s is expected', (precision, timestamp) => {
  expect(unexpectedTime(timestamp, precision, range)).toBe(null);
});

test('the beginning of the range is in it, its end is not', () => {
  const ns = (ms: number): bigint => BigInt(ms) * 1_000_000n;
  expect(unexpectedTime(ns(range.fromMs), 'ns', range)).toBe(null);
  expect(unexpectedTime(ns(range.toMs) - 1n, 'ns', range)).toBe(null);
  expect(unexpectedTime(ns(range.fromMs) - 1n, 'ns', range)).not.toBe(null);
  expect(unexpectedTime(ns(range.toMs), 'ns', range)).not.toBe(null);
});

test('seconds taken for nanoseconds: the message says what it would be and what would fit', () => {
  expect(unexpectedTime(1_600_000_000n, 'ns', range)).toBe(
    'expected timestamps between 1980-01-01 and 2100-01-01 (--expect-time) — got 1600000000, which as ns is 1970-01-01 — ' +
      'it would fit as --precision s (2020-09-13)',
  );
});

test('a year beyond 9999 is written out, one beyond all calendars said', () => {
  expect(unexpectedTime(1_600_000_000_000_000n, 'ms', range)).toContain('as ms is +052671-12-25 — ');
  expect(unexpectedTime(1_600_000_000_000_000_000n, 's', range)).toContain('as s is beyond all calendars — ');
});

test('where no precision fits, the way out is another range', () => {
  for (const timestamp of [0n, -1_600_000_000n]) {
    expect(unexpectedTime(timestamp, 'ns', range)).toContain('widen --expect-time, or switch it off');
  }
});

test('whatever the unit of the data, a wrong --precision is told with the right one', () => {
  const factor = { ns: 1_000_000_000n, us: 1_000_000n, ms: 1_000n, s: 1n } as const;
  const unit = fc.constantFrom('ns', 'us', 'ms', 's');
  fc.assert(
    fc.property(unit, unit, fc.bigInt(631_152_000n, 4_000_000_000n), (actual, stated, seconds) => {
      const problem = unexpectedTime(seconds * factor[actual], stated, range);
      if (actual === stated) expect(problem).toBe(null);
      else expect(problem).toContain(`--precision ${actual} `);
    }),
  );
});
