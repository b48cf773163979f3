import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { pointValues } from '../../../src/core/points/line-protocol.js';
import { Ndjson } from '../../../src/formats/json/ndjson.js';
import { RowFormatMemory } from '../../../src/formats/rows/rows.js';
import { casesOf } from '../../support/effort.js';
import { expectValid, field, type Options, plain, sent, tag } from '../rows/support.js';
import { readAll } from '../support.js';

function ndjson(more: Partial<Options> = {}): Ndjson {
  return new Ndjson(new RowFormatMemory({ ...plain, ...more }));
}

test('JSON members in any order and with any blanks become tags and fields', async () => {
  const text = [
    '{"time":1,"host":"a","v":1.5,"ok":true,"note":"x"}',
    ' { "note" : "y" ,\t"v": -2e3, "time": "1970-01-01T00:00:01.000000002Z" , "host":"b c"}\r',
    '',
    '{"time":3,"v":null,"ok":false}',
  ];
  const { points, rejects } = await sent(ndjson({ tags: [tag('host')] }), `${text.join('\n')}\n`);
  expect(points).toEqual(['m,host=a v=1.5,ok=t,note="x" 1', 'm,host=b\\ c v=-2e3,note="y" 1000000002', 'm ok=f 3']);
  expect(rejects).toEqual([]);
  await expectValid(points);
});

test('declared JSON integers keep all digits, and undeclared ones beyond 2^53 are rejected', async () => {
  const text = '{"time":1451606400000000001,"i":-9223372036854775808,"u":18446744073709551615}\n';
  const declared = ndjson({ fields: [field('i', 'integer'), field('u', 'unsigned')] });
  expect((await sent(declared, text)).points).toEqual([
    'm i=-9223372036854775808i,u=18446744073709551615u 1451606400000000001',
  ]);
  expect((await sent(ndjson(), '{"time":1,"v":9007199254740993}\n')).rejects).toEqual(['1 inexact-integer']);
  expect((await sent(ndjson(), `{"time":1,"v":${'9'.repeat(400)}}\n`)).rejects).toEqual(['1 non-finite']);
});

test('nested JSON members are named by path, and lists are rejected unless --fields names an element', async () => {
  const text = '{"time":1,"a":{"b":1,"c":{"d":"x"}}}\n{"time":2,"a":{"b":2},"l":[1,2]}\n{"time":3,"l":[],"z":4}\n';
  expect(await sent(ndjson(), text)).toEqual({
    points: ['m a.b=1,a.c.d="x" 1'],
    rejects: ['2 array-value', '3 array-value'],
  });
  const fields = [field('a.b'), field('l.1', 'integer', 'second'), field('l.2.x')];
  const picked = await sent(ndjson({ fields }), `${text}{"time":4,"l":[0,5,{"x":6,"y":[]}],"skipped":[[{}]]}\n`);
  expect(picked).toEqual({
    points: ['m a.b=1 1', 'm a.b=2,second=2i 2', 'm second=5i,l.2.x=6 4'],
    rejects: ['3 no-fields'],
  });
});

test("a tag that first appears in a later row is part of that row's shape", async () => {
  const text = '{"time":1,"a":1,"b":2}\n{"time":2,"host":"x","a":1}\n';
  const { points } = await readAll(ndjson({ tags: [tag('host')] }), Buffer.from(text), []);
  expect(points.map(({ shape: { columns } }) => columns.map(({ name }) => name))).toEqual([
    ['a', 'b'],
    ['host', 'a'],
  ]);
});

test('an NDJSON line that is no object is rejected with its line number', async () => {
  const bad = [
    'x',
    '[1]',
    '{"time":1',
    '{"time":1}}',
    '{"time":1,}',
    '{"v":01}',
    '{"v":1.}',
    '{"v":"\t"}',
    '{"v":"\\x"}',
    '{"v":tru}',
    '{v:1}',
    '{"v":.5}',
    '{"v":"\\ud800"}',
  ];
  const { points, rejects } = await sent(
    ndjson(),
    `{"time":1,"v":1}\n${bad.join('\n')}\n{"time":2,"v":2}\n{"time":3,"v"`,
  );
  expect(points).toEqual(['m v=1 1', 'm v=2 2']);
  expect(rejects).toEqual([...bad.map((_, i) => `${i + 2} bad-json`), `${bad.length + 3} cut-short`]);
});

test('a duplicate JSON key rejects the row, also when one of them is escaped', async () => {
  const { rejects } = await sent(ndjson(), '{"time":1,"v":1}\n{"time":1,"v":1,"v":2}\n{"time":1,"v":1,"\\u0076":2}\n');
  expect(rejects).toEqual(['2 duplicate-column', '3 duplicate-column']);
});

