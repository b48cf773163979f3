// The command that continues a load works when pasted and shows no secret.

import { expect, test } from 'vitest';
import { commandLine, continuation } from '../../src/cli/command-line.js';

const typed = (...words: string[]): string => commandLine(['node', 'bulk-load', ...words]);

test('words that need quotes are quoted for a shell', () => {
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
  ['--queue', 'redis://root:p@secret@host:6379/0'],
  ['--queue=rediss://:secret@host,rediss://:secret@other'],
])('the command repeats no secret: %s %s', (...words) => {
  expect(typed(...words, 'a.lp')).not.toContain('secret');
  expect(typed(...words, 'a.lp')).toMatch(/ a\.lp$/);
});

test('a URL without secrets stays as it was typed', () => {
  expect(typed('--url', 'http://host:8902', 'http://web/a.lp')).toBe(
    'bulk-load --url http://host:8902 http://web/a.lp',
  );
});

test('the queue of a fleet stays without its password', () => {
  expect(typed('--queue', 'redis://loader:secret@host/0')).toBe('bulk-load --queue redis://loader@host/0');
  expect(typed('--queue=redis://:secret@host', 'a.lp')).toBe('bulk-load --queue=redis://host a.lp');
});

const again = (fresh: boolean, skipPoints: number | null, ...words: string[]): string =>
  continuation(['node', 'bulk-load', ...words], fresh, skipPoints);

test('the command that continues a load leaves out --fresh', () => {
  expect(again(true, null, '--db', 'x', '--fresh', 'a.lp')).toBe('bulk-load --db x a.lp');
  expect(again(true, null, '--db', 'x', '--fresh=true', 'a.lp')).toBe('bulk-load --db x a.lp');
  expect(again(true, null, '--db', 'x', 'a.lp')).toBe('bulk-load --db x a.lp --no-fresh');
});

test('a new --skip-points replaces the old one and precedes --', () => {
  expect(again(false, 7, '--db', 'x', '--skip-points', '3', '-')).toBe('bulk-load --db x - --skip-points 7');
  expect(again(false, 7, '--db', 'x', '--skip-points=3', '-')).toBe('bulk-load --db x - --skip-points 7');
  expect(again(false, 7, '--db', 'x', '--', '-')).toBe('bulk-load --db x --skip-points 7 -- -');
  expect(again(false, 0, '--db', 'x', '-')).toBe('bulk-load --db x -');
});
