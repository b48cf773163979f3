// The whole program against a sink in another process, in turns with load_cnosdb where that is on PATH: medians of the
// wall time, ratios, peak resident memory. node throughput.js [--points N] [--rounds N] [--node PATH]
// `--node`: a second Node to run ours with, for zstd bodies on one that has them. load_cnosdb goes on with both numbers of
// workers, unless one took half as long again in the first round.
// The default, 4 GB, is what a load is: a second of start-up is 2 % of it by gzip, and a fifth of 1 GB.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream, readFileSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = fileURLToPath(new URL('.', import.meta.url));
const program = join(here, '..', '..', 'bin', 'bulk-load.js');
const { values } = parseArgs({
  options: {
    points: { type: 'string', default: '17200000' },
    rounds: { type: 'string', default: '5' },
    node: { type: 'string' },
    stdin: { type: 'boolean', default: false },
  },
});

const folder = await mkdtemp(join(tmpdir(), 'bulk-load-bench-'));
const input = join(folder, 'iot.lp');
const sink = spawn(process.execPath, [join(here, 'sink.js')], { stdio: ['ignore', 'pipe', 'inherit'] });

/** @param {string} text */
const say = (text) => process.stdout.write(`${text}\n`);
/** @param {number[]} numbers */
const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

/** Runs a command to its end; seconds and the kernel's high-water mark of its memory, MiB.
 * @param {string} command @param {string[]} args @param {string | null} from @param {number} copies */
async function timed(command, args, from = null, copies = 1) {
  const began = performance.now();
  const child = spawn(command, args, { stdio: [from === null ? 'ignore' : 'pipe', 'ignore', 'pipe'] });
  let said = '';
  child.stderr?.on('data', (chunk) => (said += chunk));
  let peak = 0;
  const watch = setInterval(() => {
    try {
      peak = Math.max(
        peak,
        Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024,
      );
    } catch {}
  }, 20);
  if (from !== null) void feed(child.stdin, from, copies);
  const [code] = await once(child, 'exit');
  clearInterval(watch);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: code ${code}\n${said}`);
  return { seconds: (performance.now() - began) / 1000, peak };
}

/** @param {import('node:stream').Writable | null} to @param {string} from @param {number} copies */
async function feed(to, from, copies) {
  for (let i = 0; i < copies; i += 1) {
    for await (const chunk of createReadStream(from, { highWaterMark: 1 << 20 })) {
      if (!to?.write(chunk)) await once(/** @type {import('node:stream').Writable} */ (to), 'drain');
    }
  }
  to?.end();
}

try {
  const [text] = await once(sink.stdout, 'data');
  const url = `http://127.0.0.1:${String(text).trim()}`;
  const generator = spawn(process.execPath, [join(here, 'generate.js'), values.points], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  generator.stdout.pipe(createWriteStream(input));
  await once(generator.stdout, 'end');
  const bytes = (await stat(input)).size;
  say(
    `${values.points} points, ${(bytes / 1e6).toFixed(0)} MB, medians of ${values.rounds} in turns; Node ${process.version}`,
  );

  // The sink has no memory to protect: with the default --target-memory, flushes two seconds apart would be what is measured.
  const place = ['--db', 'bench', '--state-dir', join(folder, 'state')];
  const ours = ['--url', url, ...place, '--workers', '8', '--target-memory', 'off', '--quiet'];
  /** @param {string} compression */
  const load = (compression) => [program, ...ours, '--compression', compression, input];
  if (values.stdin) {
    // The same through standard input once and ten times over: memory must not know the difference.
    for (const copies of [1, 10]) {
      const { seconds, peak } = await timed(
        process.execPath,
        [program, ...ours, '--compression', 'none', '-'],
        input,
        copies,
      );
      say(
        `stdin × ${copies}: ${seconds.toFixed(1)} s, ${((bytes * copies) / 1e6 / seconds).toFixed(0)} MB/s, peak ${peak.toFixed(0)} MiB`,
      );
    }
  } else {
    const go = spawnSync('load_cnosdb', ['--help']).error === undefined;
    if (!go) say('load_cnosdb is not on PATH: its rows are left out');
    /** @param {string} gzip @param {string} workers @returns {[string, string[]]} */
    const theirs = (gzip, workers) => [
      'load_cnosdb',
      [
        '--urls',
        url,
        '--db-name',
        'bench',
        '--do-create-db=false',
        '--reporting-period=0',
        `--gzip=${gzip}`,
        '--workers',
        workers,
        '--file',
        input,
      ],
    ];
    /** @type {Record<string, [string, string[]]>} */
    const rows = {
      'ours, none': [process.execPath, load('none')],
      'ours, gzip': [process.execPath, load('gzip')],
      ...(values.node === undefined
        ? {}
        : { 'ours, zstd': [values.node, load('zstd')], 'ours, none, second Node': [values.node, load('none')] }),
      ...(go
        ? {
            'theirs, none, 1 worker': theirs('false', '1'),
            'theirs, none, 10 workers': theirs('false', '10'),
            'theirs, gzip, 1 worker': theirs('true', '1'),
            'theirs, gzip, 10 workers': theirs('true', '10'),
          }
        : {}),
    };
    /** @type {Record<string, { seconds: number[]; peak: number[] }>} */
    const results = Object.fromEntries(Object.keys(rows).map((name) => [name, { seconds: [], peak: [] }]));
    /** The number of workers that is out of the question. @param {string} mode */
    const hopeless = (mode) => {
      const names = ['1 worker', '10 workers'].map((workers) => `theirs, ${mode}, ${workers}`);
      const first = (/** @type {string | undefined} */ name) => results[name ?? '']?.seconds[0] ?? 0;
      return names.find((name) => first(name) > 1.5 * Math.min(...names.map(first))) ?? '';
    };
    for (let round = 0; round < Number(values.rounds); round += 1) {
      for (const [name, [command, args]] of Object.entries(rows)) {
        const { seconds, peak } = await timed(command, args);
        results[name]?.seconds.push(seconds);
        results[name]?.peak.push(peak);
      }
      if (round === 0 && go) for (const mode of ['none', 'gzip']) delete rows[hopeless(mode)];
    }
    for (const [name, { seconds, peak }] of Object.entries(results)) {
      const speed = bytes / 1e6 / median(seconds);
      say(
        `${name.padEnd(26)} ${speed.toFixed(0).padStart(5)} MB/s  ${(Number(values.points) / median(seconds) / 1e6).toFixed(2)} M points/s  peak ${Math.max(...peak).toFixed(0)} MiB  (${seconds.map((each) => each.toFixed(2)).join(' ')} s)`,
      );
    }
    if (go) {
      /** @param {string} mode */
      const best = (mode) =>
        Math.min(
          ...['1 worker', '10 workers'].map((workers) => median(results[`theirs, ${mode}, ${workers}`]?.seconds ?? [])),
        );
      for (const [name, against] of [
        ['none', 'none'],
        ['gzip', 'gzip'],
        ['zstd', 'gzip'],
        ['none, second Node', 'none'],
      ]) {
        const mine = results[`ours, ${name}`];
        if (mine !== undefined)
          say(
            `${name}: ${(best(against ?? '') / median(mine.seconds)).toFixed(2)} × load_cnosdb --gzip=${against === 'gzip'}`,
          );
      }
    }
  }
} finally {
  sink.kill();
  await rm(folder, { recursive: true, force: true });
}
