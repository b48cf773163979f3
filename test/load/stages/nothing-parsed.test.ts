import { expect, test } from 'vitest';
import { assertParsed, nothingParsed } from '../../../src/load/stages/nothing-parsed.js';

test('a file that is not compressed as its extension says is described by the beginning of its first line', () => {
  const first = { text: 'x'.repeat(100), message: '' };
  const error = nothingParsed('a.lp.gz', 'lp', [['bad-line', 2]], 0, 'none', first);
  expect(error!.message).toContain(`the first line is "${'x'.repeat(57)}…"`);
  expect(nothingParsed('a.lp.gz', 'lp', [['bad-line', 2]], 0, 'none')!.message).toContain('found neither.');
});

test('lines that all break the same rule are line protocol, and other lines may have another format', () => {
  const messageOf = (...rejects: [string, number][]) => nothingParsed('a.lp', 'lp', rejects, 2, 'none')!.message;
  expect(messageOf(['duplicate-tag', 2])).toContain('found duplicate-tag in all 2 lines');
  const mixed = 'none of the 2 lines of a.lp is line protocol; is --format right?';
  expect(messageOf(['duplicate-tag', 1], ['bad-line', 1])).toBe(mixed);
});

test('an input with rejects is an error only without a valid point', () => {
  const rejects = new Map([['bad-line', 2]]);
  expect(() => assertParsed('a.lp', 'lp', { points: 0, rejects })).toThrow('none of the 2 lines');
  assertParsed('a.lp', 'lp', { points: 1, rejects });
});
