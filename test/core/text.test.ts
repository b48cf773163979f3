import { expect, test } from 'vitest';
import { count, duration, latency, plural, share, size, sizeOption } from '../../src/core/text.js';

const MiB = 1_048_576;

test.each([
  [count(1_234_567.6), '1,234,568'],
  [count(0), '0'],
  [plural(1, 'point'), '1 point'],
  [plural(2000, 'point'), '2,000 points'],
  [size(0), '0 B'],
  [size(0.3), '0 B'],
  [size(17), '17 B'],
  [size(1023), '1023 B'],
  [size(1023.7), '1 KiB'],
  [size(4608), '4.5 KiB'],
  [size(231.4 * MiB), '231 MiB'],
  [size(99.96 * MiB), '100 MiB'],
  [size(1023.9 * MiB), '1 GiB'],
  [size(2 * MiB), '2 MiB'],
  [size(2.01 * MiB), '2.0 MiB'],
  [sizeOption(110.2 * MiB), '111MiB'],
  [size(2 ** 62), '4096 PiB'],
  [share(231 * MiB, 512 * MiB), '231/512 MiB'],
  [share(700 * MiB, 2048 * MiB), '0.7/2.0 GiB'],
  [share(0, 0), '0.0/0.0 B'],
  [duration(0.04), '0.0s'],
  [duration(9.94), '9.9s'],
  [duration(42.4), '42s'],
  [duration(59.7), '1m 00s'],
  [duration(185), '3m 05s'],
  [duration(7620), '2h 07m'],
  [duration(86_400), '1d 00h'],
  [duration(3600 * 76.4), '3d 04h'],
  [latency(0.42), '0.4 ms'],
  [latency(12.4), '12 ms'],
  [latency(1250), '1.3s'],
])('%s', (shown, expected) => {
  expect(shown).toBe(expected);
});
