// Annotated CSV: the examples of its documentation and what Flux answers, read without an option.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UsageError } from '../../../../src/core/errors.js';
import { INPUT_START, type Points, type Position } from '../../../../src/core/types/index.js';
import { detect } from '../../../../src/formats/detect.js';
import { casesOf } from '../../../support/effort.js';
import { expectValid, type Options, csv as plainCsv, sent } from '../../rows/support.js';
import { bytesSource, readAll } from '../../support.js';

const csv = (more: Partial<Options> = {}) => plainCsv({ measurement: null, ...more });
const never = new AbortController().signal;

async function points(text: string, more: Partial<Options> = {}): Promise<string[]> {
  const { points: found, rejects } = await sent(csv(more), text);
  expect(rejects).toEqual([]);
  await expectValid(found, more.precision);
  return found;
}

const flux = (rows: string, head = ''): string =>
  [
    '#group,false,false,true,true,false,false,true,true,true,true',
    '#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,double,string,string,string,string',
    `#default,_result,,,,,,,,,${head}`,
    ',result,table,_start,_stop,_time,_value,_field,_measurement,cpu,host',
    rows,
    '',
  ].join('\r\n');
const fluxRow = (table: number, second: number, value: string, field: string): string =>
  `,,${table},2020-02-25T22:17:54.068926364Z,2020-02-25T22:22:54Z,2020-02-25T22:17:${String(second).padStart(2, '0')}Z,${value},${field},cpu,cpu 1,h`;

test('a Flux result becomes points with the field named by _field and grouped columns as tags', async () => {
  const text = `${flux(fluxRow(0, 57, '0', 'time_steal'))}\r\n${flux(`${fluxRow(1, 58, '2.5', '"usage,user"')}\r\n${fluxRow(1, 59, '1e3', 'time_steal')}`)}`;
  expect(await points(text)).toEqual([
    'cpu,cpu=cpu\\ 1,host=h time_steal=0 1582669077000000000',
    'cpu,cpu=cpu\\ 1,host=h usage\\,user=2.5 1582669078000000000',
    'cpu,cpu=cpu\\ 1,host=h time_steal=1e3 1582669079000000000',
  ]);
});

test('a Flux field name that is not UTF-8 is rejected instead of merged with another', async () => {
  const text = Buffer.from(flux(`${fluxRow(0, 57, '0', 'a')}\r\n${fluxRow(0, 58, '0', '\xff')}`), 'latin1');
  const { points: found, rejects } = await sent(csv(), text);
  expect({ points: found.length, rejects }).toEqual({ points: 1, rejects: ['6 invalid-utf8'] });
});

test('one file may hold tables with different columns and types, with or without blank lines between them', async () => {
  const next = [
    '#datatype,string,long,dateTime:RFC3339,long,string,string',
    '#group,false,false,false,false,true,true',
    '#default,_result,,,,,',
    ',result,table,_time,_value,_field,_measurement',
    ',,0,2020-01-01T00:00:00Z,9223372036854775807,n,mem',
    '',
  ].join('\n');
  expect((await points(`${flux(fluxRow(0, 1, '1', 'a'))}${next}\n\n${next}`)).slice(1)).toEqual([
    'mem n=9223372036854775807i 1577836800000000000',
    'mem n=9223372036854775807i 1577836800000000000',
  ]);
});

test('a pivoted result has fields in columns and ignores result, table, _start and _stop', async () => {
  const text = [
    '#group,false,false,true,true,false,true,true,false,false',
    '#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,string,string,double,boolean',
    '#default,_result,,,,,,,,',
    ',result,table,_start,_stop,_time,_measurement,host,idle,up',
    ',,0,2020-01-01T00:00:00Z,2020-01-02T00:00:00Z,2020-01-01T00:00:01Z,cpu,h,1.5,true',
    ',,0,2020-01-01T00:00:00Z,2020-01-02T00:00:00Z,2020-01-01T00:00:02Z,cpu,h,,false',
    '',
  ].join('\n');
  expect(await points(text)).toEqual([
    'cpu,host=h idle=1.5,up=t 1577836801000000000',
    'cpu,host=h up=f 1577836802000000000',
  ]);
});

