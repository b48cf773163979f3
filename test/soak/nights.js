// Seven unattended nights of one crontab line: node nights.js. Each night new files arrive, a fault occurs, and the same
// command runs once. Prints the outcome of each night; finally the target is compared with the inputs.
// Times are scaled: minutes are seconds.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { Server } from './kill-load.js';

const program = fileURLToPath(new URL('../../bin/bulk-load.js', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'bulk-load-nights-'));
const inputs = join(folder, 'in');
const state = join(folder, 'state');
const summaryFile = join(folder, 'summary.json');
const server = new Server(folder);

/** Expected points at the end: series and time → value. @type {Map<string, string>} */
const expected = new Map();
/** Points that no night may load. @type {string[]} */
const bad = [];
let points = 0;

/** Returns that number of new points. @param {number} count @param {boolean} [withBad] */
function fresh(count, withBad = false) {
  let text = '';
  for (let i = 0; i < count; i += 1) {
    points += 1;
    const [tag, seconds] = [`t${points % 50}`, 1_640_995_200 + points];
    expected.set(`${tag}|${seconds}`, String(points));
    text += `m,t=${tag} n=${points}i ${seconds}000000000\n`;
    if (withBad && i % 1000 === 500) {
      bad.push(`m,t=${tag} broken${points}`);
      text += `${bad.at(-1)}\n`;
    }
  }
  return text;
}

/** @param {string} name @param {string | Uint8Array} content */
async function arrive(name, content) {
  await writeFile(join(inputs, name), content);
}

// The same command every night.
const line = (/** @type {string} */ url) => [
  ...['--url', url, '--db', 'nights', '--create-db', '--state-dir', state, '--skip-loaded', '--min-points', '0'],
  ...['--retry-for', '60s', '--wait-for-target', '20s', '--rate-points', '15000', '--batch-points', '500'],
  ...[
    '--accept-rejects',
    '1%',
    '--summary',
    summaryFile,
    '--progress',
    'none',
    '--log-level',
    'warn',
    `${inputs}/**/*`,
  ],
];

function begin() {
  const child = spawn(process.execPath, [program, ...line(server.urls[0] ?? '')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (text) => {
    said += text;
  });
  return { child, ended: once(child, 'exit'), said: () => said };
}

/** @type {{ night: string, code: string, words: string, account: string }[]} */
const table = [];

/** @param {string} night @param {ReturnType<typeof begin>} run */
async function end(night, run) {
  const [code, signal] = await run.ended;
  const text = await readFile(summaryFile, 'utf8').catch(() => null);
  const summary = text === null ? null : JSON.parse(text);
  const words = run
    .said()
    .split('\n')
    .filter((each) => /warning|error|stopped|bulk-load:/i.test(each))[0];
  const { read, loaded, rejected, undelivered } = summary?.points ?? {};
  const account = summary === null ? 'none' : `${read} = ${loaded} + ${rejected} + ${undelivered}`;
  table.push({
    night,
    code: String(code ?? signal),
    words: (words ?? '–').replaceAll(folder, '…').slice(0, 150),
    account,
  });
  await rm(summaryFile, { force: true });
  return code;
}

/** Waits until the condition holds. @param {() => Promise<boolean>} so */
async function until(so) {
  while (!(await so())) await wait(20);
}

const loaded = async () =>
  Number((await server.ask('SELECT count(n) AS n FROM m', 'nights').catch(() => []))[0]?.n ?? 0);
/** Waits until that many more points are stored. @param {number} more */
async function arrived(more) {
  const before = await loaded();
  return async () => (await loaded()) >= before + more;
}
const locked = async () => (await readdir(state)).some((name) => name.endsWith('.lock'));

/** Fills the disk. Resolves with a function that undoes it. @param {string} path */
async function fill(path) {
  const { bavail, bsize } = await statfs(path);
  const file = join(path, 'somebody-elses');
  await writeFile(file, Buffer.alloc(bavail * bsize)).catch(() => {});
  return async () => await rm(file);
}

await mkdir(inputs);
await mkdir(state);
let mounted = false;
try {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', state], { stdio: 'ignore' });
  mounted = true;
} catch {
  process.stdout.write('mounting a small file system is not allowed here: the disk is not filled in night 3\n');
}
/** @type {string[]} */
const codes = [];
const wanted = ['null', '0', mounted ? '73' : '0', '0', '75', '0', '7', '7', '0', '0'];
try {
  await server.open(1);

  await arrive('mon.lp', fresh(20_000, true));
  let middle = await arrived(5_000);
  let run = begin();
  await until(middle);
  run.child.kill('SIGKILL');
  codes.push(String(await end('1 kill -9 in the middle', run)));

  await arrive('tue.lp.gz', gzipSync(fresh(20_000)));
  middle = await arrived(5_000);
  run = begin();
  await until(middle);
  await server.kill();
  await wait(3_000);
  await server.start();
  codes.push(String(await end('2 the target is away for minutes', run)));

  await arrive('wed.lp', fresh(20_000, true));
  middle = await arrived(5_000);
  run = begin();
  if (mounted) {
    await until(middle);
    const release = await fill(state);
    codes.push(String(await end('3 the disk is full', run)));
    await release();
  } else codes.push(String(await end('3 (nothing)', run)));

  await arrive('mon.lp', fresh(15_000));
  run = begin();
  codes.push(String(await end('4 the name of Monday with new content; Wednesday goes on', run)));

  await arrive('fri.lp', fresh(30_000));
  await until(async () => !(await locked()));
  run = begin();
  await until(locked);
  codes.push(String(await end('5 a second run at once', begin())));
  codes.push(String(await end('5 the first one', run)));

  const cut = gzipSync(fresh(3_000));
  for (let i = 0; i < 39; i += 1) await arrive(`sat-${i}.lp.gz`, gzipSync(fresh(500)));
  await arrive('sat-cut.lp.gz', cut.subarray(0, cut.length / 2));
  codes.push(String(await end('6 one of forty is truncated', begin())));

  codes.push(String(await end('7 nothing new but that one, as it was', begin())));
  await arrive('sat-cut.lp.gz', cut);
  codes.push(String(await end('8 it is whole', begin())));
  codes.push(String(await end('9 nothing to load', begin())));

  const found = new Map();
  for (const { time, t, n } of await server.ask('SELECT time, t, n FROM m', 'nights'))
    found.set(`${t}|${Date.parse(`${String(time).split('.')[0]}Z`) / 1000}`, String(n));
  const differences =
    [...expected].filter(([key, value]) => found.get(key) !== value).length + Math.max(0, found.size - expected.size);
  const names = (await readdir(state)).filter((name) => /\.rejected.*\.lp$/.test(name));
  const letters = await Promise.all(names.map((name) => readFile(join(state, name), 'utf8')));
  const rejected = letters.join('').trimEnd().split('\n').sort();
  const wrongLetters = JSON.stringify(rejected) === JSON.stringify([...bad].sort()) ? 0 : 1;
  for (const { night, code, words, account } of table)
    process.stdout.write(`${night.padEnd(58)} ${code.padStart(7)}  ${account.padEnd(32)} ${words}\n`);
  process.stdout.write(
    `${expected.size} points expected, ${found.size} found, ${differences} differences; ${rejected.length} of ${bad.length} bad ones in the dead letters\n`,
  );
  process.exitCode = differences + wrongLetters === 0 && codes.join() === wanted.join() ? 0 : 1;
} finally {
  await server.close();
  if (mounted) execFileSync('umount', [state]);
  if (process.exitCode === 0) await rm(folder, { recursive: true });
}
