// How fast rows of Parquet are loaded, and in how much memory: TSBS-like readings written by DuckDB in row groups of 122,880,
// the whole program against the sink. node parquet.js [--rows 1000000] [--rounds 5] [--memory-limit 512MiB]
// Rows a second of processor time of the loader, so that a busy machine shows less; and the kernel's high-water mark.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { median, program, timed } from './support.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '5' },
    'memory-limit': { type: 'string', default: '512MiB' },
  },
});
const rows = Number(values.rows);

const query = `SELECT make_timestamp_ns(1640995200000000000 + (i // 4000) * 10000000000 + (i % 4000) * 1000) AS time,
  'truck_' || i % 4000 AS name, ['East', 'West', 'North', 'South'][1 + i % 4] AS fleet,
  ['Trish', 'Albert', 'Derek', 'Andy', 'Seth', 'Rodney'][1 + i % 6] AS driver, ['H_2', 'F_150', 'G_2000'][1 + i % 3] AS model,
  'v' || i % 3 || '_' || i % 5 AS device_version, round(random() * 90, 5) AS latitude, round(random() * 180, 5) AS longitude,
  (random() * 500)::INTEGER::DOUBLE AS elevation, (random() * 100)::INTEGER::DOUBLE AS velocity,
  (random() * 360)::INTEGER::DOUBLE AS heading, (random() * 100)::INTEGER::DOUBLE AS grade, round(random() * 50, 1) AS fuel_consumption,
  1500::DOUBLE AS load_capacity, 150::DOUBLE AS fuel_capacity, 12::DOUBLE AS nominal_fuel_consumption FROM range(${rows}) t(i)`;

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
      const { cpu, peak } = await timed([process.execPath, [program, ...common, ...mapping, join(folder, codec)]]);
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
