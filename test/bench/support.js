// What the benchmarks of whole programs share: a sink, runs in turns, and the machine.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream, readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
export const program = join(here, '..', '..', 'bin', 'bulk-load.js');
/** Clock ticks a second, as Linux counts CPU time. */
const ticks = 100;

/** @param {string} text */
export const say = (text) => void process.stdout.write(`${text}\n`);
/** @param {number[]} numbers */
export const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;

/** Describes the machine, since absolute figures mean nothing without it. */
export function machine() {
  const [load = 0] = readFileSync('/proc/loadavg', 'utf8').split(' ').map(Number);
  const busy = load > 0.5 ? `; load ${load}: compare CPU time, not seconds` : '';
  const memory = (totalmem() / 2 ** 30).toFixed(0);
  return `${cpus().length} × ${cpus()[0]?.model}, ${memory} GiB, Linux ${release()}, Node ${process.version}${busy}`;
}

/**
 * Starts a target that accepts everything: wire.c, whose bodies the kernel discards without a copy, or sink.js where there
 * is no C compiler. `wire`: the compiled program; null for sink.js.
 * @param {string} folder
 * @param {readonly string[]} before a command that starts it, such as `taskset -c 0`
 * @param {readonly object[]} columns rows of information_schema.columns
 */
export async function openSink(folder, before = [], columns = []) {
  const wire = join(folder, 'wire');
  const isCompiled = spawnSync('cc', ['-O2', '-pthread', join(here, 'wire.c'), '-o', wire]).status === 0;
  const rows = columns.length === 0 ? '' : JSON.stringify(columns);
  const own = isCompiled ? [wire, 'sink', rows] : [process.execPath, join(here, 'sink.js'), '0', rows];
  const [command = '', ...args] = [...before, ...own];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = await once(/** @type {import('node:stream').Readable} */ (child.stdout), 'data');
  return { port: String(port).trim(), wire: isCompiled ? wire : null, close: () => child.kill() };
}

/** Writes points of generate.js to a file. @param {number} points @param {string} path */
export async function generate(points, path) {
  const generator = spawn(process.execPath, [join(here, 'generate.js'), String(points)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(generator.stdout.pipe(createWriteStream(path)), 'finish');
}

/**
 * Runs a command to its end: seconds, seconds of CPU time, and the kernel's high-water mark of its memory in MiB.
 * @param {readonly [string, readonly string[]]} command
 * @param {string | null} from a file for its standard input @param {number} copies
 */
export async function timed([command, args], from = null, copies = 1) {
  const began = performance.now();
  const child = spawn(command, args, { stdio: [from === null ? 'ignore' : 'pipe', 'ignore', 'pipe'] });
  let said = '';
  child.stderr?.on('data', (chunk) => (said += chunk));
  let peak = 0;
  let cpu = 0;
  const watch = setInterval(() => {
    try {
      const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      cpu = Math.max(cpu, (Number(fields[11]) + Number(fields[12])) / ticks);
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
    } catch {}
  }, 10);
  if (from !== null) void feed(child.stdin, from, copies);
  const [code] = await once(child, 'exit');
  clearInterval(watch);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: code ${code}\n${said}`);
  return { seconds: (performance.now() - began) / 1000, cpu, peak };
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

/**
 * Runs all commands in turns. Returns medians, and the highest peak, by name.
 * @param {Record<string, readonly [string, readonly string[]]>} commands @param {number} rounds
 */
export async function inTurns(commands, rounds) {
  /** @type {Record<string, Awaited<ReturnType<typeof timed>>[]>} */
  const runs = Object.fromEntries(Object.keys(commands).map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1)
    for (const [name, command] of Object.entries(commands)) runs[name]?.push(await timed(command));
  return Object.fromEntries(
    Object.entries(runs).map(([name, each]) => [
      name,
      {
        seconds: median(each.map(({ seconds }) => seconds)),
        cpu: median(each.map(({ cpu }) => cpu)),
        peak: Math.max(...each.map(({ peak }) => peak)),
      },
    ]),
  );
}
