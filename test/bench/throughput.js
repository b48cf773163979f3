// The whole program against a sink in another process, in turns with load_cnosdb where that is on PATH, and with blocking
// sends in C: medians of seconds and CPU time, ratios, peak resident memory.
// node throughput.js [--points N,N] [--rounds N] [--node PATH] [--stdin]
// `--points`: the last size runs with every compression, the others with none. By default 741 MB, in which the start counts,
// and 3.7 GB, which is what a load is. `--node`: a second Node to run ours with, for zstd bodies on one that has them.

import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import * as zlib from 'node:zlib';
import { generate, inTurns, openSink, program, say, timed } from './support.js';

const { values } = parseArgs({
  options: {
    points: { type: 'string', default: '3070000,15300000' },
    rounds: { type: 'string', default: '5' },
    node: { type: 'string' },
    stdin: { type: 'boolean', default: false },
  },
});
const zstdNode = values.node ?? ('zstdCompress' in zlib ? process.execPath : null);
const rounds = Number(values.rounds);
const sizes = values.points.split(',').map(Number);

const folder = await mkdtemp(join(tmpdir(), 'bulk-load-bench-'));
const sink = await openSink(folder);
const url = `http://127.0.0.1:${sink.port}`;
const input = join(folder, 'iot.lp');

// The sink has no memory to protect: with the default --target-memory, flushes two seconds apart would be what is measured.
const place = ['--db', 'bench', '--state-dir', join(folder, 'state')];
const options = ['--url', url, ...place, '--workers', '8', '--target-memory', 'off', '--quiet'];
/** @param {string} compression @param {string} node @returns {[string, string[]]} */
const ours = (compression, node = process.execPath) => [
  node,
  [program, ...options, '--compression', compression, input],
];
/** @param {boolean} gzip @param {number} workers @returns {[string, string[]]} */
const theirs = (gzip, workers) => {
  const flags = `--urls ${url} --db-name bench --do-create-db=false --reporting-period=0 --gzip=${gzip} --workers ${workers}`;
  return ['load_cnosdb', [...flags.split(' '), '--file', input]];
};

/** The rows of one size. @param {boolean} isLast */
function commands(isLast) {
  const gzip = isLast ? { 'gzip bodies': ours('gzip') } : {};
  const zstd = isLast && zstdNode !== null ? { 'zstd bodies': ours('zstd', zstdNode) } : {};
  const send = sink.wire === null ? {} : { 'blocking sends in C': [sink.wire, ['send', sink.port, input]] };
  const modes = !hasGo ? [] : isLast ? [false, true] : [false];
  const go = modes.flatMap((mode) => [1, 10].map((workers) => [goName(mode, workers), theirs(mode, workers)]));
  return { 'no compression': ours('none'), ...gzip, ...zstd, ...send, ...Object.fromEntries(go) };
}

const hasGo = spawnSync('load_cnosdb', ['--help']).error === undefined;
/** @param {boolean} gzip @param {number} workers */
const goName = (gzip, workers) => `load_cnosdb --gzip=${gzip} --workers ${workers}`;

/** Compares a row with the best of load_cnosdb. @param {Awaited<ReturnType<typeof inTurns>>} results @param {string} name */
function against(results, name) {
  const own = /** @type {{ seconds: number, cpu: number }} */ (results[name]);
  const isGzip = name !== 'no compression';
  const best = [1, 10]
    .map((workers) => results[goName(isGzip, workers)])
    .filter((each) => each !== undefined)
    .sort((a, b) => a.seconds - b.seconds)[0];
  const parts = best === undefined ? [] : [`${(best.seconds / own.seconds).toFixed(2)} × load_cnosdb`];
  if (best !== undefined) parts.push(`in ${(own.cpu / best.cpu).toFixed(2)} of its CPU time`);
  const floor = results['blocking sends in C'];
  if (floor !== undefined && !isGzip) parts.push(`${(floor.seconds / own.seconds).toFixed(2)} × sends in C`);
  return parts.join(', ');
}

try {
  if (!hasGo) say('load_cnosdb is not on PATH: its rows are left out');
  if (sink.wire === null) say('there is no C compiler: sink.js is the sink, and reads what it discards');
  for (const [i, points] of sizes.entries()) {
    await generate(points, input);
    const bytes = (await stat(input)).size;
    if (values.stdin) {
      // The same through standard input once and ten times over: memory must not know the difference.
      for (const copies of [1, 10]) {
        const command = [process.execPath, [program, ...options, '--compression', 'none', '-']];
        const { seconds, peak } = await timed(/** @type {[string, string[]]} */ (command), input, copies);
        const rate = ((bytes * copies) / 1e6 / seconds).toFixed(0);
        say(`stdin × ${copies}: ${seconds.toFixed(1)} s, ${rate} MB/s, peak ${peak.toFixed(0)} MiB`);
      }
      continue;
    }
    const results = await inTurns(commands(i === sizes.length - 1), rounds);
    say(`${(bytes / 1e6).toFixed(0)} MB of line protocol, ${points.toLocaleString('en')} points`);
    for (const [name, { seconds, cpu, peak }] of Object.entries(results)) {
      const isOwn = name.includes('compression') || name.includes('bodies');
      const rate = `${(bytes / 1e6 / seconds).toFixed(0).padStart(5)} MB/s`;
      say(
        `  ${name.padEnd(38)}${seconds.toFixed(2).padStart(6)} s ${rate}  CPU ${cpu.toFixed(2).padStart(5)} s  peak ${peak.toFixed(0).padStart(3)} MiB  ${isOwn ? against(results, name) : ''}`,
      );
    }
  }
} finally {
  sink.close();
  await rm(folder, { recursive: true, force: true });
}
