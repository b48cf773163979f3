import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { options } from '../../src/config/options.js';
import { resolve } from '../../src/config/resolve.js';
import { validate } from '../../src/config/validate.js';

const defaults = Object.fromEntries(options.map((option) => [option.key, option.default]));

function parsed(given: Record<string, unknown>) {
  return validate({ ...defaults, stateDir: '/state', db: 'd', ...given }, new Set(Object.keys(given)));
}

function settings(given: Record<string, unknown>) {
  const result = parsed(given);
  if ('problems' in result) throw new Error(JSON.stringify(result.problems));
  return result.settings;
}

test('columns are named with type and new name, by comma or as lists, and a backslash takes a sign literally', () => {
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

test('words, characters and zones are taken as they are meant', () => {
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
  [{ fields: 'a:int' }, 'with a type of float, integer, unsigned, boolean, string'],
  [{ delimiter: 'ab' }, 'delimiter: expected one character'],
  [{ delimiter: 'x' }, 'delimiter: expected one character'],
  [{ timezone: 'Mars/Base' }, 'timezone: expected a time zone'],
  [{ format: 'lp', tags: 'a' }, 'tags: expected with a format whose rows are mapped'],
])('%o is refused', (given, words) => {
  const result = parsed(given);
  const messages = 'problems' in result ? result.problems.map(({ key, message }) => `${key}: ${message}`) : [];
  expect(messages.join('\n')).toContain(words);
});

test('a config file may put the mapping into a block of its own; what does not belong there is refused', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bulk-load-test-'));
  try {
    const path = join(folder, 'load.yaml');
    await writeFile(path, 'db: d\nmapping:\n  measurement: cpu\n  tags: [host]\n  noHeader: true\n');
    const { settings: read } = await resolve({ flags: { config: path, measurement: 'mem' }, env: {} });
    expect(read).toMatchObject({ measurement: 'mem', tags: [{ name: 'host', as: 'host' }], noHeader: true });
    await writeFile(path, 'db: d\nmapping:\n  workers: 3\n');
    await expect(resolve({ flags: { config: path }, env: {} })).rejects.toThrow('mapping.workers: no such option');
  } finally {
    await rm(folder, { recursive: true });
  }
});
