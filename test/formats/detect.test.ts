import { expect, test } from 'vitest';
import { detect } from '../../src/formats/detect.js';

const of = (text: string, name = '-') => detect(Buffer.from(text), name);

test.each([
  ['a point', 'cpu,host=a f=1 1\n', 'lp'],
  ['a point with escapes', 'c\\ p,a\\=b=c\\ d f=1 1\n', 'lp'],
  ['a point after a comment and a blank line', '# made by hand\n\ncpu f=1 1\n', 'lp'],
  ['a bad line with an equals sign', 'cpu,host=a,b,c\n', 'lp'],
  ['an empty input', '', 'lp'],
  ['an object', '{"time":1,"a b=c":2}\n', 'ndjson'],
  ['objects in sequence without a line end', '{"time":1}{"time":2}', 'json'],
  ['a header with commas', 'time,host,temp\n', 'csv'],
  ['a header with tabs', 'time\thost\ttemp, in C\n', 'tsv'],
  ['a binary file with commas', 'a,b\u0004,c\n', 'lp'],
  ['annotations', '#datatype measurement,tag,double\n', 'csv'],
  ['annotations after a byte order mark', '\ufeff#group,false,false\n', 'csv'],
])('%s is detected by content', (_, text, format) => {
  expect(of(text)).toBe(format);
});

test('the file name decides when the content is ambiguous, also for compressed files', () => {
  expect(of('a;b;c\n', '/data/x.csv')).toBe('csv');
  expect(of('time\n', 'x.TSV.gz')).toBe('tsv');
  expect(of('', 'x.jsonl.zst')).toBe('ndjson');
  expect(of('a,b,c\n', 'x.lp')).toBe('lp');
});

test('unambiguous content wins over the file name', () => {
  expect(of('cpu f=1 1\n', 'x.csv')).toBe('lp');
  expect(of('{"time":1}\n', 'x.csv')).toBe('ndjson');
});
