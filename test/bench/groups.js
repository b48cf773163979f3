// The limit in a real control group: 128 MiB, points from a generator through standard input, gzip bodies, 32 writers
// asked for; then a server that hangs, 64 writers and batches of 50,000 points asked for. Must end with 0, with
// every point, unkilled, and below its own limit, 0.9 of the group's. Only the loader is in the group.
// node groups.js [--points N] [--rounds N] [--hang SECONDS] [--pairs N]
// `--pairs`: that many pairs of runs, limited and not, in turn, for the price of the limit.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { memoryGroup } from './group.js';

const bench = fileURLToPath(new URL('.', import.meta.url));
const program = join(bench, '..', '..', 'bin', 'bulk-load.js');
const { values } = parseArgs({
  options: {
    points: { type: 'string', default: '4150000' },
    rounds: { type: 'string', default: '1' },
    hang: { type: 'string', default: '20' },
    pairs: { type: 'string', default: '0' },
  },
});
const limitBytes = 128 * 1024 * 1024;
const group = memoryGroup(limitBytes);
/** @param {string} text */
const say = (text) => process.stdout.write(`${text}\n`);

/** @param {number} hangMs */
async function startSink(hangMs) {
  const sink = spawn(process.execPath, [join(bench, 'sink.js'), String(hangMs)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [text] = await once(sink.stdout, 'data');
  return { url: `http://127.0.0.1:${String(text).trim()}`, stop: () => sink.kill() };
}

/** One load; what it said of itself and what the kernel says of it.
 * @param {readonly string[]} options @param {number} hangMs @param {boolean} limited */
async function load(options, hangMs, limited) {
  const folder = await mkdtemp(join(tmpdir(), 'bulk-load-group-'));
  const sink = await startSink(hangMs);
  const generator = spawn(process.execPath, [join(bench, 'generate.js'), values.points], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const words = [
    process.execPath,
    program,
    '--url',
    sink.url,
    '--db',
    'bench',
    '--state-dir',
    folder,
    '--progress',
    'none',
  ];
  const all = [...words, '--compression', 'gzip', '--summary', '-', ...options, '-'];
  const [command, args] = limited && group ? group.inside(all) : [process.execPath, all.slice(1)];
  const began = performance.now();
  const child = spawn(command, args, { stdio: [generator.stdout, 'pipe', 'pipe'] });
  generator.stdout.destroy();
  let said = '';
  let told = '';
  let peak = 0;
  child.stdout.on('data', (chunk) => (said += chunk));
  child.stderr.on('data', (chunk) => (told += chunk));
  const watch = setInterval(() => {
    try {
      const found = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'));
      peak = Math.max(peak, Number(found?.[1] ?? 0) / 1024);
    } catch {}
  }, 20);
  const [code, signal] = await once(child, 'close');
  clearInterval(watch);
  const seconds = (performance.now() - began) / 1000;
  generator.kill();
  sink.stop();
  await rm(folder, { recursive: true, force: true });
  const summary = said === '' ? null : JSON.parse(said);
  return { code: code ?? signal, seconds, peak, summary, told };
}

/** @param {string} name @param {readonly string[]} options @param {number} hangMs */
async function prove(name, options, hangMs) {
  const { code, seconds, peak, summary, told } = await load(options, hangMs, true);
  const limit = (summary?.memory.limitBytes ?? 0) / 1048576;
  const whole = summary?.points.loaded === Number(values.points);
  const good = code === 0 && whole && peak <= limit && (group?.kills() ?? 0) === 0;
  say(
    `${good ? 'ok    ' : 'FAILED'} ${name}: code ${code}, ${seconds.toFixed(1)} s, ${summary?.points.loaded ?? 0} points, ` +
      `peak ${peak.toFixed(0)} of ${limit.toFixed(0)} MiB (${summary?.memory.limitSource}), ${summary?.memory.slots} slots, killed ${group?.kills()}`,
  );
  if (!good) say(told);
  return good;
}

/** @param {number[]} numbers */
const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

const many = ['--workers', '32'];
const wide = ['--workers', '64', '--batch-points', '50000', '--batch-bytes', '16MiB'];

if (group === null) {
  say(
    'SKIPPED: THE MEMORY LIMIT WAS NOT TRIED IN A REAL CONTROL GROUP: this needs root and a writable memory controller',
  );
} else {
  try {
    let failed = 0;
    for (let round = 0; round < Number(values.rounds); round += 1) {
      if (!(await prove('standard input, 32 writers asked for', many, 0))) failed += 1;
      const hangs = `a server that hangs for ${values.hang} s, 64 writers × 50,000 points asked for`;
      if (!(await prove(hangs, wide, Number(values.hang) * 1000))) failed += 1;
    }
    const ratios = [];
    for (let pair = 0; pair < Number(values.pairs); pair += 1) {
      const limited = (await load(many, 0, true)).seconds;
      ratios.push((await load(many, 0, false)).seconds / limited);
    }
    if (ratios.length > 0) {
      const shown = ratios.map((ratio) => ratio.toFixed(2)).join(' ');
      say(`limited against unlimited: ${median(ratios).toFixed(2)} × (${shown}), median of ${ratios.length} pairs`);
    }
    process.exitCode = failed === 0 ? 0 : 1;
  } finally {
    group.remove();
  }
}
