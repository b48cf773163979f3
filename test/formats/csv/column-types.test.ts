import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { csv, field, sent } from '../rows/support.js';

const numbers = (from: number, count: number): string =>
  Array.from({ length: count }, (_, i) => `${from + i},${i}\n`).join('');

test.each([
  ['a null word first', 'time,v\n1,NA\n2,1.5\n', '"1.5" in line 3 and "NA" in line 2', '--null "NA"'],
  ['a decimal comma', 'time;v\n1;1,5\n2;2\n', '"2" in line 3 and "1,5" in line 2', "--decimal ','"],
  ['a decimal comma in all rows', 'time;v\n1;1,5\n2;2,5\n', '"1,5" in line 2', "these are numbers, add --decimal ','"],
  [
    'a decimal comma before a word',
    'time;v\n1;1,5\n2;x\n',
    '"1,5" in line 2 and "x" in line 3',
    "--decimal ',' and, if",
  ],
  ['a comma between thousands', 'time;v\n1;1,500\n', '"1,500" in line 2', '--thousands'],
  [
    'a word long after numbers',
    `time,v\n${numbers(1, 9000)}9999,x\n`,
    '"0" in line 2 and "x" in line 9002',
    '--fields v:string',
  ],
  ['a boolean among numbers', 'time,v\n1,2\n2,true\n', '"2" in line 2 and "true" in line 3', '--fields v:string'],
])('%s stops the load with the first number, the first word and the options', async (_, text, found, option) => {
  const format = csv({ delimiter: text.includes(';') ? ';' : ',' });
  const failure = await sent(format, text).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(UsageError);
  expect((failure as UsageError).message).toContain(`column "v": expected`);
  expect((failure as UsageError).message).toContain(found);
  expect((failure as UsageError).message).toContain(option);
});

test.each([
  ['a declared type', { fields: [field('v', 'string')] }, 'time,v\n1,NA\n2,1.5\n', ['m v="NA" 1', 'm v="1.5" 2'], []],
  [
    'a null word',
    { nullWords: ['NA'], fields: [field('v'), field('w')] },
    'time,v,w\n1,NA,1\n2,1.5,2\n',
    ['m w=1 1', 'm v=1.5,w=2 2'],
    [],
  ],
  ['a type in each table', { measurement: '{t}' }, 'time,t,v\n1,a,1\n2,b,x\n', ['a v=1 1', 'b v="x" 2'], []],
  ['an empty column', {}, 'time,v,w\n1,,1\n2,,2\n', ['m w=1 1', 'm w=2 2'], []],
])('%s settles the types', async (_, options, text, points, rejects) => {
  expect(await sent(csv(options), text)).toEqual({ points, rejects });
});

test('a quoted number in a column of numbers is a number', async () => {
  expect(await sent(csv(), 'time,v,w\n1,"3.5",1\n2,4,2\n')).toEqual({
    points: ['m v=3.5,w=1 1', 'm v=4,w=2 2'],
    rejects: [],
  });
});

test('a file with all cells quoted is read by its content', async () => {
  const text = readFileSync(new URL('../../../fixtures/cases/all-quoted.csv', import.meta.url));
  const options = { timeColumn: 'readingDate', timeFormat: 'us', tags: [{ name: 'deviceId', as: 'deviceId' }] };
  expect(await sent(csv(options), text)).toEqual({
    points: [
      'm,deviceId=d1 readingTypeId="electricity.gbp.saving",value=3600.0000 1577836800000000000',
      'm,deviceId=d2 readingTypeId="electricity.power.hour",value=0.1010 1577836800000000000',
    ],
    rejects: [],
  });
});

