// Random Parquet files written by pyarrow: every point equals the one that pyarrow reads, on the main thread and on a worker
// thread. node pyarrow.js [--files 200]
// [--seed 1], after npm run build. Needs python3 with pyarrow.

import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Parquet } from '../../dist/formats/parquet/parquet.js';
import { ParquetThread } from '../../dist/formats/parquet/worker/parquet-thread.js';
import { RowFormatMemory } from '../../dist/formats/rows/rows.js';

const { values } = parseArgs({
  options: { files: { type: 'string', default: '200' }, seed: { type: 'string', default: '1' } },
});
/** Words of an index entry. */
const POINT_WORDS = 8;

if (spawnSync('python3', ['-c', 'import pyarrow']).status !== 0) {
  process.stdout.write('skipped: python3 has no pyarrow; pip install pyarrow\n');
  process.exit();
}

const options = {
  precision: /** @type {const} */ ('ns'),
  missingTimestamp: /** @type {const} */ ('reject'),
  maxPointBytes: 1 << 20,
  nullWords: null,
  measurement: 'm',
  tags: [{ name: 'host', as: 'host' }],
  fields: null,
  timeColumn: null,
  timeFormat: 'auto',
  timezone: 'UTC',
  ambiguousTime: /** @type {const} */ ('reject'),
  timeRounding: /** @type {const} */ ('reject'),
};

const threadRows = new RowFormatMemory(options);
const thread = new Parquet(threadRows, undefined, new ParquetThread(threadRows));

/**
 * Returns the points of a file, one a line, the number of its rejects, and that of the rows that the kernel took.
 * @param {Buffer} bytes
 * @param {number | null} descriptor for the worker thread; null for the main thread
 */
async function read(bytes, descriptor = null) {
  const rows = new RowFormatMemory(options);
  const source = {
    bytesRead: 0,
    compression: /** @type {const} */ ('none'),
    close: async () => {},
    read: async () => 0,
    file: {
      size: bytes.length,
      ...(descriptor === null ? {} : { descriptor }),
      bytes: async (/** @type {number} */ from, /** @type {number} */ to) => bytes.subarray(from, to),
    },
  };
  const points = [];
  let rejects = 0;
  for await (const run of (descriptor === null ? new Parquet(rows) : thread).points(
    source,
    new AbortController().signal,
  )) {
    for (let word = 0; word < run.count * POINT_WORDS; word += POINT_WORDS) {
      const start = run.index[word] ?? 0;
      points.push(Buffer.from(run.bytes.subarray(start, start + (run.index[word + 1] ?? 0))).toString());
    }
    rejects += run.rejects.length;
  }
  return { points, rejects, kernelRows: rows.kernel?.kernelRows ?? 0 };
}

const folder = mkdtempSync(join(tmpdir(), 'bulk-load-pyarrow-'));
try {
  const script = fileURLToPath(new URL('random-parquet.py', import.meta.url));
  const written = spawnSync('python3', [script, folder, values.files, values.seed], { stdio: 'inherit' });
  if (written.status !== 0) throw new Error(`random-parquet.py ended with ${written.status}`);
  const total = { files: 0, points: 0, rejects: 0, kernelRows: 0 };
  for (; total.files < Number(values.files); total.files++) {
    const expected = readFileSync(join(folder, `${total.files}.lp`), 'utf8')
      .split('\n')
      .slice(0, -1);
    const path = join(folder, `${total.files}.parquet`);
    const { points, rejects, kernelRows } = await read(readFileSync(path));
    const descriptor = openSync(path, 'r');
    const threaded = await read(readFileSync(path), descriptor);
    closeSync(descriptor);
    if (threaded.points.join() !== points.join() || threaded.rejects !== rejects)
      throw new Error(`file ${total.files}: the thread found ${threaded.points.length} points of ${points.length}`);
    const lines = points.map((point) => point.replaceAll('\n', '\\u000a'));
    const at = Array.from({ length: Math.max(lines.length, expected.length) }, (_, i) => i).find(
      (i) => lines[i] !== expected[i],
    );
    if (at !== undefined) throw new Error(`file ${total.files}, point ${at}:\n${lines[at]}\n${expected[at]}`);
    total.points += points.length;
    total.rejects += rejects;
    total.kernelRows += kernelRows;
  }
  process.stdout.write(`${JSON.stringify(total)}\n`);
} finally {
  await thread.close();
  rmSync(folder, { recursive: true, force: true });
}