test('a JSON key that cannot name a column rejects the row', async () => {
  const text = '{"ts":1,"v":1}\n{"ts":2,"time":2}\n{"ts":3,"a\\nb":2}\n{"ts":4,"":1}\n{"ts":5,"x":2}\n';
  const { points, rejects } = await sent(ndjson({ timeColumn: 'ts' }), text);
  expect(points).toEqual(['m v=1 1', 'm x=2 5']);
  expect(rejects).toEqual(['2 column-named-time', '3 newline-in-name', '4 empty-field-key']);
});

test('half of a surrogate pair in a key, and invalid UTF-8 in a string, reject the row', async () => {
  const halves = '{"time":1,"v":1}\n{"time":2,"\\ud800":1,"\\udc01":2}\n{"time":3,"\\ud83d\\ude00":1}\n';
  const keys = await sent(ndjson(), halves);
  expect(keys).toEqual({ points: ['m v=1 1', 'm 😀=1 3'], rejects: ['2 bad-json'] });
  const bytes = Buffer.from('{"time":1,"v":"a"}\n{"time":2,"v":"\xff"}\n{"time":3,"v":"\xff\\n"}\n', 'latin1');
  expect((await sent(ndjson(), bytes)).rejects).toEqual(['2 invalid-utf8', '3 invalid-utf8']);
});

test('the first JSON value of a field decides its type, and other types are rejected', async () => {
  const text =
    '{"time":1,"v":1,"s":"a","b":true}\n{"time":2,"v":"2"}\n{"time":3,"s":3}\n{"time":4,"b":4}\n{"time":5,"v":false}\n';
  expect((await sent(ndjson(), text)).rejects).toEqual([
    '2 wrong-type',
    '3 wrong-type',
    '4 wrong-type',
    '5 wrong-type',
  ]);
});

test('several objects on one NDJSON line are rows of their own', async () => {
  const { points, rejects } = await readAll(
    ndjson(),
    Buffer.from('{"time":1,"v":1}{"time":2,"v":2} {"time":3,"v":3}\n{"time":4,"v":4}{"time":5}{"time":6,"v":6}\n'),
    [],
  );
  expect(points.map(({ text, line }) => [text, line])).toEqual([
    ['m v=1 1', 1],
    ['m v=2 2', 1],
    ['m v=3 3', 1],
    ['m v=4 4', 2],
    ['m v=6 6', 2],
  ]);
  expect(rejects.map(({ reason, source, line }) => [reason, source, line])).toEqual([['no-fields', '{"time":5}', 2]]);
});

test('NaN and Infinity literals are no value when --null names them, and are rejected otherwise', async () => {
  const text = '{"time":1,"v":NaN,"w":1}\n{"time":2,"v":1.5,"w":-Infinity}\n{"time":3,"s":"NaN","w":3}\n';
  expect((await sent(ndjson({ nullWords: ['NaN', '-Infinity'] }), text)).points.slice(0, 2)).toEqual([
    'm w=1 1',
    'm v=1.5 2',
  ]);
  expect(await sent(ndjson(), text)).toEqual({
    points: ['m w=3,s="NaN" 3'],
    rejects: ['1 non-finite', '2 non-finite'],
  });
});

test('rows that are JSON lists get the names of --columns', async () => {
  const format = ndjson({ columnNames: ['time', 'host', 'v'], tags: [tag('host')] });
  const text = '[1,"a",1.5]\n[2, "b" , null]\n[3,"c"]\n[4,"d",4,5]\n{"time":5,"host":"e","v":5}\n[6,"f",6]\n';
  expect(await sent(format, text)).toEqual({
    points: ['m,host=a v=1.5 1', 'm,host=e v=5 5', 'm,host=f v=6 6'],
    rejects: ['2 no-fields', '3 ragged-row', '4 ragged-row'],
  });
});

describe('NDJSON columns', () => {
  test('the first usual name of a time column wins, wherever it stands', async () => {
    expect((await sent(ndjson({ measurement: null }), '{"ts":5,"time":1,"_measurement":"x"}\n')).points).toEqual([
      'x ts=5 1',
    ]);
  });

  test.each([
    ['no time', '{"when":1,"v":2}', {}, '--time-column'],
    ['no table', '{"time":1,"v":2}', { measurement: null }, '--measurement'],
  ])('%s in the first object is a usage error that names the option', async (_, text, options, words) => {
    const failure = await sent(ndjson(options), `${text}\n`).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UsageError);
    expect((failure as Error).message).toContain(words);
  });
});

