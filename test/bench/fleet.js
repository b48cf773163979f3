// CSV by one process, one worker and two workers of a fleet, in turns, into a sink: rows per second while sending, and CPU time
// per million rows. A machine is a core: two workers on a core each are compared with one on one core. One worker on both cores
// shows what its own threads gain. Coordinator, Redis and sink run where they like. Loads of 20 s or more make starts small.
// node fleet.js [--rows N] [--copies N] [--turns N] [--piece-bytes SIZE] after npm run build; needs redis-server, taskset and 5 GB.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median, openSink, program } from './support.js';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '6000000' },
    copies: { type: 'string', default: '7' },
    turns: { type: 'string', default: '3' },
    'piece-bytes': { type: 'string', default: '32MiB' },
  },
});
/** Rows of one file. */
const rowsOfFile = Number(values.rows);
const rows = rowsOfFile * Number(values.copies);
const path = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'bulk-load-bench-'));
const files = Array.from({ length: Number(values.copies) }, (_, i) => join(folder, `readings-${i}.csv`));
/** Readings of the generator as CSV. */
const toCsv = String.raw`s/^readings,name=([^,]*),fleet=([^,]*),driver=([^,]*),model=([^,]*),device_version=([^ ]*) /\1,\2,\3,\4,\5,/; s/[a-z_]+=//g; s/ /,/`;
const tags = ['name', 'fleet', 'driver', 'model', 'device_version'];
const fields =
  'latitude,longitude,elevation,velocity,heading,grade,fuel_consumption,load_capacity,fuel_capacity,nominal_fuel_consumption';
const column = (/** @type {string} */ name, /** @type {string} */ kind, /** @type {string} */ type) => ({
  ...{ table_name: 'readings', column_name: name, column_type: kind, data_type: type },
});
const columns = [
  column('time', 'TIME', 'TIMESTAMP(NANOSECOND)'),
  ...tags.map((name) => column(name, 'TAG', 'STRING')),
  ...fields.split(',').map((name) => column(name, 'FIELD', 'DOUBLE')),
];

/** @typedef {import('node:child_process').ChildProcess & { log: string, done: Promise<number | null> }} Child */
/** @type {Child[]} */
const children = [];

/** @param {string} command @param {string[]} args */
function start(command, args) {
  const child = /** @type {Child} */ (spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] }));
  child.log = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (part) => (child.log += part));
  child.done = once(child, 'close').then(([code]) => code);
  children.push(child);
  return child;
}

/** @param {() => boolean} holds */
async function until(holds) {
  for (const end = Date.now() + 120_000; !holds(); await wait(20))
    if (Date.now() > end) throw new Error(children.map(({ log }) => log).join('\n'));
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** CPU time of a process and its children, seconds. @param {number} pid @returns {number} */
function cpuOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const ticks = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 15)
    .map(Number);
  const threads = readdirSync(`/proc/${pid}/task`);
  const below = threads.flatMap((id) => readFileSync(`/proc/${pid}/task/${id}/children`, 'utf8').match(/\d+/g) ?? []);
  return below.map((id) => cpuOf(Number(id))).reduce((sum, each) => sum + each, ticks.reduce((a, b) => a + b) / 100);
}

/** @param {Child} child */
const cpu = (child) => cpuOf(child.pid ?? 0);
const mapping = ['--measurement', 'readings', '--tags', tags.join()];

/**
 * Cores of each worker; those of the load itself without any.
 * @type {Record<string, { cores: string[], isFleet: boolean }>}
 */
const fleets = {
  'one process on one core': { cores: ['0'], isFleet: false },
  'one worker on one core': { cores: ['0'], isFleet: true },
  'one worker on two cores': { cores: ['0,1'], isFleet: true },
  'two workers on a core each': { cores: ['0', '1'], isFleet: true },
};

