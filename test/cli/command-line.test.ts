// The command that continues a load is printed and kept: it must work when pasted, and must not show a secret.

import { expect, test } from 'vitest';
import { commandLine, continuation } from '../../src/cli/command-line.js';

const typed = (...words: string[]): string => commandLine(['node', 'bulk-load', ...words]);

test('words are quoted for a shell where they need it', () => {
  expect(typed('--db', 'x', "data/it's here.lp", '*.lp')).toBe("bulk-load --db x 'data/it'\\''s here.lp' '*.lp'");
});

test.each([
  ['--password', 'secret'],
  ['--password=secret'],
  ['--header', 'X-Key: secret'],
  ['--url', 'http://root:secret@host:8902'],
  ['--url', 'HTTP://root:secret@host:8902'],
  ['--url', 'http://root:p@secret@host:8902'],
  ['--url=http://a:1,http://root:secret@host:8902'],
])('no secret is repeated: %s %s', (...words) => {
  expect(typed(...words, 'a.lp')).not.toContain('secret');
  expect(typed(...words, 'a.lp')).toMatch(/ a\.lp$/);
});

const again = (fresh: boolean, skipPoints: number | null, ...words: string[]): string =>
  continuation(['node', 'bulk-load', ...words], fresh, skipPoints);

test('what continues a load does not begin it anew', () => {
  expect(again(true, null, '--db', 'x', '--fresh', 'a.lp')).toBe('bulk-load --db x a.lp');
  expect(again(true, null, '--db', 'x', '--fresh=true', 'a.lp')).toBe('bulk-load --db x a.lp');
  expect(again(true, null, '--db', 'x', 'a.lp')).toBe('bulk-load --db x a.lp --no-fresh');
});

test('points to be skipped replace those that were skipped before, and stand before the inputs that follow --', () => {
  expect(again(false, 7, '--db', 'x', '--skip-points', '3', '-')).toBe('bulk-load --db x - --skip-points 7');
  expect(again(false, 7, '--db', 'x', '--skip-points=3', '-')).toBe('bulk-load --db x - --skip-points 7');
  expect(again(false, 7, '--db', 'x', '--', '-')).toBe('bulk-load --db x --skip-points 7 -- -');
  expect(again(false, 0, '--db', 'x', '-')).toBe('bulk-load --db x -');
});
