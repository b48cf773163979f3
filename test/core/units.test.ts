import { describe, expect, test } from 'vitest';
import { formatDuration, parseDuration, parseSize } from '../../src/core/units.js';

describe('a size', () => {
  test.each([
    ['0', 0],
    ['4096', 4096],
    ['64KiB', 65_536],
    ['1.5GiB', 1_610_612_736],
    ['10MB', 10_000_000],
    ['512 MiB', 536_870_912],
    ['1mib', 1_048_576],
    ['512M', 512_000_000],
    ['512Mi', 536_870_912],
    ['1g', 1_000_000_000],
    ['2K', 2000],
    ['2Ki', 2048],
  ])('%s is %d bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  test.each(['', '5x', '-1', '1.5', '64 Ki B', 'MiB', '0x10', '1e6', '99999999TiB', '1,5GiB', 'constructor'])(
    'is not %j',
    (text) => {
      expect(parseSize(text)).toBeNull();
    },
  );
});

describe('a duration', () => {
  test.each([
    ['0', 0],
    ['250ms', 250],
    ['30s', 30_000],
    ['1.5s', 1500],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
  ])('%s is %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each(['', '5', '5 minutes', '-1s', 's', '1h30m'])('is not %j', (text) => {
    expect(parseDuration(text)).toBeNull();
  });
});

test.each([
  [0, '0ms'],
  [250, '250ms'],
  [999.7, '1s'],
  [12_500, '12.5s'],
  [59_960, '1m'],
  [200_000, '3m 20s'],
  [3_599_900, '1h'],
  [7_500_000, '2h 5m'],
  [273_600_000, '3d 4h'],
  [Number.POSITIVE_INFINITY, 'forever'],
])('%d ms are shown as %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});
