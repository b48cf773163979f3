import fc from 'fast-check';
import { expect, test } from 'vitest';
import { unexpectedTime } from '../../../src/formats/timestamps/expect-time.js';

const range = { fromMs: Date.UTC(1980, 0), toMs: Date.UTC(2100, 0) };

test.each([
  ['ns', 1_600_000_000_000_000_000n],
  ['us', 1_600_000_000_000_000n],
  ['ms', 1_600_000_000_000n],
  ['s', 1_600_000_000n],
] as const)('a timestamp of 2020 in %s is expected', (precision, timestamp) => {
  expect(unexpectedTime(timestamp, precision, range)).toBe(null);
});

test('the start of the range is expected, its end is not', () => {
  const ns = (ms: number): bigint => BigInt(ms) * 1_000_000n;
  expect(unexpectedTime(ns(range.fromMs), 'ns', range)).toBe(null);
  expect(unexpectedTime(ns(range.toMs) - 1n, 'ns', range)).toBe(null);
  expect(unexpectedTime(ns(range.fromMs) - 1n, 'ns', range)).not.toBe(null);
  expect(unexpectedTime(ns(range.toMs), 'ns', range)).not.toBe(null);
});

test('seconds read as nanoseconds are reported with the precision that fits', () => {
  expect(unexpectedTime(1_600_000_000n, 'ns', range)).toEqual({
    expected: 'timestamps between 1980-01-01 and 2100-01-01 (--expect-time)',
    found: '1600000000, which in ns is 1970-01-01',
    fix: 'use --precision s: then this timestamp is 2020-09-13',
  });
});

test('years beyond 9999 are written out, and years beyond the calendar are named so', () => {
  expect(unexpectedTime(1_600_000_000_000_000n, 'ms', range)?.found).toMatch(/in ms is \+052671-12-25$/);
  expect(unexpectedTime(1_600_000_000_000_000_000n, 's', range)?.found).toMatch(/in s is beyond the calendar$/);
});

test('a timestamp that fits no precision is answered with a wider --expect-time', () => {
  for (const timestamp of [0n, -1_600_000_000n]) {
    expect(unexpectedTime(timestamp, 'ns', range)?.fix).toBe(
      'widen --expect-time, or switch off this check with --expect-time off',
    );
  }
});

test('a wrong --precision is reported with the right one for every unit of the data', () => {
  const factor = { ns: 1_000_000_000n, us: 1_000_000n, ms: 1_000n, s: 1n } as const;
  const unit = fc.constantFrom('ns', 'us', 'ms', 's');
  fc.assert(
    fc.property(unit, unit, fc.bigInt(631_152_000n, 4_000_000_000n), (actual, stated, seconds) => {
      const problem = unexpectedTime(seconds * factor[actual], stated, range);
      if (actual === stated) expect(problem).toBe(null);
      else expect(problem?.fix).toContain(`--precision ${actual}:`);
    }),
  );
});
