import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'vitest';
import { writeParquet } from '../support/parquet.js';
import { expectExamples } from './example-pages.js';

test('every command of the page on formats prints what the page shows', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bulk-load-manual-'));
  const path = join(folder, 'readings.parquet');
  const row =
    "TIMESTAMP '2022-01-01' + INTERVAL (i) SECOND AS time, 'truck_1' AS name, 'East' AS fleet, 1.5::DOUBLE AS fuel";
  await writeParquet(path, `SELECT ${row} FROM range(3) t(i)`);
  await expectExamples('src/manual/formats.md', { files: { 'readings.parquet': await readFile(path) } });
  await rm(folder, { recursive: true });
});
