import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { strictestNameLimits } from '../../../src/core/types/index.js';
import type { Csv } from '../../../src/formats/csv/csv.js';
import { casesOf } from '../../support/effort.js';
import { csv, expectValid, field, sent, tag } from '../rows/support.js';
import { bytesSource, readAll } from '../support.js';

const head = 'time,host,v\n';

test('cells become the tags, fields and time of a point', async () => {
  const format = csv({ tags: [tag('host')] });
  const { points, rejects } = await sent(format, `${head}1,a,1.5\n2,"b, =c",-2e3\n3,,7\n`);
  expect(points).toEqual(['m,host=a v=1.5 1', 'm,host=b\\,\\ \\=c v=-2e3 2', 'm v=7 3']);
  expect(rejects).toEqual([]);
  await expectValid(points);
});

test('each point keeps its original bytes, line and offset', async () => {
  const text = `${head}1,a,1\r\n\r\n2,"b\nc",x\n3,d,3`;
  const fields = [field('host'), field('v', 'float')];
  const { points } = await readAll(csv({ fields }), Buffer.from(text), [5, 3, 1]);
  expect(points.map(({ source, line, offset, time }) => ({ source, line, offset, time }))).toEqual([
    { source: '1,a,1', line: 2, offset: 12, time: 1n },
    { source: '3,d,3', line: 6, offset: 31, time: 3n },
  ]);
});

test('rejected rows are reported with their lines, and reading continues after them', async () => {
  const rows = ['1,a,1', '2,b', '3,c,3,x', 'x,d,4', '5,"e"f,5', '6,f,NaN', '7,g,text', '8,h,8'];
  const { points, rejects } = await sent(
    csv({ tags: [tag('host')], fields: [field('v', 'float')] }),
    head + rows.map((row) => `${row}\n`).join(''),
  );
  expect(points).toEqual(['m,host=a v=1 1', 'm,host=h v=8 8']);
  expect(rejects).toEqual([
    '3 ragged-row',
    '4 ragged-row',
    '5 bad-timestamp',
    '6 bad-quote',
    '7 non-finite',
    '8 bad-number',
  ]);
});

test('an invalid time is reported with its column and names --time-format', async () => {
  const source = bytesSource(Buffer.from('at,v\nnoon,1\n31.12.2024 12:00,2\n'), []);
  const messages: string[] = [];
  for await (const run of csv({ timeColumn: 'at' }).points(source, new AbortController().signal)) {
    messages.push(...run.rejects.map(({ message }) => message));
  }
  expect(messages).toEqual([
    expect.stringContaining('"noon" in column at'),
    'found "31.12.2024 12:00" in column at; expected a number in ns or a time such as 2024-01-31T12:00:00Z; set another format with --time-format',
  ]);
});

test('a quote that never closes rejects its own line and not the rest of the file', async () => {
  const { points, rejects } = await sent(csv({ tags: [tag('host')] }), `${head}1,"a,1\n2,b,2\n3,c,3\n`);
  expect(points).toEqual(['m,host=b v=2 2', 'm,host=c v=3 3']);
  expect(rejects).toEqual(['2 bad-quote']);
});

test('rows after a quote that never closes are read normally', async () => {
  // In one piece, so that all of it is looked through for the end of that quote.
  const text = `${head}0,"",0\n1,"a,1\n2,"",2\n3,"",3\n`;
  for (const kernel of [undefined, false] as const) {
    const { points, rejects } = await sent(csv({ kernel, tags: [tag('host')] }), text);
    expect({ points, rejects }).toEqual({ points: ['m v=0 0', 'm v=2 2', 'm v=3 3'], rejects: ['3 bad-quote'] });
  }
});

test('a short time is read as a number, whatever the next cell begins with', async () => {
  const { points, rejects } = await sent(csv(), 'time,v\n123,-5\n1234,-5\n');
  expect({ points, rejects }).toEqual({ points: ['m v=-5 123', 'm v=-5 1234'], rejects: [] });
  expect((await sent(csv(), 'time,v\n12,a-b\n')).points).toEqual(['m v="a-b" 12']);
});

