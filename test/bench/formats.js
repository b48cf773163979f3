// How fast rows become line protocol, each format in turns with a reference over the same rows in the same run:
// node test/bench/formats.js after npm run build. CPU time of this process, so that a busy machine shows less; medians, and
// the median of the ratios. References: csv-parse over the whole text; read_csv of DuckDB on one thread, which is told the
// columns and reads every value; Parquet to CSV of DuckDB on one thread, which throws the text away; JSON.parse over each line, which is a string already.

import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { Csv } from '../../dist/formats/csv/csv.js';
import { Json } from '../../dist/formats/json/json.js';
import { Ndjson } from '../../dist/formats/json/ndjson.js';
import { Parquet } from '../../dist/formats/parquet/parquet.js';
import { RowFormatMemory } from '../../dist/formats/rows/rows.js';

const ROUNDS = 7;
/** Rounds before the first that counts: compilers finish meanwhile. */
const WARM_UP = 3;
const names = ['name', 'fleet', 'driver', 'model', 'device_version'];

/** RowFormatMemory of one table, as objects of texts. */
const rows = gunzipSync(readFileSync(new URL('../../fixtures/points/iot-200k.lp.gz', import.meta.url)))
  .toString()
  .split('\n')
  .filter((line) => line.startsWith('readings,'))
  .map((line) => {
    const [series = '', fields = '', time = ''] = line.split(' ');
    const tags = Object.fromEntries(
      series
        .split(',')
        .slice(1)
        .map((tag) => tag.split('=')),
    );
    return { time, tags, fields: fields.split(',').map((field) => field.split('=')) };
  });
const columns = rows[0]?.fields.map(([name]) => name) ?? [];
const csvText = Buffer.from(
  `time,${[...names, ...columns].join(',')}\n` +
    rows
      .map(({ time, tags, fields }) => {
        const values = new Map(fields.map(([name, value]) => [name, value]));
        return `${time},${names.map((name) => tags[name] ?? '').join(',')},${columns.map((name) => values.get(name) ?? '').join(',')}\n`;
      })
      .join(''),
);
const ndjsonText = Buffer.from(
  rows
    .map(({ time, tags, fields }) => {
      const pairs = [
        `"time":${time}`,
        ...Object.entries(tags).map(([name, value]) => `"${name}":"${value}"`),
        ...fields.map(([name, value]) => `"${name}":${value}`),
      ];
      return `{${pairs.join(',')}}\n`;
    })
    .join(''),
);
const tsvText = Buffer.from(csvText.toString().replaceAll(',', '\t'));
const jsonText = Buffer.from(`[${ndjsonText.toString().trimEnd().replaceAll('\n', ',\n')}]\n`);
const lines = ndjsonText.toString().trimEnd().split('\n');

const options = {
  precision: /** @type {const} */ ('ns'),
  missingTimestamp: /** @type {const} */ ('reject'),
  maxPointBytes: 1 << 20,
  nullWords: null,
  measurement: 'readings',
  tags: names.map((name) => ({ name, as: name })),
  fields: null,
  timeColumn: null,
  timeFormat: 'auto',
  timezone: 'UTC',
  ambiguousTime: /** @type {const} */ ('reject'),
  delimiter: null,
  quote: '"',
  noHeader: false,
  skipLines: 0,
  decimal: '.',
  timeRounding: /** @type {const} */ ('reject'),
  skipAfterHeader: 0,
  thousands: null,
  escape: null,
};

/** @param {Buffer} input */
function source(input) {
  let at = 0;
  return {
    bytesRead: input.length,
    compression: /** @type {const} */ ('none'),
    close: async () => {},
    /** @param {Uint8Array} into */
    read: async (into) => {
      const length = Math.min(into.length, input.length - at);
      into.set(input.subarray(at, at + length));
      at += length;
      return length;
    },
  };
}

/** @param {import('../../dist/core/types/index.js').Format} format @param {Buffer} input */
async function converted(format, input) {
  let points = 0;
  const read = format.reads?.(source(input), format.name) ?? source(input);
  for await (const run of format.points(read, new AbortController().signal)) points += run.count;
  if (points !== rows.length) throw new Error(`${format.name}: ${points} points of ${rows.length} rows`);
}

async function convertedParquet() {
  let points = 0;
  const bytes = async (/** @type {number} */ from, /** @type {number} */ to) => parquetBytes.slice(from, to);
  const file = { size: parquetBytes.length, bytes };
  const runs = new Parquet(parquetRows).points({ ...source(parquetBytes), file }, new AbortController().signal);
  for await (const run of runs) points += run.count;
  if (points !== COPIES * rows.length) throw new Error(`parquet: ${points} points`);
}

