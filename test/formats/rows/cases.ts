// Settings of the kernel of all kinds, with the inputs for each.

import { readFileSync } from 'node:fs';
import { type CsvShape, csvRows } from './inputs/csv.js';
import { csvEdges } from './inputs/csv-edges.js';
import { ndjsonRows } from './inputs/ndjson.js';
import { ndjsonEdges } from './inputs/ndjson-edges.js';
import { field, type Options, tag } from './options.js';
import type { Name, Random } from './oracle.js';

export interface Case {
  readonly name: Name;
  readonly options: Partial<Options>;
  /** Random rows; null for a format that no text can be. */
  readonly rows: ((next: Random) => Buffer) | null;
  /** Rows with one edge case each. */
  readonly edges: () => Buffer[];
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
/** The defaults of a case. */
const maxPointBytes = 700;

interface CsvCase extends Partial<CsvShape> {
  readonly name?: 'csv' | 'tsv';
  readonly usual: readonly string[];
  readonly options: Partial<Options>;
}

const csvCases: readonly CsvCase[] = [
  { usual: epochs, options: { tags: [tag('host'), tag('kind')], fields: typed } },
  { usual: dates, reversed: true, options: { tags: [tag('host')] } },
  {
    usual: [...epochs, ...dates],
    options: { tags: [tag('host')], measurement: '{kind}', nullWords: ['-', 'NULL', '-7'], fields: typed },
  },
  { usual: dates, reversed: true, options: { tags: [tag('host')], measurement: '{s}', nullWords: ['NULL'] } },
  {
    delimiter: ';',
    usual: epochs,
    options: { delimiter: ';', indexPoints: 5, maxPointBytes: 120, chunkBytes: 333 },
  },
  {
    name: 'tsv',
    delimiter: '\t',
    usual: dates,
    options: { precision: 'ms', tags: [tag('kind')], timeFormat: 'rfc3339', timezone: 'Europe/Berlin' },
  },
  {
    usual: ['1640995200000000000', '1000000000'],
    options: { precision: 's', timeFormat: 'ns', quote: null, missingTimestamp: 'now', fields: typed },
  },
  {
    usual: epochs,
    wide: 45,
    options: { tags: ['host', ...Array.from({ length: 33 }, (_, i) => `w${i}`)].map((name) => tag(name)) },
  },
  {
    usual: ['2024-02-29', '2024-02-28'],
    options: { timeFormat: '%Y-%m-%d', tags: [tag('s', 'größe')], fields: [field('f', 'float', 'a b')] },
  },
  {
    usual: epochs,
    quote: "'",
    delimiter: ' ',
    options: {
      quote: "'",
      delimiter: ' ',
      tags: [tag('host')],
      nullWords: ['NULL', 'NUL', '1.2.3', 'South'.repeat(4)],
    },
  },
  {
    usual: ['1640995200', '1640995201'],
    options: {
      precision: 's',
      timeFormat: 's',
      maxPointBytes: 30_000,
      chunkBytes: 40_000,
      fields: [field('s'), field('b')],
    },
  },
  {
    delimiter: ';',
    usual: epochs,
    options: { delimiter: ';', decimal: ',', thousands: '.', tags: [tag('host')], nullWords: ['1,5'], fields: typed },
  },
  {
    usual: dates,
    options: {
      precision: 'us',
      maxPointBytes: 1000,
      chunkBytes: 8000,
      tags: [tag('host')],
      fields: typed.map(({ name, type }) => field(name, type, `${name}_${'long'.repeat(30)}`)),
    },
  },
];

const members = [...typed, field('gps.lat', 'float'), field('gps.ok')];
const ndjsonCases: readonly { usual: readonly string[]; options: Partial<Options> }[] = [
  { usual: epochs, options: { tags: [tag('host'), tag('kind')], fields: members } },
  { usual: dates, options: { tags: [tag('host')], nullWords: ['NULL'] } },
  { usual: epochs, options: { tags: [tag('s'), tag('late_1')], measurement: '{kind}' } },
  {
    usual: epochs,
    options: { fields: [...members, field('l.0')], indexPoints: 5, maxPointBytes: 200, chunkBytes: 333 },
  },
  {
    usual: ['1640995200'],
    options: { precision: 's', missingTimestamp: 'now', timeColumn: 'u', fields: members },
  },
  {
    usual: ['1640995200000', '1640995200001', '0'],
    options: { precision: 'ms', tags: [tag('gps.ok')], timezone: 'Asia/Tokyo' },
  },
];

const types = ['f', 'g', 'i', 'u', 'j', 'v', 'b', 's', 'd', 'day', 'us'];
const parquetCases: readonly Partial<Options>[] = [
  { tags: [tag('t')] },
  { tags: [tag('t')], measurement: '{s}', fields: [field('f'), field('i'), field('u')] },
  { tags: types.map((name) => tag(name)), fields: [field('at')] },
  { fields: types.slice(1, -1).map((name) => field(name, 'string')), timeColumn: 'us' },
  { fields: types.slice(0, 6).map((name) => field(name, 'float')), maxPointBytes: 2000 },
  { fields: ['b', 'i', 'u'].map((name) => field(name, 'integer')), timeColumn: 'at', precision: 'us' },
  { maxPointBytes: 300, chunkBytes: 333, indexPoints: 5 },
  { timeFormat: 'ns', timeColumn: 'i', fields: [field('v', 'unsigned'), field('f')], precision: 'ms' },
];
const parquetFiles = ['edges-plain', 'edges-dictionary'].map((name) =>
  readFileSync(new URL(`../../../fixtures/parquet/${name}.parquet`, import.meta.url)),
);

function ofCsv({
  name = 'csv',
  delimiter = ',',
  quote = '"',
  wide = 0,
  reversed = false,
  usual,
  options,
}: CsvCase): Case {
  const shape = { delimiter, quote, wide, reversed, usual };
  const most = options.maxPointBytes ?? maxPointBytes;
  return { name, options, rows: (next) => csvRows(shape, next), edges: () => csvEdges(shape, most) };
}

/** Formats with settings of all kinds, and their inputs. */
export const cases: readonly Case[] = [
  ...csvCases.map(ofCsv),
  ...ndjsonCases.map(
    ({ usual, options }): Case => ({
      name: 'ndjson',
      options,
      rows: (next) => ndjsonRows(usual, next),
      edges: () => ndjsonEdges(usual, options.maxPointBytes ?? maxPointBytes),
    }),
  ),
  ...parquetCases.map(
    (options): Case => ({
      name: 'parquet',
      options,
      rows: null,
      edges: () => parquetFiles,
    }),
  ),
];