test('columns and datatypes may be named like members of every object', async () => {
  const text = [
    '#group,false,false,false,true,false',
    '#datatype,string,long,dateTime:RFC3339,string,double',
    '#default,_result,,,,',
    ',result,table,_time,_measurement,constructor',
    ',,0,2020-01-01T00:00:01Z,cpu,1.5',
    '',
  ].join('\n');
  expect(await points(text)).toEqual(['cpu constructor=1.5 1577836801000000000']);
  await expect(points('#datatype dateTime,toString\nt,v\n1,1\n')).rejects.toThrow(/found "toString"/);
  await expect(points('#datatype dateTime:valueOf,long\nt,v\n1,1\n')).rejects.toThrow(/found "dateTime:valueOf"/);
});

describe('extended annotated CSV', () => {
  test('a datatype in the first cell follows #datatype and a blank', async () => {
    const text =
      '#datatype measurement,tag,tag,double,double,ignored,dateTime:number\nm,cpu,host,steal,user,nothing,time\n' +
      'cpu,cpu1,r.prod,0,2.7,a,1482669077000000000\n';
    expect(await points(text)).toEqual(['cpu,cpu=cpu1,host=r.prod steal=0,user=2.7 1482669077000000000']);
  });

  test('defaults replace empty cells', async () => {
    const text =
      '#datatype measurement,tag,string,double,boolean,long,unsignedLong,dateTime\n#default test,annotated,,,yes,,,\n' +
      'm,name,s,d,b,l,ul,time\n,,str1,1.0,no,1,1,1\n,x,true,2,,-2,18446744073709551615,2020-01-11T10:10:10Z\n';
    expect(await points(text)).toEqual([
      'test,name=annotated s="str1",d=1.0,b=f,l=1i,ul=1u 1',
      'test,name=x s="true",d=2,b=t,l=-2i,ul=18446744073709551615u 1578737410000000000',
    ]);
  });

  test('#constant adds columns, #timezone applies to local times, and number formats are translated', async () => {
    const text =
      '#constant measurement,te st\n#constant,tag,name,formats\n#constant long,answer,42\n#timezone -0500\n' +
      '#datatype dateTime:2006-01-02,"double:,. ","boolean:y,Y:n,N"\n#default 1970-01-02,,y\nt,d,b\n' +
      '1970-01-01,"123.456,78",\n,"-1 234,5",N\n';
    expect(await points(text)).toEqual([
      'te\\ st,name=formats d=123456.78,b=t,answer=42i 18000000000000',
      'te\\ st,name=formats d=-1234.5,b=f,answer=42i 104400000000000',
    ]);
  });

  test('#concat composes a column from others', async () => {
    const text =
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the form that the annotation has
      '#concat tag,who,${first} ${last}!\n#datatype measurement,ignored,ignored,long,time:RFC3339Nano\nm,first,last,v,t\n' +
      'cpu,Ada,L,1,2001-09-09T01:46:40.000000001Z\n';
    expect(await points(text)).toEqual(['cpu,who=Ada\\ L! v=1i 1000000000000000001']);
    await expect(points(text.replace('{last}', '{lost}'))).rejects.toThrow(/a column "lost", which #concat names/);
  });

  test('a column of datatype field holds literals of line protocol', async () => {
    const text =
      '#datatype measurement,field,field,field,field,dateTime:number\nm,i,s,b,f,t\ncpu,12i,"""te,xt""",true,1.5,1\n';
    expect(await points(text)).toEqual(['cpu i=12i,s="te,xt",b=t,f=1.5 1']);
    const { rejects } = await sent(csv(), `${text}cpu,12,"""x""",f,1,2\ncpu,1i,text,f,1,3\n`);
    expect(rejects).toEqual(['4 wrong-type', '5 wrong-type']);
  });

  test('time layouts follow the notation of Go', async () => {
    const head = (layout: string): string => `#datatype measurement,"dateTime:${layout}",long\nm,t,v\n`;
    const at = async (layout: string, time: string): Promise<string> =>
      (await points(`${head(layout)}m,"${time}",1\n`))[0]!;
    expect(await at('Jan _2 2006 3:04:05PM', 'Feb  3 2022 1:02:03PM')).toBe('m v=1i 1643893323000000000');
    expect(await at('02/01/06 15:04:05.000 -0700', '03/02/22 13:02:03.250 +0100')).toBe('m v=1i 1643889723250000000');
    await expect(points(head('Mon Jan 2'))).rejects.toThrow(/in line 1: .* found "dateTime:Mon Jan 2"/);
  });

  test('numeric times are in the precision of the load', async () => {
    const text = '#datatype measurement,dateTime:number,long\nm,t,v\nm,1640995200,1\n';
    expect(await points(text, { precision: 's' })).toEqual(['m v=1i 1640995200']);
  });

  test('annotation names ignore case, and rows that begin with # and a blank are comments', async () => {
    const text =
      '#dataType measurement,tag,long,dateTime:number\n# a comment, of which nothing comes\nm,host,v,t\n# another\nm,#1,1,1\n#m,h,1,2\n';
    expect(await sent(csv(), text)).toEqual({ points: ['m,host=#1 v=1i 1'], rejects: ['6 no-measurement'] });
  });

  test('--measurement names the table when no annotation does', async () => {
    const text = '#datatype dateTime:number,long\nt,v\n1,1\n';
    expect(await points(text, { measurement: 'm' })).toEqual(['m v=1i 1']);
    await expect(points(text)).rejects.toThrow(/--measurement NAME/);
  });
});

test('an unknown datatype is reported with its line and column', async () => {
  const text = '#constant measurement,m\n#datatype dateTime:number,decimal\nt,v\n1,1\n';
  await expect(points(text)).rejects.toThrow(UsageError);
  await expect(points(text)).rejects.toThrow(/of column 2 \("v"\) in line 2: .* found "decimal"/);
  await expect(points('#constant,durations,x,1\nt\n')).rejects.toThrow(/of #constant in line 1: .* found "durations"/);
});

test.each([
  ['A table without time', '#datatype measurement,long\nm,v\n', /one time column/],
  ['A table with two times', '#datatype measurement,long,dateTime,dateTime\nm,v,a,b\n', /one time column/],
  ['A table without field', '#datatype measurement,dateTime\nm,t\n', /a field column/],
  ['An unknown time zone', '#timezone Mars\n#datatype measurement,dateTime,long\nm,t,v\n', /#timezone such as/],
])('%s is a usage error', async (_, text, message) => {
  await expect(points(text)).rejects.toThrow(message);
});

test('bad rows are rejected individually with their lines', async () => {
  const rows = [
    fluxRow(0, 1, 'x', 'a'),
    fluxRow(0, 2, '1', 'time'),
    fluxRow(0, 3, '1', 'host'),
    fluxRow(0, 4, '', 'a'),
    ',1',
    fluxRow(0, 5, '1', 'a'),
  ];
  const { points: found, rejects } = await sent(csv(), flux(rows.join('\r\n')));
  expect(found).toEqual(['cpu,cpu=cpu\\ 1,host=h a=1 1582669025000000000']);
  expect(rejects).toEqual([
    '5 bad-number',
    '6 column-named-time',
    '7 tag-and-field-same-name',
    '8 no-fields',
    '9 ragged-row',
  ]);
});

test('annotated CSV is detected by its content', () => {
  for (const head of ['#datatype measurement', '#group,false', '"#constant",tag', '#dataType,x']) {
    expect(detect(Buffer.from(`${head},a\n`), 'x')).toBe('csv');
  }
});

test('rejected rows are kept under the annotations and header of their own table', async () => {
  const other = '#datatype measurement,long,dateTime:number\nm,v,t\ncpu,x,1\n';
  const heads = new Map<string, number>();
  for await (const run of csv().points(
    bytesSource(Buffer.from(flux(fluxRow(0, 1, 'x', 'a')) + other + flux(fluxRow(0, 1, 'x', 'a'))), []),
    never,
  )) {
    const head = Buffer.from(run.deadLetterFormat.head).toString();
    heads.set(head, (heads.get(head) ?? 0) + run.rejects.length);
  }
  expect([...heads]).toEqual([
    [flux('').replace(/\r\n$/, ''), 2],
    ['#datatype measurement,long,dateTime:number\nm,v,t\n', 1],
  ]);
});

/** Consecutive tables: of Flux, with defaults and constants, blank lines and bad rows among them. */
const table = fc
  .tuple(
    fc.constantFrom(0, 1, 2),
    fc.array(fc.constantFrom('1', '2.5', 'x', '', '"a\nb"'), { maxLength: 6 }),
    fc.boolean(),
  )
  .map(([kind, values, blank]) => {
    const rows = values.map((value, i) => {
      if (kind === 0) return `${fluxRow(0, i, value, `f${i % 3}`)}\n`;
      return kind === 1 ? `${value},${i}\n` : `m,${i},${value}\n`;
    });
    const heads = [
      '',
      '#constant measurement,c\n#default 7,\n#datatype double,dateTime:number\nv,t\n',
      '#datatype measurement,dateTime:number,double\nm,t,v\n',
    ];
    return (kind === 0 ? flux(rows.join('')) : heads[kind]! + rows.join('')) + (blank ? '\n' : '');
  });
const file = fc.array(table, { minLength: 1, maxLength: 5 }).map((tables) => tables.join(''));

test('annotated CSV gives the same points in every chunking', async () => {
  await fc.assert(
    fc.asyncProperty(file, fc.array(fc.integer({ min: 1, max: 40 })), async (text, chunks) => {
      const whole = await readAll(csv({ chunkBytes: 65_536 }), Buffer.from(text), []);
      expect(await readAll(csv({ chunkBytes: 64 }), Buffer.from(text), chunks)).toEqual(whole);
    }),
    { numRuns: casesOf(100) },
  );
});

test('reading can resume after any run with the annotations that apply there', async () => {
  await fc.assert(
    fc.asyncProperty(file, fc.nat(), async (text, choice) => {
      const bytes = Buffer.from(text);
      const places: Position[] = [];
      const after: number[] = [];
      const all: string[] = [];
      for await (const run of csv({ chunkBytes: 64 }).points(bytesSource(bytes, []), never)) {
        all.push(...textsOf(run));
        places.push({ ...INPUT_START, byteOffset: run.end, line: run.endLine });
        after.push(all.length);
      }
      if (places.length === 0) return;
      const which = choice % places.length;
      const place = places[which]!;
      const format = csv({ chunkBytes: 64 });
      await format.recall(bytesSource(bytes, []), place, never);
      const rest: string[] = [];
      for await (const run of format.points(bytesSource(bytes.subarray(place.byteOffset), []), never, place)) {
        rest.push(...textsOf(run));
      }
      expect(rest.sort()).toEqual(all.slice(after[which]).sort());
    }),
    { numRuns: casesOf(200) },
  );
});

function textsOf({ bytes, index, count, rejects, firstLine }: Points): string[] {
  const found = Array.from({ length: count }, (_, i) =>
    Buffer.from(bytes.subarray(index[i * 8]!, index[i * 8]! + index[i * 8 + 1]!)).toString(),
  );
  return [...found, ...rejects.map(({ line, reason }) => `${firstLine + line} ${reason}`)];
}

describe('annotated CSV as influx write documents it', () => {
  const table = (datatype: string, value: string): string =>
    `#datatype measurement,"${datatype}",dateTime:RFC3339\nm,v,time\nx,"${value}",2024-01-02T03:04:05Z\n`;

  test.each([
    ['long:strict,.', '1.234', 'x v=1234i 1704164645000000000'],
    ['long:strict', '12', 'x v=12i 1704164645000000000'],
    ['unsignedLong:strict,.', '1.234', 'x v=1234u 1704164645000000000'],
    ['duration', '1h1.5s', 'x v=3601500000000i 1704164645000000000'],
    ['base64Binary', 'c2F5ICJoaSI=', 'x v="say \\"hi\\"" 1704164645000000000'],
  ])('the datatype %s reads %s', async (datatype, value, point) => {
    expect(await points(table(datatype, value))).toEqual([point]);
  });

  test.each([
    ['long:strict,.', '1.234,5', 'bad-number'],
    ['unsignedLong:strict,.', '1.234,50', 'bad-number'],
    ['long:strict', '1t2r3', 'bad-number'],
    ['duration', '1 hour', 'wrong-type'],
    ['base64Binary', '***', 'wrong-type'],
  ])('the datatype %s rejects %s as %s', async (datatype, value, reason) => {
    const { points: none, rejects } = await sent(csv(), table(datatype, value));
    expect(none).toEqual([]);
    expect(rejects).toEqual([`3 ${reason}`]);
  });

  test('header cells declare columns with name, datatype and default', async () => {
    const text = 'm|measurement,cpu|tag,count|long|0,time|dateTime:RFC3339\nm1,c1,,2024-01-02T03:04:05Z\n';
    expect(await points(text)).toEqual(['m1,cpu=c1 count=0i 1704164645000000000']);
  });

  test('a sep= line, #constant, #timezone and typed headers work together', async () => {
    const text =
      'sep=;\n#timezone +0100\n#constant;measurement;birds\n#constant;tag;place;zoo\n' +
      'count|long;t|dateTime:2006-01-02 15:04:05\n3;2024-01-02 04:04:05\n';
    expect(await points(text)).toEqual(['birds,place=zoo count=3i 1704164645000000000']);
  });
});
