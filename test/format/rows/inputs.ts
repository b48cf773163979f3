// Rows on which the kernel could go wrong: values of all kinds, good and bad, as CSV and as NDJSON, and mutated rows.

import { mutated, type Pair, pair, type Random } from './oracle.js';
import { field, tag } from './support.js';

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
  'one, of 16 bytes',
  'a name of more than sixteen bytes',
  'sechzehn Bytes, und größer: "\\ = 1\u007f',
  'x'.repeat(70),
  '\u0001',
  '\\"',
];
/** Two of them come to the longest key of a series, and to one byte more. */
const longWords = ['k'.repeat(242), 'k'.repeat(243), 'South'];
/** The first and the last of each length in UTF-8, those next to them that are none, and beginnings. */
const sequences = [
  'c280',
  'dfbf',
  'c1bf',
  'c27f',
  'c2c0',
  'e0a080',
  'e09fbf',
  'ed9fbf',
  'eda080',
  'efbfbf',
  'e28020',
  'e2',
]
  .concat(['f0908080', 'f08fbfbf', 'f48fbfbf', 'f4908080', 'f5808080', 'f09f98', 'ff'])
  .map((hex) => Buffer.from(hex, 'hex'));
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
  '123456789012345',
  '-1234567890123456',
  '1234567890.1234567',
  '-0.00000000000000000000012345678',
  '0.123456789012345678901234567890',
  '1E+05',
  '1e',
  '1.2.3',
  '-',
];
const wholes = [
  '0',
  '-0',
  '42',
  '-9223372036854775808',
  '18446744073709551615',
  '999999999999999999',
  '00',
  '1.5',
  '',
  '-123456789012345678',
  '1234567890123456789',
];
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
  '2024-01-31T24:00:00Z',
  '2024-01-31T12:60:00Z',
  '2000-02-29T00:00:00.000000001Z',
  '2100-02-29T00:00:00Z',
  '2024-04-31T00:00:00Z',
  '2024-13-01T00:00:00Z',
  '2024-00-10T00:00:00Z',
  '2024-08-31T23:59:59.1234567890Z',
  '2024-08-31T23:59:59.Z',
  '2024-08-31T23:59:59-11:30',
  '2024-08-31T23:59:59+24:00',
  '2286-11-20T17:46:40Z',
  '2250-01-01T00:00:00Z',
  '-9160127236854775807',
  '00000000001',
  '12345678901234567890',
  ' 1640995200000000000',
];

function one(of: readonly string[], next: Random): string {
  return of[next(10) === 0 ? next(of.length) : next(Math.min(3, of.length))]!;
}

/** The row as bytes, now and then with a sequence of bytes in a word that may be no UTF-8. */
function encoded(row: string, next: Random): Buffer {
  const plainly = Buffer.from(row);
  const at = plainly.indexOf('outh');
  if (at < 0 || next(5) > 0) return plainly;
  const put = sequences[next(sequences.length)]!;
  return Buffer.concat([plainly.subarray(0, at), put, plainly.subarray(at + next(5))]);
}

function cell(text: string, delimiter: string, next: Random): string {
  const quoted = `"${text.replaceAll('"', '""')}"`;
  return text.includes(delimiter) || text.includes('\n') || next(8) === 0 ? quoted : text;
}

function csvInput(delimiter: string, usual: readonly string[], wide: number, next: Random): Buffer {
  const end = next(4) === 0 ? '\r\n' : '\n';
  const names = next(10) === 0 ? longWords : words;
  const header = [
    'time',
    'host',
    'kind',
    'f',
    'i',
    'b',
    's',
    'u',
    'other',
    ...Array.from({ length: wide }, (_, i) => `w${i}`),
  ];
  const rows = Array.from({ length: 1 + next(60) }, () => {
    // Of wide rows few would be alike.
    const isPlain = wide > 0 && next(3) > 0;
    const some = (of: readonly string[]): string => (isPlain ? of[next(2)]! : one(of, next));
    const values = [
      some([...usual, ...times]),
      some(names),
      some(names),
      some(floats),
      some(wholes),
      some(booleans),
      some(words),
      some(wholes),
      some(floats),
      ...Array.from({ length: wide }, (_, i) => (next(1000) === 0 ? '' : String(i))),
    ];
    const row = values.map((value) => cell(value, delimiter, next)).join(delimiter);
    return next(6) === 0 ? mutated(Buffer.from(row), bytes, next) : encoded(row, next);
  });
  const texts = [header.join(delimiter), ...rows].flatMap((row) => [Buffer.from(row), Buffer.from(end)]);
  return Buffer.concat(next(10) === 0 ? texts.slice(0, -1) : texts);
}

/** A member, or none. */
function member(key: string, value: string, next: Random): string[] {
  const blank = next(20) === 0 ? ' \t'.slice(next(2)) : '';
  return next(40) === 0 ? [] : [`"${key}"${blank}:${blank}${next(60) === 0 ? 'null' : value}`];
}

