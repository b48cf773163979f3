import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../../src/core/errors.js';
import type { ByteSource } from '../../../src/core/types/index.js';
import { Json } from '../../../src/formats/json/json.js';
import { Ndjson } from '../../../src/formats/json/ndjson.js';
import { RowFormatMemory } from '../../../src/formats/rows/rows.js';
import { casesOf } from '../../support/effort.js';
import { plain } from '../rows/support.js';
import { bytesSource, readAll } from '../support.js';

const json = (path: string | null = null): Json => new Json(new RowFormatMemory(plain), path);

/** Reads a text through the format, in chunks of these sizes. */
async function read(format: Json, text: string, chunks: readonly number[] = []) {
  const source = format.reads(bytesSource(Buffer.from(text), chunks), 'a.json');
  const { name, memoryBytes } = format;
  const points = (_: ByteSource, signal: AbortSignal) => format.points(source, signal);
  const { points: found, rejects } = await readAll({ name, memoryBytes, points }, Buffer.from(''), []);
  return { points: found, rejects };
}

const texts = async (format: Json, text: string, chunks?: readonly number[]): Promise<string[]> =>
  (await read(format, text, chunks)).points.map((point) => point.text);

describe('a JSON list', () => {
  const list =
    '[\n  {"time": 1, "v": 1,\r\n   "s": "a\\n[,]{\\"}"},\n  {"v": 2, "time": 2}\n,{"time":3,"o":{"x":[1],"y":"]"}}]\n';

  test('each element of a JSON list is a row at its own offset', async () => {
    const { points, rejects } = await read(json(), list);
    expect(points.map(({ text, line }) => [text, line])).toEqual([
      ['m v=1,s="a\n[,]{\\"}" 1', 1],
      ['m v=2 2', 2],
    ]);
    expect(points.map(({ offset }) => list[offset])).toEqual(['[', '\n']);
    expect(rejects.map(({ line, reason }) => [line, reason])).toEqual([[3, 'array-value']]);
  });

  test('elements of a JSON list that are no objects are rejected one by one', async () => {
    const { points, rejects } = await read(json(), '[{"time":1,"v":1}, 5, "x", [], null, {"time":2,"v":2}]');
    expect(points.map(({ text }) => text)).toEqual(['m v=1 1', 'm v=2 2']);
    expect(rejects.map(({ reason }) => reason)).toEqual(['bad-json', 'bad-json', 'bad-json', 'bad-json']);
  });

  test.each(['', '[]', ' [ ] \n', '[\n]'])('an empty JSON list has no rows: %j', async (text) => {
    expect(await texts(json(), text)).toEqual([]);
  });

  test.each([
    ['[{"time":1,"v":1}', 'the end of the input with 1 bracket open'],
    ['[{"time":1,"v":1},{"time":2', 'the end of the input with 2 brackets open'],
    ['[{"time":1,"v":1},{"s":"x', 'the end of the input inside a string'],
  ])('a JSON list without its end is an input error: %s', async (text, found) => {
    const reading = read(json(), text);
    await expect(reading).rejects.toThrow(InputError);
    await expect(reading).rejects.toThrow(`reading a.json: expected JSON with every bracket closed, found ${found}`);
  });
});

test('a JSON list of lists has rows with the names of --columns', async () => {
  const format = new Json(new RowFormatMemory({ ...plain, columnNames: ['time', 'v'] }), null);
  expect(await texts(format, '[[1,1],\n[2,2]]')).toEqual(['m v=1 1', 'm v=2 2']);
  const nested = new Json(new RowFormatMemory({ ...plain, columnNames: ['time', 'v'] }), 'data');
  expect(await texts(nested, '{"meta":[],"data":[[1,1],[2,2]]}')).toEqual(['m v=1 1', 'm v=2 2']);
});

test('JSON objects in sequence may span several lines', async () => {
  expect(await texts(json(), '{\n "time": 1,\n "v": 1\n}\n{"time":2,"v":2}\n')).toEqual(['m v=1 1', 'm v=2 2']);
});

test('JSON objects in sequence without line ends are rows of their own', async () => {
  const text = '{"time":1,"v":1}{"time":2,"v":2} {"time":3,"v":{"x":"}{"}}[{"time":4,"v":4}]{"time":5,"v":5}';
  const wanted = ['m v=1 1', 'm v=2 2', 'm v.x="}{" 3', 'm v=4 4', 'm v=5 5'];
  expect(await texts(json(), text)).toEqual(wanted);
  for (const size of [1, 2, 7, 20]) expect(await texts(json(), text, Array(text.length).fill(size))).toEqual(wanted);
});

