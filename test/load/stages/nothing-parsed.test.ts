import { expect, test } from 'vitest';
import { nothingParsed } from '../../../src/load/stages/nothing-parsed.js';

test('a file that is not compressed as its extension says is described by the beginning of its first line', () => {
  const first = { text: 'x'.repeat(100), message: '' };
  const error = nothingParsed('a.lp.gz', 'lp', [['bad-line', 2]], 0, 'none', first);
  expect(error!.message).toContain(`the first line is "${'x'.repeat(57)}…"`);
  expect(nothingParsed('a.lp.gz', 'lp', [['bad-line', 2]], 0, 'none')!.message).toContain('found neither.');
});