/** @param {typeof fleets[string]} fleet @param {string} url @param {number} port */
async function run({ cores, isFleet }, url, port) {
  const target = ['--url', url, '--db', 'd'];
  const queue = !isFleet ? [] : ['--queue', `redis://127.0.0.1:${port}`, '--allow-input', `${folder}/**`];
  const running = (isFleet ? cores : []).map((core) => {
    const state = ['--state-dir', join(folder, `worker-${core}`)];
    return start('taskset', ['-c', core, process.execPath, program, 'worker', ...target, ...queue, ...state]);
  });
  await until(() => running.every(({ log }) => log.includes('worker: pieces from')));
  const summary = join(folder, 'summary.json');
  const cut = !isFleet ? [] : ['--piece-bytes', values['piece-bytes']];
  const own = [
    '--target-memory',
    'off',
    ...cut,
    ...mapping,
    '--state-dir',
    join(folder, 'state'),
    '--fresh',
    '--summary',
    summary,
  ];
  const before = running.map(cpu);
  const pinned = isFleet ? [] : ['taskset', '-c', ...cores];
  const timed = ['/usr/bin/time', '-f', 'CPU %U %S', ...pinned, process.execPath, program];
  const loader = start(timed[0] ?? '', [...timed.slice(1), ...target, ...queue, ...own, ...files]);
  if ((await loader.done) !== 0) throw new Error(loader.log);
  const worked = running.reduce((sum, child, i) => sum + cpu(child) - (before[i] ?? 0), 0);
  const [, user, system] = /CPU (\S+) (\S+)/.exec(loader.log) ?? [];
  for (const child of running) child.kill();
  await Promise.all(running.map(({ done }) => done));
  const { phases, points } = JSON.parse(readFileSync(summary, 'utf8'));
  if (points.loaded !== rows) throw new Error(`${points.loaded} of ${rows} rows`);
  const perMillion = (isFleet ? worked : Number(user) + Number(system)) / (rows / 1e6);
  return { perMillion, rate: rows / phases.sendSeconds, startSeconds: phases.startSeconds };
}

/** @type {Awaited<ReturnType<typeof openSink>> | null} */
let sink = null;
try {
  spawnSync('bash', [
    '-c',
    `{ echo ${tags.join()},${fields},time; ${process.execPath} ${path('generate.js')} ${2 * rowsOfFile} | sed -nE '/^readings/{${toCsv}; p}'; } > ${files[0]}`,
  ]);
  for (const copy of files.slice(1)) copyFileSync(files[0] ?? '', copy);
  sink = await openSink(folder, [], columns);
  const port = await freePort();
  const redis = start('redis-server', ['--dir', folder, '--save', '', '--bind', '127.0.0.1', '--port', `${port}`]);
  await until(() => redis.log.includes('Ready to accept'));
  /** @type {Map<string, Awaited<ReturnType<typeof run>>[]>} */
  const results = new Map(Object.keys(fleets).map((name) => [name, []]));
  for (let turn = 0; turn < Number(values.turns); turn += 1)
    for (const [name, fleet] of Object.entries(fleets))
      results.get(name)?.push(await run(fleet, `http://127.0.0.1:${sink.port}`, port));
  /** @param {string} name @param {'perMillion' | 'rate' | 'startSeconds'} key */
  const figure = (name, key) => median((results.get(name) ?? []).map((each) => each[key]));
  for (const name of results.keys()) {
    const rate = figure(name, 'rate');
    const times = (rate / figure('one worker on one core', 'rate')).toFixed(2);
    const text = `${(rate / 1e6).toFixed(3)} million rows/s in ${(rows / rate).toFixed(0)} s (${times} ×), ${figure(name, 'perMillion').toFixed(2)} s CPU per million rows, start ${figure(name, 'startSeconds').toFixed(1)} s`;
    process.stdout.write(`${name}: ${text}\n`);
  }
} finally {
  sink?.close();
  for (const child of children) child.kill('SIGKILL');
  await Promise.all(children.map(({ done }) => done));
  rmSync(folder, { recursive: true, force: true });
}
