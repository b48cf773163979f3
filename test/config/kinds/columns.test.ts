import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { resolve } from '../../../src/config/resolve.js';
import { options } from '../../../src/load/option-table.js';
import { problems, settings } from '../support.js';

test('columns have a type and a new name, come by comma or as lists, and a backslash escapes a separator', () => {
  expect(settings({ tags: 'host,h:rack' }).tags).toEqual([
    { name: 'host', as: 'host' },
    { name: 'h', as: 'rack' },
  ]);
  expect(settings({ fields: ['a', 'b:integer,c::d', 'e\\:f\\,g:string:h\\\\'] }).fields).toEqual([
    { name: 'a', type: null, as: 'a' },
    { name: 'b', type: 'integer', as: 'b' },
    { name: 'c', type: null, as: 'd' },
    { name: 'e:f,g', type: 'string', as: 'h\\' },
  ]);
});

test('words, characters and time zones are parsed', () => {
  const { nullWords, delimiter, quote, timezone } = settings({
    null: ['-,NA', 'none'],
    delimiter: 'tab',
    quote: 'none',
    timezone: '+05:30',
  });
  expect({ nullWords, delimiter, quote, timezone }).toEqual({
    nullWords: ['-', 'NA', 'none'],
    delimiter: '\t',
    quote: null,
    timezone: '+05:30',
  });
});

test.each([
  [{ tags: 'a:b:c' }, 'tags: expected columns such as host'],
  [{ fields: 'a:int' }, 'with one of the types float, integer, unsigned, boolean, string'],
  [{ delimiter: 'ab' }, 'delimiter: expected one ASCII character other than a letter, digit or backslash, or tab'],
  [{ delimiter: 'x' }, 'delimiter: expected one ASCII character other than a letter, digit or backslash, or tab'],
  [{ timezone: 'Mars/Base' }, 'timezone: expected a time zone'],
  [{ format: 'lp', tags: 'a' }, 'tags: expected a format with rows, such as csv, found --format lp.'],
])('the value %o is refused', (given, words) => {
  expect(problems(given).join('\n')).toContain(words);
});

test('a config file may have a block mapping:, in which only mapping options are accepted', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bulk-load-test-'));
  try {
    const path = join(folder, 'load.yaml');
    await writeFile(path, 'db: d\nmapping:\n  measurement: cpu\n  tags: [host]\n  noHeader: true\n');
    const { settings: read } = await resolve(options, { flags: { config: path, measurement: 'mem' }, env: {} });
    expect(read).toMatchObject({ measurement: 'mem', tags: [{ name: 'host', as: 'host' }], noHeader: true });
    await writeFile(path, 'db: d\nmapping:\n  workers: 3\n');
    await expect(resolve(options, { flags: { config: path }, env: {} })).rejects.toThrow(
      `mapping.workers in ${path}: expected the name of an option, found an unknown name`,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});
