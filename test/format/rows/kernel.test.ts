// The kernel for rows against its oracle: the same points, places, shapes, rejects and runs as the exact way alone.

import { expect, test } from 'vitest';
import { random } from '../kernel/oracle.js';
import { difference, mutated, pair, type Random } from './oracle.js';
import { field, tag } from './support.js';

const ROWS = 20_000;
const seed = Number(process.env.ORACLE_SEED ?? 20_261_126);
const bytes = Buffer.from(',;= "\\\n\r\t#/-+.:0123456789eEiutTfFaZz\0\u007f\u0080é!{}[]null', 'latin1');

const words = [
  'truck_1',
  'South',
  'a b',
  'x,y',
  'k=v',
  'größe',
  '北京',
  '😀',
  '"q"',
  '-',
  'NULL',
  'back\\slash',
  'l\nf',
  '',
];
const floats = [
  '1',
  '-2.5',
  '0.1',
  '52.318541234567',
  '1e5',
  '-1.5E-10',
  '1e400',
  '.5',
  '5.',
  '+1',
  'NaN',
  '',
  ' 7',
  '007',
];
const wholes = ['0', '-0', '42', '-9223372036854775808', '18446744073709551615', '999999999999999999', '00', '1.5', ''];
const booleans = ['true', 'false', 'True', 'FALSE', 't', 'F', 'TRUE', 'yes', ''];
const times = [
  '0',
  '9160127236854775807',
  '9160127236854775808',
  '2024-02-29T12:34:56.789Z',
  '2023-02-29T12:34:56Z',
  '2024-12-31 23:59:59.123456789+01:30',
  '2024-06-30t00:00:00z',
  '2001-09-09T01:46:39Z',
  '1969-12-31T23:59:59.5Z',
  '2024-01-31',
  '2024-01-31T12:34:56-05',
  '2024-01-31T12:34:56',
  '2024-01-31T12:34:60Z',
];

function one(of: readonly string[], next: Random): string {
  return of[next(10) === 0 ? next(of.length) : next(Math.min(3, of.length))]!;
}

function cell(text: string, delimiter: string, next: Random): string {
  const quoted = `"${text.replaceAll('"', '""')}"`;
  return text.includes(delimiter) || text.includes('\n') || next(8) === 0 ? quoted : text;
}

function csvInput(delimiter: string, usual: readonly string[], next: Random): Buffer {
  const end = next(4) === 0 ? '\r\n' : '\n';
  const names = ['time', 'host', 'kind', 'f', 'i', 'b', 's', 'u', 'other'];
  const rows = Array.from({ length: 1 + next(60) }, () => {
    const values = [
      one([...usual, ...times], next),
      one(words, next),
      one(words, next),
      one(floats, next),
      one(wholes, next),
      one(booleans, next),
      one(words, next),
      one(wholes, next),
      one(floats, next),
    ];
    const row = values.map((value) => cell(value, delimiter, next)).join(delimiter);
    return next(6) === 0 ? mutated(Buffer.from(row), bytes, next) : Buffer.from(row);
  });
  const texts = [names.join(delimiter), ...rows].flatMap((row) => [Buffer.from(row), Buffer.from(end)]);
  return Buffer.concat(next(10) === 0 ? texts.slice(0, -1) : texts);
}

/** A member, or none. */
function member(key: string, value: string, next: Random): string[] {
  const blank = next(20) === 0 ? ' ' : '';
  return next(40) === 0 ? [] : [`"${key}"${blank}:${blank}${next(60) === 0 ? 'null' : value}`];
}

const lists = ['[]', '[1,"a"]', '[{"x":1}]', '{}', '[[', '"\\u00fc"'];