test('table names that are not UTF-8 are rejected instead of merged into one table', async () => {
  const text = Buffer.from('time,t,v\n1,a,1\n2,\xff,1\n3,\xfe,1\n', 'latin1');
  const { points, rejects } = await sent(csv({ measurement: '{t}' }), text);
  expect({ points, rejects }).toEqual({ points: ['a v=1 1'], rejects: ['3 no-measurement', '4 no-measurement'] });
});

test('a last row without a line end is accepted when it is complete and rejected when it is cut off', async () => {
  expect(await sent(csv(), `time,v\n1,1\n2,2`)).toEqual({ points: ['m v=1 1', 'm v=2 2'], rejects: [] });
  expect((await sent(csv(), `${head}1,a,1\n2,b`)).rejects).toEqual(['3 cut-short']);
  expect((await sent(csv(), `v,time\n1,1000\n2,200`)).rejects).toEqual(['3 cut-short']);
});

test('an over-long row arrives in parts and counts as one reject', async () => {
  const format = csv({ maxPointBytes: 64, chunkBytes: 128 });
  const { points, rejects } = await readAll(format, Buffer.from(`${head}1,${'a'.repeat(500)},1\n2,b,2\n`), []);
  expect(rejects.map(({ reason, source }) => [reason, source.length])).toEqual([['too-long', 504]]);
  expect(points.map(({ text, line }) => [text, line])).toEqual([['m host="b",v=2 2', 3]]);
});

describe('types of CSV columns', () => {
  test('numbers become floats, true and false become booleans, other text becomes strings', async () => {
    const { points } = await sent(csv(), 'time,a,b,c,d,e\n1,1,true,"2",x,False\n2,.5,false,"3",,TRUE\n');
    expect(points).toEqual(['m a=1,b=t,c="2",d="x",e=f 1', 'm a=0.5,b=f,c="3",e=t 2']);
    await expectValid(points);
  });

  test('the first type of a field holds for later inputs, and other values are rejected', async () => {
    const format = csv();
    await sent(format, 'time,v\n1,1\n');
    expect(await sent(format, 'time,v\n1,true\n2,false\n')).toEqual({
      points: [],
      rejects: ['2 bad-number', '3 bad-number'],
    });
    expect(await sent(format, 'time,v\n1,text\n')).toEqual({ points: [], rejects: ['2 bad-number'] });
  });

  test('field types are separate for each table', async () => {
    const { points, rejects } = await sent(csv({ measurement: '{t}' }), 'time,t,v\n1,a,1\n2,b,x\n3,a,2\n4,,5\n');
    expect(points).toEqual(['a v=1 1', 'b v="x" 2', 'a v=2 3']);
    expect(rejects).toEqual(['5 no-measurement']);
  });

  test('a slash in a table name is accepted for targets that accept it', async () => {
    const text = 'time,t,v\n1,a/b,1\n2,c,2\n';
    const measurement = '{t}';
    expect(await sent(csv({ measurement }), text)).toEqual({ points: ['c v=2 2'], rejects: ['2 no-measurement'] });
    const names = { ...strictestNameLimits, seriesKeyBytes: 65_535, slashes: true };
    expect(await sent(csv({ measurement, names }), text)).toEqual({ points: ['a/b v=1 1', 'c v=2 2'], rejects: [] });
  });

  test('declared types also apply to quoted cells', async () => {
    const fields = [
      field('i', 'integer'),
      field('u', 'unsigned', 'n'),
      field('s', 'string'),
      field('b', 'boolean'),
      field('f', 'float'),
    ];
    const text = [
      'time,i,u,s,b,f',
      '1,-9223372036854775808,18446744073709551615,1,T,"2"',
      '2,9223372036854775808,0,,,',
      '3,1.0,0,,,',
      '4,,-1,,,',
      '5,,,,yes,',
      '6,+007,00,"",f,1e400',
      '7,+007,00,"",f,1',
    ];
    const { points, rejects } = await sent(csv({ fields }), `${text.join('\n')}\n`);
    expect(points).toEqual([
      'm i=-9223372036854775808i,n=18446744073709551615u,s="1",b=t,f=2 1',
      'm i=7i,n=0u,s="",b=f,f=1 7',
    ]);
    expect(rejects).toEqual(['3 integer-range', '4 bad-number', '5 integer-range', '6 wrong-type', '7 non-finite']);
    await expectValid(points);
  });

  test('a whole number beyond the exact range of floats is rejected unless its type is declared', async () => {
    expect((await sent(csv(), 'time,v\n1,9007199254740993\n2,9007199254740992\n')).rejects).toEqual([
      '2 inexact-integer',
    ]);
    const declared = csv({ fields: [field('v', 'integer')] });
    expect((await sent(declared, 'time,v\n1,9007199254740993\n')).points).toEqual(['m v=9007199254740993i 1']);
  });
});