const escapes = [
  '"a\\/b\\b\\f\\r\\n\\t\\\\ \\""',
  '"\\\\\\""',
  '"\\u00fc"',
  '"\\ud83d\\uDE00 \\u20ac \\u0041"',
  '"\\ud83d"',
  '"\\ud83d\\u0041"',
  '"\\udc00"',
  '"\\u0000"',
  '"\\\\\\u0022"',
  '"\\u005cx\\u0022"',
  '"\\u12g4"',
  '"\\u12"',
  '"\\\\x"',
  '"\\x"',
  '"\\',
  '"\\"\\\\"',
];
const lists = ['[]', '[1,"a"]', '[{"x":1}]', '{}', '[[', '"\\u00fc"'];

function ndjsonInput(usual: readonly string[], next: Random): Buffer {
  const names = next(10) === 0 ? longWords : words;
  const text = (of: readonly string[]): string =>
    next(60) === 0 ? escapes[next(escapes.length)]! : JSON.stringify(one(of, next));
  const scalar = (of: readonly string[]): string => one(of, next) || '""';
  const time = (): string => {
    const said = one([...usual, ...times], next);
    return /^-?\d+$/.test(said) && next(4) > 0 ? said : JSON.stringify(said);
  };
  const object = (): string => {
    const members = [
      ...member('time', time(), next),
      ...member('host', text(names), next),
      ...member('kind', text(names), next),
      ...member('f', scalar(floats), next),
      ...member('i', scalar(wholes), next),
      ...member('gps', `{${[...member('lat', scalar(floats), next), ...member('ok', 'true', next)].join(',')}}`, next),
      ...member('b', scalar(['true', 'false', 'true', ...booleans]), next),
      ...member('s', text(words), next),
      ...member('u', scalar(wholes), next),
      ...member('a_key_of_more_than_16_bytes', scalar(floats), next),
      ...(next(20) === 0 ? member('l', lists[next(lists.length)]!, next) : []),
      ...(next(40) === 0 ? member(`late_${next(9)}`, scalar(floats), next) : []),
    ];
    if (next(10) === 0) members.sort();
    return `{${members.join(',')}}`;
  };
  const rows = Array.from({ length: 1 + next(60) }, () => {
    const row = `${next(20) === 0 ? ' ' : ''}${object()}${next(8) === 0 ? '\r' : ''}`;
    return next(6) === 0 ? mutated(Buffer.from(row), bytes, next) : encoded(row, next);
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

export interface Case {
  readonly formats: Pair;
  readonly input: (next: Random) => Buffer;
}

/** Formats in settings of all kinds, and what they read. @param kernel another than the one that is built */
export function cases(kernel?: Uint8Array): Case[] {
  const made: typeof pair = (name, more) => pair(name, { ...more, kernel });
  const csvPairs = [
    { usual: epochs, pair: made('csv', { tags: [tag('host'), tag('kind')], fields: typed }) },
    { usual: dates, pair: made('csv', { tags: [tag('host')] }) },
    {
      usual: [...epochs, ...dates],
      pair: made('csv', { tags: [tag('host')], measurement: '{kind}', nullWords: ['-', 'NULL'], fields: typed }),
    },
    {
      delimiter: ';',
      usual: epochs,
      pair: made('csv', { delimiter: ';', encoding: 'latin1', indexPoints: 5, maxPointBytes: 120, chunkBytes: 333 }),
    },
    {
      delimiter: '\t',
      usual: dates,
      pair: made('tsv', { precision: 'ms', tags: [tag('kind')], timeFormat: 'rfc3339', timezone: 'Europe/Berlin' }),
    },
    {
      usual: ['1640995200000000000', '1000000000'],
      pair: made('csv', { precision: 's', timeFormat: 'ns', quote: null, missingTimestamp: 'now', fields: typed }),
    },
    {
      usual: epochs,
      wide: 45,
      pair: made('csv', { tags: ['host', ...Array.from({ length: 33 }, (_, i) => `w${i}`)].map((name) => tag(name)) }),
    },
    {
      usual: ['2024-02-29', '2024-02-28'],
      pair: made('csv', { timeFormat: '%Y-%m-%d', tags: [tag('s', 'größe')], fields: [field('f', 'float', 'a b')] }),
    },
  ];

  const members = [...typed, field('gps.lat', 'float'), field('gps.ok')];
  const ndjsonPairs = [
    { usual: epochs, pair: made('ndjson', { tags: [tag('host'), tag('kind')], fields: members }) },
    { usual: dates, pair: made('ndjson', { tags: [tag('host')], nullWords: ['NULL'] }) },
    { usual: epochs, pair: made('ndjson', { tags: [tag('s'), tag('late_1')], measurement: '{kind}' }) },
    {
      usual: epochs,
      pair: made('ndjson', { fields: [...members, field('l.0')], indexPoints: 5, maxPointBytes: 200, chunkBytes: 333 }),
    },
    {
      usual: ['1640995200000', '1640995200001', '0'],
      pair: made('ndjson', { precision: 'ms', tags: [tag('gps.ok')], timezone: 'Asia/Tokyo' }),
    },
  ];
  return [
    ...csvPairs.map(({ delimiter = ',', wide = 0, usual, pair: formats }) => ({
      formats,
      input: (next: Random) => csvInput(delimiter, usual, wide, next),
    })),
    ...ndjsonPairs.map(({ usual, pair: formats }) => ({ formats, input: (next: Random) => ndjsonInput(usual, next) })),
  ];
}