type Json = string | number | boolean | null | { [key: string]: Json };

function flat(value: { [key: string]: Json }, before = ''): [string, string | number | boolean][] {
  return Object.entries(value).flatMap(([key, member]): [string, string | number | boolean][] => {
    if (member === null) return [];
    return typeof member === 'object' ? flat(member, `${before}${key}.`) : [[`${before}${key}`, member]];
  });
}

test('every valid object in any chunks is read as JSON.parse reads it', async () => {
  const key = fc.constantFrom('a', 'b', 'c d', 'é', 'e=f', 'q"');
  const text = fc.string({ unit: 'grapheme' }).filter((s) => !/\0|\\"/.test(s));
  const number = fc.double({ noNaN: true, noDefaultInfinity: true });
  const { object } = fc.letrec<{ object: { [key: string]: Json }; value: Json }>((tie) => ({
    value: fc.oneof({ depthSize: 'small' }, text, number, fc.boolean(), fc.constant(null), tie('object')),
    object: fc.dictionary(key, tie('value'), { maxKeys: 4 }),
  }));
  await fc.assert(
    fc.asyncProperty(object, fc.array(fc.integer({ min: 1, max: 30 })), fc.boolean(), async (value, chunks, wide) => {
      const row = { time: 7, ...value };
      const paths = flat(value).map(([path]) => path);
      fc.pre(paths.length > 0 && new Set(paths).size === paths.length);
      const line = wide ? JSON.stringify(row, null, '\t').replaceAll('\n', ' ') : JSON.stringify(row);
      const { points } = await readAll(ndjson({ chunkBytes: 64 }), Buffer.from(`${line}\n${line}\n`), chunks);
      expect(points.length).toBe(2);
      await expectValid(points.map((point) => point.text));
      const { fields, time } = pointValues(Buffer.from(points[1]!.text), 'ns');
      expect(time).toBe(7n);
      const expected = flat(JSON.parse(line) as typeof row).filter(([path]) => path !== 'time');
      expect(new Map([...fields])).toEqual(new Map(expected.map(([path, v]) => [path, v === 0 ? 0 : v])));
    }),
    { numRuns: casesOf(500, 60) },
  );
});

test('each line of arbitrary bytes is points or rejects, and every point is valid line protocol', async () => {
  const piece = fc.constantFrom(
    '{',
    '}',
    '"time":1',
    '"v":',
    '"a b"',
    ':',
    ',',
    '1',
    '-',
    '.5',
    'e9',
    'true',
    'null',
    '[',
    ']',
    ' ',
    '"',
    '\\',
    '\\u00e9',
    'é',
    '\0',
    '{"time":1,"v":2}',
  );
  const line = fc.array(piece, { maxLength: 10 }).map((pieces) => pieces.join(''));
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { maxLength: 10 }),
      fc.array(fc.integer({ min: 1, max: 30 })),
      async (texts, chunks) => {
        const input = Buffer.from(`{"time":1,"v":1}\n${texts.map((each) => `${each}\n`).join('')}`);
        const whole = await readAll(ndjson(), input, []);
        await expectValid(whole.points.map(({ text }) => text));
        // A line may hold several objects.
        expect(new Set([...whole.points, ...whole.rejects].map(({ line: number }) => number)).size).toBe(
          1 + texts.filter((each) => each.trim() !== '' || /[^ \t\r]/.test(each)).length,
        );
        expect(await readAll(ndjson({ chunkBytes: 64 }), input, chunks)).toEqual(whole);
      },
    ),
    { numRuns: casesOf(500, 60) },
  );
});

test('--null names JSON strings too, also when the kernel parses them', async () => {
  const row = (i: number): string =>
    `{"time":${i + 1},"host":"${i % 2 === 0 ? '-' : 'a'}","v":${i % 3 === 0 ? '"NaN"' : i},"s":"x"}`;
  const text = `${Array.from({ length: 60 }, (_, i) => row(i)).join('\n')}\n`;
  for (const kernel of [undefined, false as const]) {
    const { points, rejects } = await sent(ndjson({ nullWords: ['NaN', '-'], tags: [tag('host')], kernel }), text);
    expect(rejects).toEqual([]);
    expect(points.slice(0, 4)).toEqual(['m s="x" 1', 'm,host=a s="x",v=1 2', 'm s="x",v=2 3', 'm,host=a s="x" 4']);
    expect(points.slice(56)).toEqual([
      'm s="x",v=56 57',
      'm,host=a s="x" 58',
      'm s="x",v=58 59',
      'm,host=a s="x",v=59 60',
    ]);
  }
});