describe('headers of CSV files', () => {
  test.each([
    ['a header without time', {}, 'a,b\n', '--time-column'],
    ['a header without table', { measurement: null }, 'time,b\n', '--measurement'],
    ['a missing tag column', { tags: [tag('x')] }, 'time,b\n', '"x"'],
    ['a header without field', { tags: [tag('b')] }, 'time,b\n', '--fields'],
    ['a repeated column name', {}, 'time,b,b\n', 'two columns named "b"'],
    ['a field named time', { timeColumn: 'ts' }, 'time,ts,b\n', 'time is the name'],
    ['a header with unmatched quotes', {}, '"time,b\n', '--quote'],
  ])('%s ends with a usage error that names the fix', async (_, options, text, words) => {
    const failure = await sent(csv(options), `${text}1,2,3\n`).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UsageError);
    expect((failure as UsageError).message).toContain(words);
  });

  test('a column name that is not UTF-8 is an error when the column is used', async () => {
    const text = Buffer.from('time,gr\xf6\xdfe,v\n1,2,3\n', 'latin1');
    await expect(sent(csv(), text)).rejects.toThrow('--encoding');
    expect((await sent(csv({ fields: [field('v')] }), text)).points).toEqual(['m v=3 1']);
  });

  test('columns without a header are named by their number', async () => {
    const format = csv({ noHeader: true, timeColumn: '3', tags: [tag('1', 'host')], fields: [field('2', null, 'v')] });
    expect((await sent(format, 'a,1,10\nb,2,20\n')).points).toEqual(['m,host=a v=1 10', 'm,host=b v=2 20']);
  });

  test('lines before the header are skipped, whatever they hold', async () => {
    const { points } = await sent(csv({ skipLines: 2 }), 'made "by\n\ntime,v\n1,2\n', [1, 1, 1]);
    expect(points).toEqual(['m v=2 1']);
  });

  test('the bytes before the first row are kept for files of rejected rows', async () => {
    const format = csv({ skipLines: 1 });
    const text = 'made by hand\n\ntime,v\n1,2\n';
    const source = Buffer.from(text);
    let at = 0;
    const runs = format.points(
      {
        bytesRead: 0,
        compression: 'none',
        close: async () => {},
        read: async (into) => {
          const n = Math.min(4, source.length - at);
          into.set(source.subarray(at, at + n));
          at += n;
          return n;
        },
      },
      new AbortController().signal,
    );
    for await (const run of runs) {
      expect(run.deadLetterFormat.suffix).toBe('.csv');
      expect(Buffer.from(run.deadLetterFormat.head).toString()).toBe('made by hand\n\ntime,v\n');
    }
  });
});

