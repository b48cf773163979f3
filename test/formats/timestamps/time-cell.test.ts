import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { reasonOf } from '../../../src/formats/rows/values/put-value.js';
import { TimeCell, type TimeOptions } from '../../../src/formats/timestamps/time-cell.js';

const plain: TimeOptions = {
  precision: 'ns',
  timeFormat: 'auto',
  timezone: 'UTC',
  ambiguousTime: 'reject',
  timeRounding: 'reject',
};
const bytes = new Uint8Array(1024);

/** The digits, or the reason why there are none. */
function read(text: string, more: Partial<TimeOptions> = {}): string {
  const cell = new TimeCell(bytes, { ...plain, ...more });
  bytes.set(Buffer.from(`${text},`), 0);
  const end = cell.put(0, Buffer.byteLength(text), 512);
  return end < 0 ? reasonOf(end) : Buffer.from(bytes.subarray(512, end)).toString();
}

test.each([
  ['1451606400000000001', {}, '1451606400000000001'],
  ['-5', {}, '-5'],
  [' 5 ', {}, '5'],
  ['1451606400', { timeFormat: 's' }, '1451606400000000000'],
  ['1451606400.25', { timeFormat: 's' }, '1451606400250000000'],
  ['-0.000000001', { timeFormat: 's' }, '-0000000001'],
  ['1451606400123', { timeFormat: 'ms' }, '1451606400123000000'],
  ['1451606400123456000', { timeFormat: 'ns', precision: 'us' }, '1451606400123456'],
  ['1451606400123456001', { timeFormat: 'ns', precision: 'us' }, 'inexact-time'],
  ['1451606400123456001', { timeFormat: 'ns', precision: 'us', timeRounding: 'truncate' }, '1451606400123456'],
  ['1.0000000001', { timeFormat: 's' }, 'inexact-time'],
  ['1551129661.95456123352050781250', { timeFormat: 's' }, 'inexact-time'],
  ['1551129661.95456123352050781250', { timeFormat: 's', timeRounding: 'truncate' }, '1551129661954561233'],
  ['1e9', {}, '1000000000'],
  ['1.663830962276e+12', { timeFormat: 'ms' }, '1663830962276000000'],
  ['-1.5e3', { timeFormat: 'ms' }, '-1500000000'],
  ['1.5e-3', { timeFormat: 'ms', precision: 'us' }, 'inexact-time'],
  ['1e', {}, 'bad-timestamp'],
  ['1e99', {}, 'timestamp-range'],
  [`${'1'.repeat(300)}e9`, {}, 'bad-timestamp'],
  ['', {}, 'bad-timestamp'],
  ['2016-01-01T00:00:00Z', {}, '1451606400000000000'],
  ['2016-01-01 01:00:00.123456789+01:00', {}, '1451606400123456789'],
  ['2016-01-01T00:00:00,5z', { precision: 'ms' }, '1451606400500'],
  ['2016-01-01t00:00:00.0001Z', { precision: 'ms' }, 'inexact-time'],
  ['2016-01-01t00:00:00.0019Z', { precision: 'ms', timeRounding: 'truncate' }, '1451606400001'],
  ['2016-01-01T00:00:00.0000000019Z', { timeRounding: 'truncate' }, '1451606400000000001'],
  ['2016-01-01 00:00:00+00', {}, '1451606400000000000'],
  ['2016-01-01', {}, '1451606400000000000'],
  ['1969-12-31T23:59:59.999999999Z', {}, '-0000000001'],
  ['2016-02-30T00:00:00Z', {}, 'bad-timestamp'],
  ['2015-02-29T00:00:00Z', {}, 'bad-timestamp'],
  ['2016-01-01T24:00:00Z', {}, 'bad-timestamp'],
  ['2016-01-01T00:00:60Z', {}, 'bad-timestamp'],
  ['2016-01-01T00:00:00 Z', {}, 'bad-timestamp'],
  ['2016-01-01T00:00:00', { timezone: '+05:30' }, '1451586600000000000'],
  ['31.01.2016 12:00:01,25', { timeFormat: '%d.%m.%Y %H:%M:%S,%f' }, '1454241601250000000'],
  ['Jan 31 2016 12:05 am', { timeFormat: '%b %e %Y %I:%M %p' }, '1454198700000000000'],
  ['2016-366', { timeFormat: '%Y-%j' }, '1483142400000000000'],
  ['2015-366', { timeFormat: '%Y-%j' }, 'bad-timestamp'],
  ['2016-001', { timeFormat: '%Y-%j' }, '1451606400000000000'],
  ['2016-000', { timeFormat: '%Y-%j' }, 'bad-timestamp'],
  ['2016-01-31T12:00:00+0100', { timeFormat: '%FT%T%z' }, '1454238000000000000'],
  ['2016-01-31 12', { timeFormat: '%F' }, 'bad-timestamp'],
  ['2022-04-03 17:38:20 UTC', { timeFormat: '%F %T%.f %Z' }, '1649007500000000000'],
  ['2022-04-03 17:38:20.1234 UTC', { timeFormat: '%F %T%.f %Z' }, '1649007500123400000'],
  ['2022-04-03 17:38:20 CET', { timeFormat: '%F %T%.f %Z' }, 'bad-timestamp'],
  ['2022-04-03 17:38:20Z', { timeFormat: '%F %T%Z', timezone: '+05:30' }, '1649007500000000000'],
  ['Sun Apr  3 17:38:20 2022', { timeFormat: '%a %b %e %T %Y' }, '1649007500000000000'],
  ['Sunday, 03-Apr-22 17:38:20 GMT', { timeFormat: '%A, %d-%b-%y %T %Z' }, '1649007500000000000'],
  ['1704164645', { timeFormat: '%s%.f' }, '1704164645000000000'],
  ['-1.5', { timeFormat: '%s%.f' }, '-1500000000'],
  ['25569', { timeFormat: 'excel' }, '0000000000'],
  ['45293.5', { timeFormat: 'excel' }, '1704196800000000000'],
  ['45293.503472222223', { timeFormat: 'excel', precision: 'ms' }, '1704197100000'],
  ['45293.5', { timeFormat: 'excel', timezone: '+01:00' }, '1704193200000000000'],
  ['60', { timeFormat: 'excel' }, 'bad-timestamp'],
  ['2024-01-02', { timeFormat: 'excel' }, 'bad-timestamp'],
])('the time %s with %o is read as %s', (text, options, expected) => {
  expect(read(text, options as Partial<TimeOptions>)).toBe(expected);
});

