import { expect, test } from 'vitest';
import { printable } from '../../src/core/text.js';

test.each([
  ['a line end', 'a\nb\r', 'a\\nb\\x0d'],
  ['an escape sequence', '\u001b[31mred\u009b', '\\x1b[31mred\\x9b'],
  ['a turn of direction', 'gnp.\u202eexe\u2066\u200f', 'gnp.\\u202eexe\\u2066\\u200f'],
  ['letters of any script', 'Köln 東京 مرحبا 🙂', 'Köln 東京 مرحبا 🙂'],
])('%s', (_, text, shown) => {
  expect(printable(text)).toBe(shown);
});
