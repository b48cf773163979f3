import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TimestampSuffixes } from '../../../src/batching/points/generated-timestamps.js';
import type { InputPrecision } from '../../../src/core/types/index.js';

const perMs: Record<Exclude<InputPrecision, 's'>, bigint> = { ns: 1_000_000n, us: 1_000n, ms: 1n };

function stamp(precision: InputPrecision, startMs: number, before: number): string {
  return Buffer.from(new TimestampSuffixes(precision, startMs).missing(before)).toString();
}

test('a generated timestamp is the start of the load plus the points before it, in the unit of the input', () => {
  const start = fc.integer({ min: 0, max: 4_102_444_800_000 });
  const before = fc.oneof(fc.nat(2000), fc.integer({ min: 999_999_000, max: 3_000_000_000 }));
  fc.assert(
    fc.property(fc.constantFrom('ns', 'us', 'ms'), start, before, (precision, startMs, count) => {
      expect(stamp(precision, startMs, count)).toBe(` ${BigInt(startMs) * perMs[precision] + BigInt(count)}`);
    }),
  );
});

test('neighbouring timestamps never collide around a carry', () => {
  const suffixes = new TimestampSuffixes('ns', 1_600_000_000_999);
  const stamps = Array.from({ length: 3000 }, (_, i) => Buffer.from(suffixes.missing(999_998_000 + i)).toString());
  expect(new Set(stamps).size).toBe(3000);
  expect([...stamps].sort()).toEqual(stamps);
});

test('a generated timestamp of few digits has no leading zeros', () => {
  expect(stamp('ms', 0, 0)).toBe(' 0');
  expect(stamp('ms', 5, 0)).toBe(' 5');
});

test('with seconds a generated timestamp counts seconds and is written in milliseconds', () => {
  expect(stamp('s', 1_600_000_000_999, 0)).toBe(' 1600000000000');
  expect(stamp('s', 1_600_000_000_999, 61)).toBe(' 1600000061000');
});

test('only seconds need a suffix after an existing timestamp', () => {
  expect(Buffer.from(new TimestampSuffixes('s', 0).stamped!).toString()).toBe('000');
  expect(new TimestampSuffixes('ms', 0).stamped).toBe(null);
  expect(new TimestampSuffixes('s', 0, true).stamped).toBe(null);
  expect(Buffer.from(new TimestampSuffixes('s', 1_600_000_000_999, true).missing(2)).toString()).toBe(' 1600000002');
});
