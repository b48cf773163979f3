import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'vitest';
import { serve } from '../../src/serve/serve.js';
import { writeParquet } from '../support/data/parquet.js';
import { expectExamples } from './example-pages.js';

test('every command of the page on formats prints what the page shows', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bulk-load-manual-'));
  const path = join(folder, 'readings.parquet');
  const row =
    "TIMESTAMP '2022-01-01' + INTERVAL (i) SECOND AS time, 'truck_1' AS name, 'East' AS fleet, 1.5::DOUBLE AS fuel";
  await writeParquet(path, `SELECT ${row} FROM range(3) t(i)`);
  const server = await serve({ host: '127.0.0.1', port: 0, dataDir: null });
  await expectExamples('src/manual/formats.md', {
    files: { 'readings.parquet': await readFile(path) },
    hosts: { 'db1:8902': new URL(server.url).host },
  });
  await server.close();
  await rm(folder, { recursive: true });
});
