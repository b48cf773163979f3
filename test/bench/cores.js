// How much faster a load gets with all cores than with one: the whole program against a sink, in turns on core 0 alone and on
// every core. node cores.js [--rows 2000000] [--rounds 5]

import { spawnSync } from 'node:child_process';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { createGzip } from 'node:zlib';
import { generate, inTurns, openSink, program, say } from './support.js';

const { values } = parseArgs({
  options: { rows: { type: 'string', default: '2000000' }, rounds: { type: 'string', default: '5' } },
});
const rows = Number(values.rows);
const folder = await mkdtemp(join(tmpdir(), 'bulk-load-cores-'));
const sink = await openSink(folder);
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
    await connection.run(`COPY (${query}) TO '${join(folder, /** @type {string} */ (name))}' (FORMAT ${format})`);
  connection.closeSync();
  return true;
}

try {
  const lines = join(folder, 'iot.lp');
  await generate(rows, lines);
  await pipeline(createReadStream(lines), createGzip({ level: 1 }), createWriteStream(`${lines}.gz`));
  const hasRows = await writeRows();
  const files = ['iot.lp', 'iot.lp.gz', ...(hasRows ? ['rows.csv', 'rows.ndjson', 'rows.parquet'] : [])];
  if (!hasRows) say('@duckdb/node-api is not installed: CSV, NDJSON and Parquet are left out');
  const hasTaskset = spawnSync('taskset', ['--version']).error === undefined;
  if (!hasTaskset) say('taskset is not on PATH: one core cannot be compared');
  for (const file of hasTaskset ? files : []) {
    const state = join(folder, 'state');
    const common = ['--url', `http://127.0.0.1:${sink.port}`, '--db', 'bench', '--state-dir', state, '--quiet'];
    const own = ['--compression', 'none', '--target-memory', 'off', ...(file.startsWith('rows') ? mapping : [])];
    const load = [process.execPath, program, ...common, ...own, join(folder, file)];
    /** @type {Record<string, [string, string[]]>} */
    const commands = { one: ['taskset', ['-c', '0', ...load]], all: [process.execPath, load.slice(1)] };
    const { one, all } = await inTurns(commands, Number(values.rounds));
    if (one === undefined || all === undefined) throw new Error('no results');
    const rate = (/** @type {{ seconds: number }} */ { seconds }) => `${(rows / seconds / 1000).toFixed(0)} k rows/s`;
    const size = `${((await stat(join(folder, file))).size / 1e6).toFixed(0)} MB`;
    say(
      `  ${`${file}, ${size}`.padEnd(38)}one core ${rate(one).padStart(13)}, ${availableParallelism()} cores ${rate(all).padStart(13)}: ${(one.seconds / all.seconds).toFixed(2)} ×, peak ${one.peak.toFixed(0)} and ${all.peak.toFixed(0)} MiB`,
    );
  }
} finally {
  sink.close();
  await rm(folder, { recursive: true, force: true });
}
