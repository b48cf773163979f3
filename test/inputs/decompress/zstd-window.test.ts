import { expect, test } from 'vitest';
import { windowBytes } from '../../../src/inputs/decompress/zstd-window.js';

const magic = '28b52ffd';
const KiB = 1024;

// RFC 8878, 3.1.1.1.2: base 2^(10 + exponent), plus mantissa eighths of it.
test.each([
  ['exponent 0', '0000', KiB],
  ['exponent 11, mantissa 4', '005c', 3 * 1024 * KiB],
  ['exponent 17', '0488', 128 * 1024 * KiB],
  ['a single segment, its size in one byte', '20ff', 255],
  ['a single segment, its size in two bytes', '600001', 256 + 256],
  ['a single segment after a dictionary of two bytes, its size in four', 'a2aaaa00000010', 2 ** 28],
  ['a single segment, its size in eight bytes', 'e00000000000000100', 2 ** 48],
])('the window is read from a header with %s', (_, hex, bytes) => {
  const head = Buffer.from(magic + hex, 'hex');
  expect(windowBytes(head)).toBe(bytes);
  for (let known = 0; known < head.length; known += 1) expect(windowBytes(head.subarray(0, known))).toBeNull();
});

test('a skippable frame has no window', () => {
  expect(windowBytes(Buffer.from('502a4d1804', 'hex'))).toBe(0);
});
