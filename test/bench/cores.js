// How much faster a load gets with all cores than with one: the whole program and its sink, in turns on core 0 alone and on
// every core. Loads are long, so that the start of a process (0.25 s) is 5 % or less of them. Two loads at the same time, each
// with its sink on a core of its own, show what the machine allows: they share nothing but its memory.
// node cores.js [--rows 10000000] [--rounds 5] [--files rows.csv,rows.parquet]

import { spawnSync } from 'node:child_process';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { createGzip } from 'node:zlib';
import { generate, inTurns, openSink, program, say } from './support.js';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '10000000' },
    rounds: { type: 'string', default: '5' },
    files: { type: 'string', default: 'iot.lp,iot.lp.gz,rows.csv,rows.csv.gz,rows.ndjson,rows.parquet' },
  },
});
const rows = Number(values.rows);
const chosen = values.files.split(',');
/** @param {string} name name of a file, or of the file that is compressed to it */
const isUsed = (name) => chosen.includes(name) || chosen.includes(`${name}.gz`);
const folder = await mkdtemp(join(tmpdir(), 'bulk-load-cores-'));
const hasTaskset = spawnSync('taskset', ['--version']).error === undefined;
/** @param {number} core */
const pinned = (core) => (hasTaskset ? ['taskset', '-c', String(core)] : []);
const sinks = {
  one: await openSink(folder, pinned(0)),
  two: await openSink(folder, pinned(availableParallelism() > 1 ? 1 : 0)),
  all: await openSink(folder),
};
const mapping = ['--measurement', 'readings', '--tags', 'name,fleet', '--time-column', 'time'];

/** Writes rows of CSV, NDJSON and Parquet with DuckDB. Returns false where it is not installed. */
async function writeRows() {
  const duckdb = await import('@duckdb/node-api').catch(() => null);
  if (duckdb === null) return false;
  const connection = await (await duckdb.DuckDBInstance.create(':memory:')).connect();
  const query = `SELECT 1640995200000000000 + i * 1000 AS time, 'truck_' || i % 4000 AS name, ['East', 'West'][1 + i % 2] AS fleet,
    round(random() * 90, 5) AS latitude, round(random() * 180, 5) AS longitude, (random() * 500)::INTEGER::DOUBLE AS elevation,
    (random() * 100)::INTEGER::DOUBLE AS velocity, round(random() * 50, 1) AS fuel FROM range(${rows}) t(i)`;
  for (const [name, format] of [
    ['rows.csv', 'csv'],
    ['rows.ndjson', 'json'],
    ['rows.parquet', 'parquet'],
  ])
    if (isUsed(/** @type {string} */ (name)))
      await connection.run(`COPY (${query}) TO '${join(folder, /** @type {string} */ (name))}' (FORMAT ${format})`);
  connection.closeSync();
  return true;
}

try {
  const lines = join(folder, 'iot.lp');
  if (isUsed('iot.lp')) await generate(rows, lines);
  const hasRows = chosen.some((name) => name.startsWith('rows')) && (await writeRows());
  for (const file of [lines, join(folder, 'rows.csv')].filter((each) => chosen.includes(`${basename(each)}.gz`)))
    await pipeline(createReadStream(file), createGzip({ level: 1 }), createWriteStream(`${file}.gz`));
  const files = chosen.filter((name) => hasRows || !name.startsWith('rows'));
  if (files.length < chosen.length) say('@duckdb/node-api is not installed: CSV, NDJSON and Parquet are left out');
  if (!hasTaskset) say('taskset is not on PATH: one core cannot be compared');
  for (const file of hasTaskset ? files : []) {
    const own = ['--compression', 'none', '--target-memory', 'off', ...(file.startsWith('rows') ? mapping : [])];
    const load = (/** @type {keyof typeof sinks} */ sink) => [
      ...[program, '--url', `http://127.0.0.1:${sinks[sink].port}`, '--db', 'bench', '--quiet'],
      ...['--state-dir', join(folder, sink), ...own, join(folder, file)],
    ];
    const words = (/** @type {keyof typeof sinks} */ sink) =>
      [process.execPath, ...load(sink)].map((word) => `'${word}'`).join(' ');
    /** @type {Record<string, [string, string[]]>} */
    const commands = {
      one: ['taskset', ['-c', '0', process.execPath, ...load('one')]],
      all: [process.execPath, load('all')],
      pair: ['sh', ['-c', `taskset -c 1 ${words('two')} & taskset -c 0 ${words('one')} && wait $!`]],
    };
    const { one, all, pair } = await inTurns(commands, Number(values.rounds));
    if (one === undefined || all === undefined || pair === undefined) throw new Error('no results');
    const rate = (/** @type {{ seconds: number }} */ { seconds }) => `${(rows / seconds / 1000).toFixed(0)} k rows/s`;
    const size = `${((await stat(join(folder, file))).size / 1e6).toFixed(0)} MB`;
    say(
      `  ${`${file}, ${size}`.padEnd(38)}one core ${rate(one).padStart(13)}, ${availableParallelism()} cores ${rate(all).padStart(13)}: ${(one.seconds / all.seconds).toFixed(2)} × (two loads at once: ${((2 * one.seconds) / pair.seconds).toFixed(2)} ×), peak ${one.peak.toFixed(0)} and ${all.peak.toFixed(0)} MiB`,
    );
  }
} finally {
  for (const sink of Object.values(sinks)) sink.close();
  await rm(folder, { recursive: true, force: true });
}
