// The round trip of test/soak/round-trip.js with few points: tables that DuckDB writes load as equal tables.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const script = fileURLToPath(new URL('../../soak/round-trip.js', import.meta.url));

test('CSV, TSV, NDJSON, JSON and Parquet written by DuckDB are loaded into identical tables', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [script, '--here', '--points', '1000']);
  expect(stdout.match(/^tables from \w+ \| identical$/gm)).toHaveLength(6);
}, 240_000);
