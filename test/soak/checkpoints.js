// Measures the time that a load spends on checkpoints, for one large file and for many small ones. node checkpoints.js [--size SHARE]
// Prints its share of the wall time; exit code 1 above 2 %.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measured } from './measured.js';
import { startServer } from './unkind-server.js';

const { values } = parseArgs({ options: { size: { type: 'string', default: '1' } } });
const size = Number(values.size);
const mostShare = 0.02;
const start = 1_640_995_200n * 1_000_000_000n;

/** @param {number} from @param {number} to */
function lines(from, to) {
  return Array.from({ length: to - from }, (_, i) => `m,t=a f=${from + i} ${start + BigInt(from + i)}\n`).join('');
}

/** @param {string} folder @param {number} files @param {number} points of each */
async function make(folder, files, points) {
  for (let i = 0; i < files; i += 1) await writeFile(join(folder, `${i}.lp`), lines(i * points, (i + 1) * points));
}

let failed = 0;
for (const { name, files, points, rate } of [
  { name: 'one file', files: 1, points: 600_000 * size, rate: 30_000 },
  { name: 'many small files', files: 20_000 * size, points: 10, rate: 10_000 },
]) {
  const folder = await mkdtemp(join(tmpdir(), 'bulk-load-checkpoints-'));
  const inputs = join(folder, 'in');
  await mkdir(inputs);
  await make(inputs, Math.ceil(files), Math.ceil(points));
  const server = await startServer('takes');
  const { code, seconds, said } = await measured([
    ...['--url', server.url, '--db', 'db', '--state-dir', join(folder, 'state'), '--progress', 'none'],
    ...['--log-level', 'debug', '--rate-points', String(rate), inputs],
  ]);
  server.close();
  await rm(folder, { recursive: true, force: true });
  const [, count, ms] = /(\d+) checkpoints written in (\d+) ms/.exec(said) ?? [];
  const share = Number(ms) / 1000 / seconds;
  const good = code === 0 && share <= mostShare;
  failed += good ? 0 : 1;
  process.stdout.write(
    `${good ? 'ok    ' : 'FAILED'} ${name}: ${count} checkpoints in ${ms} ms of ${seconds.toFixed(1)} s, ${(100 * share).toFixed(2)} %\n`,
  );
}
process.exitCode = failed === 0 ? 0 : 1;
