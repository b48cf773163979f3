import { expect, test } from 'vitest';
import { InputError } from '../../../src/core/errors.js';
import { assertParsed, isNothingParsed, nothingParsed } from '../../../src/load/stages/nothing-parsed.js';

test('a file that is not compressed as its extension says is described by the beginning of its first line', () => {
  const first = { text: 'x'.repeat(100), message: '' };
  const error = nothingParsed('a.lp.gz', 'lp', [['bad-line', 2]], 0, 'none', first);
  expect(error!.message).toContain(`the first line is "${'x'.repeat(57)}…"`);
  expect(nothingParsed('a.lp.gz', 'lp', [['bad-line', 2]], 0, 'none')!.message).toContain('found other content.');
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

test.each([
  ['01.02.2024', "Use --time-format '%d.%m.%Y',"],
  ['1.2.2024 10:20', "Use --time-format '%d.%m.%Y %H:%M',"],
  ['2024/02/01 10:20:30', "Use --time-format '%Y/%m/%d %H:%M:%S',"],
  ['02/01/2024', 'Set the format with --time-format'],
])('a table whose times are all like %s names the format to set', (time, fix) => {
  const message = `found "${time}" in column "time"; expected a date`;
  const error = nothingParsed('a.csv', 'csv', [['bad-timestamp', 2]], 0, 'none', { text: '', message });
  expect(error!.message).toContain(`such as "${time}" in column "time"`);
  expect(error!.message).toContain('expected a date');
  expect(error!.message).toContain(fix);
});

test('rejects that other formats have as well name a broken rule only if the lines look like line protocol', () => {
  const of = (lines: number) => nothingParsed('a.lp', 'lp', [['bad-timestamp', 2]], lines, 'none')?.message;
  expect(of(2)).toContain('where a timestamp is a whole number in --precision');
  expect(of(1)).toBeUndefined();
});

test.each([
  ['<?xml version="1.0"?>', 'XML'],
  ['  <!DOCTYPE html>', 'HTML'],
  ['<html lang="en">', 'HTML'],
])('a page is named by its kind: %s', (text, kind) => {
  const error = nothingParsed('a.lp', 'lp', [['bad-line', 2]], 0, 'none', { text, message: '' });
  expect(error!.message).toContain(`found ${kind}. Convert the file: bulk-load does not read ${kind}`);
});

test('an input without a valid point needs no second attempt', () => {
  const error = nothingParsed('a.lp', 'lp', [['bad-line', 2]]);
  expect([error!.retryHelps, isNothingParsed(error), isNothingParsed(new InputError('gone'))]).toEqual([
    false,
    true,
    false,
  ]);
});

test.each<[string, string, [string, number][], string | undefined]>([
  ['one line', 'lp', [['bad-line', 1]], 'the only line of a.lp is not line protocol; is --format right?'],
  ['one row', 'csv', [['ragged-row', 1]], 'the only row of a.csv is not a valid row of csv; is --format right?'],
  [
    'rows of another format',
    'csv',
    [['bad-quote', 2]],
    'none of the 2 rows of a.csv is a valid row of csv; is --format right?',
  ],
  [
    'rows that the target refuses',
    'csv',
    [['target-type', 2]],
    'none of the 2 rows of a.csv is a valid row of csv; is --format right?',
  ],
  ['rows without a time', 'csv', [['no-timestamp', 2]], undefined],
  [
    'rows of which some lack only a time',
    'csv',
    [
      ['bad-value', 2],
      ['no-timestamp', 1],
    ],
    undefined,
  ],
])('the error of %s names the format, unless a row shows that it is right', (_, format, rejects, expected) => {
  expect(nothingParsed(`a.${format}`, format, rejects)?.message).toBe(expected);
});

test('a rule that the only row breaks is named', () => {
  expect(nothingParsed('a.csv', 'csv', [['duplicate-tag', 1]])!.message).toContain('duplicate-tag in the only row.');
});

test.each([
  ['', 'expected times in the format of --time-format, found times of another format in all 2 rows. Set the format'],
  [
    'found nothing; expected a date',
    'expected a date, found times of another format in all 2 rows, such as nothing. Set',
  ],
  [
    'found "around noon today" in column "t"; expected a date',
    'such as "around noon today" in column "t". Set the format',
  ],
])('times in a form that bulk-load cannot name ask for --time-format: %s', (message, expected) => {
  const error = nothingParsed('a.csv', 'csv', [['bad-timestamp', 2]], 0, 'none', { text: '', message });
  expect(error!.message).toContain(expected);
});
