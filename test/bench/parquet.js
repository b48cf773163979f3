// How fast rows of Parquet are loaded, and in how much memory: TSBS-like readings written by DuckDB in row groups of 122,880,
// the whole program against the sink. node parquet.js [--rows 1000000] [--rounds 5] [--memory-limit 512MiB]
// Rows a second of processor time of the loader, so that a busy machine shows less; and the kernel's high-water mark.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';

const here = fileURLToPath(new URL('.', import.meta.url));
const program = join(here, '..', '..', 'bin', 'bulk-load.js');
const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '5' },
    'memory-limit': { type: 'string', default: '512MiB' },
  },
});
const rows = Number(values.rows);
/** Clock ticks a second, as Linux counts processor time. */
const ticks = 100;

const query = `SELECT make_timestamp_ns(1640995200000000000 + (i // 4000) * 10000000000 + (i % 4000) * 1000) AS time,
  'truck_' || i % 4000 AS name, ['East', 'West', 'North', 'South'][1 + i % 4] AS fleet,
  ['Trish', 'Albert', 'Derek', 'Andy', 'Seth', 'Rodney'][1 + i % 6] AS driver, ['H_2', 'F_150', 'G_2000'][1 + i % 3] AS model,
  'v' || i % 3 || '_' || i % 5 AS device_version, round(random() * 90, 5) AS latitude, round(random() * 180, 5) AS longitude,
  (random() * 500)::INTEGER::DOUBLE AS elevation, (random() * 100)::INTEGER::DOUBLE AS velocity,
  (random() * 360)::INTEGER::DOUBLE AS heading, (random() * 100)::INTEGER::DOUBLE AS grade, round(random() * 50, 1) AS fuel_consumption,
  1500::DOUBLE AS load_capacity, 150::DOUBLE AS fuel_capacity, 12::DOUBLE AS nominal_fuel_consumption FROM range(${rows}) t(i)`;

/** Runs the loader to its end: processor seconds, and the most memory it had, MiB. @param {readonly string[]} args */
async function timed(args) {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk) => (said += chunk));
  let cpu = 0;
  let peak = 0;
  const watch = setInterval(() => {
    try {
      const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      cpu = Math.max(cpu, (Number(fields[11]) + Number(fields[12])) / ticks);
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
    } catch {}
  }, 10);
  const [code] = await once(child, 'exit');
  clearInterval(watch);
  if (code !== 0) throw new Error(`code ${code}\n${said}`);
  return { cpu, peak };
}

/** @param {number[]} numbers */
const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;

const folder = await mkdtemp(join(tmpdir(), 'bulk-load-parquet-'));
const sink = spawn(process.execPath, [join(here, 'sink.js')], { stdio: ['ignore', 'pipe', 'inherit'] });
try {
  const [port] = await once(sink.stdout, 'data');
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const codecs = ['snappy', 'zstd'];
  for (const codec of codecs)
    await connection.run(
      `COPY (${query}) TO '${join(folder, codec)}' (FORMAT parquet, COMPRESSION ${codec}, ROW_GROUP_SIZE 122880)`,
    );
  connection.closeSync();
  instance.closeSync();
  const common = [
    '--url',
    `http://127.0.0.1:${String(port).trim()}`,
    '--db',
    'bench',
    '--state-dir',
    join(folder, 'state'),
    '--quiet',
  ];
  const mapping = [
    '--measurement',
    'readings',
    '--tags',
    'name,fleet,driver,model,device_version',
    '--memory-limit',
    values['memory-limit'],
  ];
  /** @type {Record<string, { cpu: number[]; peak: number[] }>} */
  const results = Object.fromEntries(codecs.map((codec) => [codec, { cpu: [], peak: [] }]));
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const codec of codecs) {
      const { cpu, peak } = await timed([...common, ...mapping, join(folder, codec)]);
      results[codec]?.cpu.push(cpu);
      results[codec]?.peak.push(peak);
    }
  }
  for (const [codec, { cpu, peak }] of Object.entries(results)) {
    const { size } = await stat(join(folder, codec));
    process.stdout.write(
      `${codec.padEnd(7)} ${(size / 1e6).toFixed(0)} MB: ${(rows / median(cpu) / 1000).toFixed(0)} k rows/s of one core, peak ${Math.max(...peak).toFixed(0)} MiB of ${values['memory-limit']} (${cpu.map((each) => each.toFixed(2)).join(' ')} s)\n`,
    );
  }
} finally {
  sink.kill();
  await rm(folder, { recursive: true, force: true });
}
