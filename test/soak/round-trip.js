// The same points in every format. Line protocol is loaded into the embedded server; DuckDB writes its tables as CSV, TSV,
// NDJSON, a JSON list and Parquet; each file is loaded into another database. All tables must be equal bit for bit. node round-trip.js [--points N] [--memory-limit SIZE] [--here]
// `--here`: loads run in this process, and their memory is not checked. Prints a table; exit code 1 if a table differs or a
// limit was exceeded.

import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { main } from '../../dist/cli/main.js';
import { measured } from './measured.js';

const { values } = parseArgs({
  options: {
    points: { type: 'string', default: '1000000' },
    'memory-limit': { type: 'string', default: '256' },
    here: { type: 'boolean', default: false },
  },
});
const limitMiB = Number(values['memory-limit']);
const program = fileURLToPath(new URL('../../bin/bulk-load.js', import.meta.url));
const generator = fileURLToPath(new URL('../bench/generate.js', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'bulk-load-round-trip-'));
const stored = join(folder, 'bulk-load-serve.duckdb');
const formats = {
  csv: '(HEADER)',
  tsv: "(HEADER, DELIMITER '\\t')",
  ndjson: '(FORMAT json)',
  json: '(FORMAT json, ARRAY true)',
  snappy: '(FORMAT parquet, COMPRESSION snappy)',
  zstd: '(FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2)',
};
/** Formats that state the type of a column. */
const typed = ['snappy', 'zstd'];
/** Values that formats tend to lose: extreme integers, negative zero, the smallest and the largest float, quotes. */
const extremes =
  'extremes,k=a\\ b\\,c i=9223372036854775807i,j=-9223372036854775808i,u=18446744073709551615u,f=-0.0,g=5e-324,h=1.7976931348623157e308,s="a \\"quoted\\", ü\\ttext",b=true 1640995200123456789\n' +
  'extremes,k=d i=0i,f=0.1,g=100000000000000000000000,h=-1e-7,s="",b=false -1\n' +
  'extremes,k=d j=1i,u=0u,h=0.30000000000000004 1640995200000000001\n';

/** @param {readonly (string | number)[]} cells */
const row = (cells) => process.stdout.write(`${cells.join(' | ')}\n`);