describe('times in a zone with clock changes', () => {
  const berlin = (text: string, ambiguousTime: TimeOptions['ambiguousTime'] = 'reject') =>
    read(text, { timezone: 'Europe/Berlin', precision: 's', ambiguousTime });
  const seconds = (text: string) => String(Date.parse(text) / 1000);

  test('times away from a clock change have one instant', () => {
    expect(berlin('2024-07-01 12:00:00')).toBe(seconds('2024-07-01T10:00:00Z'));
    expect(berlin('2024-10-27 01:59:59')).toBe(seconds('2024-10-26T23:59:59Z'));
    expect(berlin('2024-10-27 03:00:00')).toBe(seconds('2024-10-27T02:00:00Z'));
    expect(berlin('2024-03-31 03:00:00')).toBe(seconds('2024-03-31T01:00:00Z'));
  });

  test('a time that occurs twice is rejected or resolved by --ambiguous-time', () => {
    expect(berlin('2024-10-27 02:30:00')).toBe('ambiguous-time');
    expect(berlin('2024-10-27 02:30:00', 'earlier')).toBe(seconds('2024-10-27T00:30:00Z'));
    expect(berlin('2024-10-27 02:30:00', 'later')).toBe(seconds('2024-10-27T01:30:00Z'));
  });

  test('a time that never occurs is rejected or resolved by --ambiguous-time', () => {
    expect(berlin('2024-03-31 02:30:00')).toBe('ambiguous-time');
    expect(berlin('2024-03-31 02:30:00', 'earlier')).toBe(seconds('2024-03-31T00:30:00Z'));
    expect(berlin('2024-03-31 02:30:00', 'later')).toBe(seconds('2024-03-31T01:30:00Z'));
  });

  test('an offset in the time takes precedence over --timezone', () => {
    expect(berlin('2024-10-27T02:30:00+02:00')).toBe(seconds('2024-10-27T00:30:00Z'));
  });
});

test('random dates are read as JavaScript reads them', () => {
  fc.assert(
    fc.property(fc.date({ min: new Date('0001-01-01'), max: new Date('5000-01-01'), noInvalidDate: true }), (date) => {
      expect(BigInt(read(date.toISOString(), { precision: 'ms' }))).toBe(BigInt(date.getTime()));
    }),
  );
});

test('local times in many zones are converted to the right instants', () => {
  const zones = fc.constantFrom('America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'Africa/Casablanca');
  const dates = fc.date({ min: new Date('1975-01-01'), max: new Date('2037-01-01'), noInvalidDate: true });
  fc.assert(
    fc.property(zones, dates, (timezone, date) => {
      const wall = new Intl.DateTimeFormat('sv-SE', { timeZone: timezone, dateStyle: 'short', timeStyle: 'medium' });
      const instant = Math.floor(date.getTime() / 1000);
      const local = wall.format(date);
      const taken = ['earlier', 'later'].map((ambiguousTime) =>
        Number(read(local, { timezone, precision: 's', ambiguousTime: ambiguousTime as 'earlier' })),
      );
      expect(taken).toContain(instant);
    }),
  );
});

test.each(['%Y', '%q %F', 'iso', '%H:%M', '%'])('the time format %s is a usage error', (timeFormat) => {
  expect(() => read('x', { timeFormat })).toThrow(UsageError);
});