const csv = new Csv('csv', new RowFormatMemory(options), options);
const tsv = new Csv('tsv', new RowFormatMemory(options), options);
const ndjson = new Ndjson(new RowFormatMemory(options));
const json = new Json(new RowFormatMemory(options), null);
const folder = mkdtempSync(join(tmpdir(), 'bulk-load-bench-'));
const csvFile = join(folder, 'readings.csv');
/** DuckDB takes buffers of 32 MB for a file, which would cost it most of the time of a short one. */
const COPIES = 10;
writeFileSync(csvFile, csvText);
for (let i = 1; i < COPIES; i++) appendFileSync(csvFile, csvText.subarray(csvText.indexOf('\n') + 1));
const api = await import('@duckdb/node-api').catch(() => null);
if (api === null) process.stdout.write('  @duckdb/node-api is not installed: its rows are left out\n');
const duckdb = await (await api?.DuckDBInstance.create(':memory:', { threads: '1' }))?.connect();
const types = [
  "time: 'BIGINT'",
  ...names.map((name) => `${name}: 'VARCHAR'`),
  ...columns.map((name) => `${name}: 'DOUBLE'`),
];
const table = `read_csv('${csvFile}', header = true, delim = ',', columns = {${types.join(', ')}})`;
const query = `SELECT count(COLUMNS(*)) FROM ${table}`;
const parquetFile = join(folder, 'readings.parquet');
await duckdb?.run(`COPY (FROM ${table}) TO '${parquetFile}' (FORMAT parquet)`);
const parquetBytes = duckdb === undefined ? Buffer.alloc(0) : readFileSync(parquetFile);
const parquetRows = new RowFormatMemory(options);
const contestants = {
  csv: () => converted(csv, csvText),
  tsv: () => converted(tsv, tsvText),
  'csv-parse': async () => void parse(csvText),
  ndjson: () => converted(ndjson, ndjsonText),
  json: () => converted(json, jsonText),
  'JSON.parse': async () => lines.forEach((line) => void JSON.parse(line)),
  ...(duckdb === undefined
    ? {}
    : {
        duckdb: async () => void (await duckdb.run(query)),
        parquet: convertedParquet,
        'duckdb parquet': async () =>
          void (await duckdb.run(`COPY (FROM '${parquetFile}') TO '/dev/null' (FORMAT csv)`)),
      }),
};
const sizes = {
  csv: csvText,
  tsv: tsvText,
  'csv-parse': csvText,
  duckdb: { length: COPIES * csvText.length },
  ndjson: ndjsonText,
  json: jsonText,
  parquet: { length: COPIES * csvText.length },
  'duckdb parquet': { length: COPIES * csvText.length },
  'JSON.parse': ndjsonText,
};

/** Seconds for a byte. @type {Record<string, number[]>} */
const times = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
for (let round = 0; round < WARM_UP + ROUNDS; round++) {
  for (const [name, run] of Object.entries(contestants)) {
    const { length } = sizes[/** @type {keyof typeof sizes} */ (name)];
    const began = process.cpuUsage();
    await run();
    const { user, system } = process.cpuUsage(began);
    if (round >= WARM_UP) times[name]?.push((user + system) / 1e6 / length);
  }
}

rmSync(folder, { recursive: true });

/** @param {number[]} numbers */
const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;
/** @param {string} ours @param {string} theirs */
const ratio = (ours, theirs) =>
  Number(median(times[ours]?.map((each, i) => (times[theirs]?.[i] ?? 0) / each) ?? []).toFixed(2));
const rates = Object.fromEntries(
  Object.keys(sizes).map((name) => [name, Math.round(1 / median(times[name] ?? []) / 1e6)]),
);
for (const [name, reference, title, { length }] of /** @type {[string, string, string, { length: number }][]} */ ([
  ['csv', 'duckdb', 'read_csv of DuckDB on one thread', csvText],
  ['csv', 'csv-parse', 'csv-parse', csvText],
  ['tsv', 'csv-parse', 'csv-parse', tsvText],
  ['ndjson', 'JSON.parse', 'JSON.parse', ndjsonText],
  ['json', 'JSON.parse', 'JSON.parse', jsonText],
  ['parquet', 'duckdb parquet', 'Parquet to CSV of DuckDB on one thread', csvText],
])) {
  if (times[reference] === undefined) continue;
  const rowRate = rows.length / length / median(times[name] ?? []) / 1000;
  process.stdout.write(
    `  ${name.padEnd(8)}${String(rates[name]).padStart(4)} MB/s of text, ${rowRate.toFixed(0).padStart(5)} k rows/s of ${types.length} columns: ${ratio(name, reference)} × ${title}\n`,
  );
}