test('a damaged object in a sequence without line ends rejects only itself', async () => {
  const { points, rejects } = await read(json(), '{"time":1,"v":1}{"time":x}{"time":3,"v":3}');
  expect(points.map(({ text }) => text)).toEqual(['m v=1 1', 'm v=3 3']);
  expect(rejects.map(({ reason }) => reason)).toEqual(['bad-json']);
});

test('30,000 JSON objects on one line are 30,000 points', async () => {
  const objects = Array.from({ length: 30_000 }, (_, i) => `{"time":${i},"host":"h${i % 9}","v":${i}}`);
  const { points, rejects } = await read(json(), objects.join(''));
  expect(points.length).toBe(30_000);
  expect(points.at(-1)?.text).toBe('m host="h2",v=29999 29999');
  expect(rejects).toEqual([]);
});

describe('--json-path', () => {
  const text =
    '{"meta":{"n":2,"items":[1]},"data":{"items":[{"time":1,"v":9007199254740991.0,"s":"\\u00e9\\"\\n"},{"time":2,"n":{"a":true,"b":null}}],"z":1}}';

  test('--json-path selects a nested list, and numbers keep all digits', async () => {
    expect(await texts(json('data.items'), text)).toEqual(['m v=9007199254740991.0,s="é\\"\n" 1', 'm n.a=t 2']);
  });

  test('--json-path enters lists by index and selects a single object', async () => {
    expect(await texts(json('1.rows'), '[{"rows":[{"time":1,"v":1}]},{"rows":[{"time":2,"v":2}]}]')).toEqual([
      'm v=2 2',
    ]);
    expect(await texts(json('a.b'), '{"a":{"b":{"time":1,"v":1}}}')).toEqual(['m v=1 1']);
  });

  test('a --json-path that leads nowhere is an input error', async () => {
    await expect(read(json('data.rows'), text)).rejects.toThrow(
      'expected a list or an object at data.rows (--json-path), found nothing',
    );
  });

  test.each(['{"data":{"items":[{"time":1,"v":1},{]}}', '{"data":{"items":[{"time":1,"v":1}', 'nothing'])(
    'invalid JSON with --json-path is an input error: %s',
    async (bad) => {
      await expect(read(json('data.items'), bad)).rejects.toThrow(InputError);
    },
  );
});

test('a JSON list in any layout and any chunks yields the points of the same objects as NDJSON', async () => {
  const key = fc.constantFrom('v', 'a b', 'ü', 'w"');
  const value = fc.oneof(fc.integer(), fc.boolean(), fc.string({ unit: 'grapheme', maxLength: 8 }), fc.constant(null));
  const object = fc.tuple(fc.integer({ min: 1, max: 99 }), fc.dictionary(key, value, { maxKeys: 4 }));
  const written = fc.tuple(fc.array(object, { maxLength: 8 }), fc.constantFrom(0, 1, '\t'));
  await fc.assert(
    fc.asyncProperty(
      written,
      fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 60 }),
      async ([all, indent], chunks) => {
        const objects = all.map(([time, rest]) => ({ time, ...rest }));
        const lines = objects.map((each) => `${JSON.stringify(each)}\n`).join('');
        const plainly = await readAll(new Ndjson(new RowFormatMemory(plain)), Buffer.from(lines), []);
        const wanted = plainly.points.map((point) => point.text);
        expect(await texts(json(), JSON.stringify(objects, null, indent), chunks)).toEqual(wanted);
        const nested = JSON.stringify({ skipped: [{ v: 1 }], data: { items: objects } }, null, indent);
        if (objects.length > 0) expect(await texts(json('data.items'), nested, chunks)).toEqual(wanted);
      },
    ),
    { numRuns: casesOf(150) },
  );
});

test('closing a JSON source early closes the input once', async () => {
  let closed = 0;
  const text = Buffer.from('{"a":[{"time":1,"v":1}]}\n'.repeat(100));
  const endless: ByteSource = {
    read: (into) => {
      into.set(text);
      return Promise.resolve(text.length);
    },
    close: () => Promise.resolve(void closed++),
    bytesRead: 0,
    compression: 'none',
  };
  const source = json('a').reads(endless, 'endless.json');
  expect(await source.read(new Uint8Array(100), new AbortController().signal)).toBe(100);
  await source.close();
  expect(closed).toBe(1);
});
