import { afterAll, expect, test } from 'vitest';
import type { Format } from '../../src/core/types/index.js';
import { FormatSet } from '../../src/formats/format-set.js';
import { formatNamed, formats } from '../../src/formats/registry.js';
import type { FormatOptions } from '../../src/formats/types.js';
import { plain } from './rows/options.js';
import { bytesSource } from './support.js';

const options: FormatOptions = { ...plain, format: 'auto', jsonPath: null };
const sets: FormatSet[] = [];

afterAll(async () => {
  for (const set of sets) await set.close();
});

async function chosen(more: Partial<FormatOptions>): Promise<Format> {
  const set = new FormatSet({ ...options, ...more });
  sets.push(set);
  const { format } = await set.choose({ name: '-' }, bytesSource(new Uint8Array(0)), new AbortController().signal);
  return format;
}

test.each(formats.map(({ name }) => name))('the registry creates the format %s under its own name', async (name) => {
  const format = await chosen({ format: name });
  expect(format.name).toBe(name);
  expect(format.isRandom ?? false).toBe(formatNamed(name).randomAccess);
});

test('names and extensions of formats are unique', () => {
  const names = formats.map(({ name }) => name);
  const extensions = formats.flatMap((each) => each.extensions);
  expect(new Set(names).size).toBe(names.length);
  expect(new Set(extensions).size).toBe(extensions.length);
});

test('an input is read as JSON when a path into JSON is given', async () => {
  const format = await chosen({ jsonPath: 'data.items' });
  expect(format.name).toBe('json');
});

test('inputs of one load share a format', async () => {
  const set = new FormatSet(options);
  sets.push(set);
  const choose = async (text: string) =>
    (await set.choose({ name: '-' }, bytesSource(Buffer.from(text)), new AbortController().signal)).format;
  expect(await choose('a,b\n')).toBe(await choose('c,d\n'));
});