test('unquoted null words stand for missing values', async () => {
  const format = csv({ nullWords: ['NA', '-'], tags: [tag('h')] });
  expect((await sent(format, 'time,h,v,w\n1,-,NA,1\n2,"-",2,NA\n')).points).toEqual(['m w=1 1', 'm,h=- v=2 2']);
});

test('a row that is not UTF-8 is rejected', async () => {
  expect((await sent(csv(), Buffer.from('time,v\n1,\xfc\n', 'latin1'))).rejects).toEqual(['2 invalid-utf8']);
});

test('the reason of a row with bad quotes does not depend on what follows in the same read', async () => {
  const row = '"a"b,1\n';
  const { rejects } = await sent(csv({ maxPointBytes: 64 }), `v,time\n${row}${'1,1\n'.repeat(50)}${row}2,2\n`);
  expect(rejects).toEqual(['2 bad-quote', '53 bad-quote']);
});

test('other delimiters and quotes can be set', async () => {
  expect((await sent(csv({ delimiter: ';', quote: "'" }), "time;v\n1;'a;''b'\n")).points).toEqual(['m v="a;\'b" 1']);
  expect((await sent(csv({ quote: null }), 'time,v\n1,"a"\n')).points).toEqual(['m v="\\"a\\"" 1']);
  expect((await sent(csv({}, 'tsv'), 'time\tv\n1\ta, b\n')).points).toEqual(['m v="a, b" 1']);
});

test('--columns names the columns of CSV without a header', async () => {
  const format = csv({ columnNames: ['time', 'h', 'v'], tags: [tag('h')] });
  expect((await sent(format, '1,a,1.5\n2,b,2\n')).points).toEqual(['m,h=a v=1.5 1', 'm,h=b v=2 2']);
  await expect(sent(csv({ columnNames: ['time'] }), '1,2\n')).rejects.toThrow(
    'expected 1 cells, one for each name in --columns, found 2',
  );
});

test('a missing time is left to --missing-timestamp now', async () => {
  expect((await sent(csv(), 'time,v\n,1\n')).rejects).toEqual(['2 no-timestamp']);
  expect((await sent(csv({ missingTimestamp: 'now' }), 'time,v\n,1\n')).points).toEqual(['m v=1']);
});

test('random cells become valid line protocol in every chunking', async () => {
  const cell = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: fc.constantFrom('"', '\\', ' ', ',', '=', 'a', '\n', "'", '\0', '/', 'é') }),
    fc.double().map(String),
    fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }).map(String),
    fc.constantFrom('', 'true', 'NaN', '.5', '-.5e-3', '1.', '+1'),
  );
  const row = fc.tuple(
    fc.oneof(fc.constantFrom('1', '2020-01-01T00:00:00Z'), cell),
    fc.constantFrom('m', 'n o', 'a=b', 'x/y', '\\'),
    cell,
    cell,
    cell,
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 40 })),
      async (rows, chunks) => {
        const quoted = (text: string): string => (/[",\n\r]|^$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
        const text = ['time,t,tag,v,w', ...rows.map((cells) => cells.map(quoted).join(','))]
          .map((each) => `${each}\n`)
          .join('');
        const options = { measurement: '{t}', tags: [tag('tag')], chunkBytes: 64, maxPointBytes: 2048 };
        const inferred = (format: Csv, parts: number[]) =>
          readAll(format, Buffer.from(text), parts).catch((error: UsageError) => error.problems);
        expect(await inferred(csv(options), chunks)).toEqual(
          await inferred(csv({ ...options, chunkBytes: 65_536 }), []),
        );
        const declared = { ...options, fields: [field('v', 'string'), field('w', 'float')] };
        const whole = await readAll(csv({ ...declared, chunkBytes: 65_536 }), Buffer.from(text), []);
        await expectValid(whole.points.map((point) => point.text));
        expect(await readAll(csv(declared), Buffer.from(text), chunks)).toEqual(whole);
        expect(whole.points.length + whole.rejects.length).toBe(rows.length);
      },
    ),
    { numRuns: casesOf(300, 40) },
  );
});