function ndjsonInput(usual: readonly string[], next: Random): Buffer {
  const text = (of: readonly string[]): string => JSON.stringify(one(of, next));
  const scalar = (of: readonly string[]): string => one(of, next) || '""';
  const time = (): string => {
    const said = one([...usual, ...times], next);
    return /^-?\d+$/.test(said) && next(4) > 0 ? said : JSON.stringify(said);
  };
  const object = (): string => {
    const members = [
      ...member('time', time(), next),
      ...member('host', text(words), next),
      ...member('kind', text(words), next),
      ...member('f', scalar(floats), next),
      ...member('i', scalar(wholes), next),
      ...member('gps', `{${[...member('lat', scalar(floats), next), ...member('ok', 'true', next)].join(',')}}`, next),
      ...member('b', scalar(['true', 'false', 'true', ...booleans]), next),
      ...member('s', text(words), next),
      ...member('u', scalar(wholes), next),
      ...(next(20) === 0 ? member('l', lists[next(lists.length)]!, next) : []),
      ...(next(40) === 0 ? member(`late_${next(9)}`, scalar(floats), next) : []),
    ];
    if (next(10) === 0) members.sort();
    return `{${members.join(',')}}`;
  };
  const rows = Array.from({ length: 1 + next(60) }, () => {
    const row = Buffer.from(`${next(20) === 0 ? ' ' : ''}${object()}${next(8) === 0 ? '\r' : ''}`);
    return next(6) === 0 ? mutated(row, bytes, next) : row;
  });
  const texts = rows.flatMap((row) => [row, Buffer.from('\n')]);
  return Buffer.concat(next(10) === 0 ? texts.slice(0, -1) : texts);
}

const typed = [
  field('f', 'float'),
  field('i', 'integer'),
  field('b', 'boolean'),
  field('s', 'string'),
  field('u', 'unsigned'),
];
const epochs = ['1640995200000000000', '1640995200000000001', '-1'];
const dates = ['2024-02-29T12:34:56.789Z', '2024-12-31 23:59:59.123+01:30', '2024-06-30T00:00:00'];
const csvPairs = [
  { usual: epochs, pair: pair('csv', { tags: [tag('host'), tag('kind')], fields: typed }) },
  { usual: dates, pair: pair('csv', { tags: [tag('host')] }) },
  {
    usual: [...epochs, ...dates],
    pair: pair('csv', { tags: [tag('host')], measurement: '{kind}', nullWords: ['-', 'NULL'], fields: typed }),
  },
  {
    delimiter: ';',
    usual: epochs,
    pair: pair('csv', { delimiter: ';', encoding: 'latin1', indexPoints: 5, maxPointBytes: 120, chunkBytes: 333 }),
  },
  {
    delimiter: '\t',
    usual: dates,
    pair: pair('tsv', { precision: 'ms', tags: [tag('kind')], timeFormat: 'rfc3339', timezone: 'Europe/Berlin' }),
  },
  {
    usual: ['1640995200000000000', '1000000000'],
    pair: pair('csv', { precision: 's', timeFormat: 'ns', quote: null, missingTimestamp: 'now', fields: typed }),
  },
  {
    usual: ['2024-02-29', '2024-02-28'],
    pair: pair('csv', { timeFormat: '%Y-%m-%d', tags: [tag('s', 'größe')], fields: [field('f', 'float', 'a b')] }),
  },
];

const members = [...typed, field('gps.lat', 'float'), field('gps.ok')];
const ndjsonPairs = [
  { usual: epochs, pair: pair('ndjson', { tags: [tag('host'), tag('kind')], fields: members }) },
  { usual: dates, pair: pair('ndjson', { tags: [tag('host')], nullWords: ['NULL'] }) },
  { usual: epochs, pair: pair('ndjson', { tags: [tag('s'), tag('late_1')], measurement: '{kind}' }) },
  {
    usual: epochs,
    pair: pair('ndjson', { fields: [...members, field('l.0')], indexPoints: 5, maxPointBytes: 150, chunkBytes: 333 }),
  },
  {
    usual: ['1640995200000'],
    pair: pair('ndjson', { precision: 'ms', tags: [tag('gps.ok')], timezone: 'Asia/Tokyo' }),
  },
];
const cases = [
  ...csvPairs.map(({ delimiter = ',', usual, pair: formats }) => ({
    formats,
    input: (next: Random) => csvInput(delimiter, usual, next),
  })),
  ...ndjsonPairs.map(({ usual, pair: formats }) => ({ formats, input: (next: Random) => ndjsonInput(usual, next) })),
];

test(`On ${ROWS} rows, every sixth mutated, in random chunks the kernel and the exact way agree`, {
  timeout: 120_000,
}, async () => {
  const next = random(seed);
  for (let rows = 0; rows < ROWS; rows += 30) {
    const { formats, input } = cases[next(cases.length)]!;
    const chunks = next(2) === 0 ? [] : Array.from({ length: next(20) }, () => 1 + next(300));
    expect(await difference(formats, input(next), chunks)).toBe(null);
  }
  const taken = cases.map(({ formats }) => formats.taken());
  expect(taken.map((each) => each > ROWS / 200)).toEqual(taken.map(() => true));
});
