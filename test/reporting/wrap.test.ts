import { expect, test } from 'vitest';
import { wrapped } from '../../src/reporting/wrap.js';

test.each([
  ['short enough', 20, ['short enough']],
  ['broken between its words', 12, ['broken', '  between', '  its words']],
  ['  name       what it is', 18, ['  name       what', '             it is']],
  ['a https://host:8902/very/long b', 10, ['a', '  https://host:8902/very/long', '  b']],
  ['no-blank-in-it-at-all', 5, ['no-blank-in-it-at-all']],
  ['a b', 1, ['a', 'b']],
])('%j wraps between words at %i columns', (line, width, expected) => {
  expect(wrapped(line, width, line.startsWith('  ') ? 13 : 2)).toEqual(expected);
});

test('colour codes do not count for the width', () => {
  expect(wrapped('\u001b[33mwarning: \u001b[0mfour words of it', 25)).toHaveLength(1);
});