/** An embedded server over the folder, for as long as `work` goes on. @param {(url: string) => Promise<void>} work */
async function served(work) {
  const ready = join(folder, 'url');
  await rm(ready, { force: true });
  const args = [program, 'serve', '--listen', '127.0.0.1:0', '--data', folder, '--ready-file', ready];
  const server = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const exit = once(server, 'exit');
  try {
    let url = '';
    while (url === '') {
      if (server.exitCode !== null) throw new Error(`the server ended with ${server.exitCode}`);
      url = (await readFile(ready, 'utf8').catch(() => '')).trim();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await work(url);
  } finally {
    server.kill('SIGTERM');
    await exit;
  }
}

/** @param {readonly string[]} options */
async function here(options) {
  const began = performance.now();
  let said = '';
  const out = Object.assign(new EventEmitter(), { write: (/** @type {string | Uint8Array} */ text) => (said += text) });
  /** @type {import('../../src/cli/process.js').Process} */
  const own = {
    ...{ argv: ['node', 'bulk-load', ...options], env: { BULK_LOAD_MEMORY_WATCHDOG: 'off' }, stdin: process.stdin },
    ...{
      stdout: out,
      stderr: out,
      cwd: () => folder,
      on: () => {},
      off: () => {},
      exit: (/** @type {number} */ code) => process.exit(code),
    },
  };
  await main(own);
  return { code: own.exitCode, seconds: (performance.now() - began) / 1000, peakMiB: 0, said };
}

/** @param {string} url @param {string} db @param {readonly string[]} args */
const load = async (url, db, args) =>
  await (values.here ? here : measured)([
    ...['--url', url, '--db', db, '--create-db', '--state-dir', join(folder, 'state'), '--progress', 'none'],
    ...['--memory-limit', `${limitMiB}MiB`, '--target-memory', 'off', '--expect-time', 'off', ...args],
  ]);

/** @template T @param {(ask: (sql: string) => Promise<unknown[][]>) => Promise<T>} work @returns {Promise<T>} */
async function asked(work) {
  const instance = await DuckDBInstance.create(stored, { access_mode: 'READ_ONLY' });
  const connection = await instance.connect();
  try {
    return await work(async (sql) => (await connection.runAndReadAll(sql)).getRows());
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

const types = { DOUBLE: 'float', BIGINT: 'integer', UBIGINT: 'unsigned', BOOLEAN: 'boolean', VARCHAR: 'string' };
const tables = /** @type {const} */ ({
  readings: ['name', 'fleet', 'driver', 'model', 'device_version'],
  diagnostics: ['name', 'fleet', 'driver', 'model', 'device_version'],
  extremes: ['k'],
});

/** What DuckDB wrote of a table, and how it is to be read. @param {(sql: string) => Promise<unknown[][]>} ask */
async function written(ask) {
  const found = [];
  for (const [table, tags] of Object.entries(tables)) {
    const columns = await ask(
      `SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'lp' AND table_name = '${table}'`,
    );
    const fields = columns.flatMap(([name, type]) =>
      name === 'time' || tags.includes(/** @type {never} */ (name))
        ? []
        : [`${String(name)}:${types[/** @type {keyof typeof types} */ (type)]}`],
    );
    for (const [ending, how] of Object.entries(formats)) {
      await ask(`COPY (SELECT * FROM lp.${table}) TO '${join(folder, `${table}.${ending}`)}' ${how}`);
    }
    found.push({
      table,
      flags: ['--measurement', table, '--tags', tags.join(',')],
      types: ['--fields', fields.join(',')],
    });
  }
  return found;
}

/** Columns, rows and everything in them, as text that tells all bits. @param {(sql: string) => Promise<unknown[][]>} ask @param {string} db */
async function contents(ask, db) {
  const all = [];
  for (const table of Object.keys(tables)) {
    const columns = await ask(
      `SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = '${db}' AND table_name = '${table}' ORDER BY column_name`,
    );
    const shown = columns.map(([name]) => `coalesce("${String(name)}"::VARCHAR, chr(1))`).join(' || chr(0) || ');
    const rows = await ask(
      `SELECT count(*), sum(hash(${shown})::HUGEINT), bit_xor(hash(${shown})) FROM ${db}.${table}`,
    );
    all.push([table, columns, rows]);
  }
  return JSON.stringify(all, (_, value) => (typeof value === 'bigint' ? `${value}` : value));
}

let failed = 0;
/** @param {string} what @param {Awaited<ReturnType<typeof load>>} ended */
function check(what, { code, peakMiB, seconds, said }) {
  const good = code === 0 && peakMiB <= limitMiB;
  if (!good) failed += 1;
  row([what, `${peakMiB} MiB`, String(code), seconds.toFixed(1), good ? 'ok' : 'FAILED']);
  if (!good) process.stdout.write(said);
}

try {
  const original = join(folder, 'original.lp');
  const generated = spawn(process.execPath, [generator, String(Number(values.points))], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  generated.stdout.pipe(createWriteStream(original));
  await once(generated, 'close');
  await appendFile(original, extremes);
  row(['input', 'peak VmHWM', 'exit code', 'seconds', '']);
  await served(async (url) => check('line protocol', await load(url, 'lp', [original])));
  const inputs = await asked(written);
  await served(async (url) => {
    for (const ending of Object.keys(formats)) {
      for (const { table, flags, types } of inputs) {
        const mapping = typed.includes(ending) ? flags : [...flags, ...types];
        check(`${table}.${ending}`, await load(url, `db_${ending}`, [...mapping, join(folder, `${table}.${ending}`)]));
      }
    }
  });
  await asked(async (ask) => {
    const expected = await contents(ask, 'lp');
    for (const ending of Object.keys(formats)) {
      const same = (await contents(ask, `db_${ending}`)) === expected;
      if (!same) failed += 1;
      row([`tables from ${ending}`, same ? 'identical' : 'DIFFERENT']);
    }
  });
} finally {
  await rm(folder, { recursive: true, force: true });
}
process.exitCode = failed === 0 ? 0 : 1;