test('a quoted empty cell in a column of numbers is no value', async () => {
  const text = '"time","v","w"\n"1","","1"\n"2","2.5","2"\n';
  expect(await sent(csv(), text)).toEqual({ points: ['m w=1 1', 'm v=2.5,w=2 2'], rejects: [] });
  const declared = csv({ fields: [field('v', 'float'), field('w', 'integer')], nullWords: ['NA'] });
  const nulls = '"time","v","w"\n"1","","1"\n"2","NA","2"\n';
  expect(await sent(declared, nulls)).toEqual({ points: ['m w=1i 1', 'm w=2i 2'], rejects: [] });
});

test('quoted identifiers beyond the exact range of floats stay strings', async () => {
  const text = '"time","id"\n"1","12345678901234567890"\n"2","12345678901234567891"\n';
  expect((await sent(csv(), text)).points).toEqual(['m id="12345678901234567890" 1', 'm id="12345678901234567891" 2']);
});

test('the types do not depend on how the bytes arrive', async () => {
  const text = `time,v,w\n${numbers(1, 300).replaceAll('\n', ',x\n')}`;
  const whole = await sent(csv(), text);
  expect(whole.points.length).toBe(300);
  expect(await sent(csv(), text, [1, 2, 3, 50])).toEqual(whole);
});

describe('numbers in another notation', () => {
  test('a decimal comma is read with --decimal', async () => {
    const text = readFileSync(new URL('../../../fixtures/cases/decimal-comma.csv', import.meta.url));
    expect(await sent(csv({ delimiter: ';', decimal: ',' }), text)).toEqual({
      points: ['m v=1.5 1704164645000000000', 'm v=2 1704164646000000000'],
      rejects: [],
    });
  });

  test('groups of three digits are read with --thousands', async () => {
    const options = {
      delimiter: ';',
      decimal: ',',
      thousands: '.',
      fields: [field('v', 'float'), field('w', 'integer')],
    };
    expect(await sent(csv(options), 'time;v;w\n1;1.234,5;1.000.000\n2;-12;7\n')).toEqual({
      points: ['m v=1234.5,w=1000000i 1', 'm v=-12,w=7i 2'],
      rejects: [],
    });
  });

  test('a number that the notation does not allow is rejected', async () => {
    const options = { delimiter: ';', decimal: ',', thousands: '.', fields: [field('v', 'float')] };
    expect(await sent(csv(options), 'time;v\n1;1.5\n2;1,5,0\n3;12.34\n4;2,5\n')).toEqual({
      points: ['m v=2.5 4'],
      rejects: ['2 bad-number', '3 bad-number', '4 bad-number'],
    });
  });

  test('strings keep their commas', async () => {
    const text = 'time;v;s\n1;1,5;a,b\n2;2;c.d\n';
    expect((await sent(csv({ delimiter: ';', decimal: ',' }), text)).points).toEqual([
      'm v=1.5,s="a,b" 1',
      'm v=2,s="c.d" 2',
    ]);
  });
});

test('a single word anywhere in the first megabyte stops the load, although only parts are sampled', async () => {
  const text = `time,v\n${numbers(100_000, 30_000)}999999,x\n${numbers(200_000, 30_000)}`;
  const failure = await sent(csv(), text).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(UsageError);
  expect((failure as UsageError).message).toContain('found "0" in line 2 and "x" in line 30002');
});

test('a word behind the first megabyte rejects its row', async () => {
  const { points, rejects } = await sent(csv(), `time,v\n${numbers(100_000, 120_000)}999999,x\n`);
  expect(points).toHaveLength(120_000);
  expect(rejects).toEqual(['120002 bad-number']);
});

test('a sample that comes again, as after the check of its head, is read in the same way', async () => {
  const rows = Array.from({ length: 9000 }, (_, i) => `"${i}","${i}.5","a"\n`).join('');
  const format = csv();
  const first = await sent(format, `"time","v","s"\n${rows}`);
  expect(first.points.at(-1)).toBe('m v=8999.5,s="a" 8999');
  expect(await sent(format, `"time","v","s"\n${rows}`)).toEqual(first);
});
