// Loads over a fleet, with everything that can die: node fleet.js [SCENARIO…] [--runs N] [--pieces N] [--away SECONDS]
// - outage: two of four workers and Redis are killed
// - everysec: outage with a Redis that may forget its last two seconds
// - forget: outage with a Redis that keeps nothing
// - cluster: outage with three Redis nodes
// - tls: outage with TLS, client certificate and ACL; planted secrets are searched in keys, files, logs and arguments
// - frozen: a worker is stopped for 3 min
// - clocks: the clocks of workers are 10 min fast and slow
// - skewed: outage with such clocks
// - coordinator: it is killed at random moments, and its state is kept or lost
// - size: 100,000 pieces

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const program = fileURLToPath(new URL('../../../bin/bulk-load.js', import.meta.url));
const sinkProgram = fileURLToPath(new URL('row-sink.js', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '1' },
    pieces: { type: 'string', default: '2000' },
    away: { type: 'string', default: '45' },
    frozen: { type: 'string', default: '180' },
  },
});
const linesPerPiece = 20;
/** Redis keeps every result that it has acknowledged. */
const durable = ['--appendonly', 'yes', '--appendfsync', 'always'];
const lineBytes = 44;

/** @param {string} text */
const say = (text) => process.stdout.write(`${text}\n`);

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** @typedef {import('node:child_process').ChildProcess & { log: string, done: Promise<number | null> }} Child */

/** @param {string} command @param {string[]} args @returns {Child} */
function start(command, args) {
  const child = /** @type {Child} */ (spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] }));
  child.log = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (part) => (child.log += part));
  child.done = once(child, 'close').then(([code]) => code);
  return child;
}

/** @param {() => Promise<boolean> | boolean} holds @param {number} seconds */
async function until(holds, seconds = 600) {
  const end = Date.now() + seconds * 1000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${String(holds)}`);
    await wait(100);
  }
}

const secrets = { queue: 'planted-in-the-queue', target: 'planted-in-the-target' };

/** Tests whether the arguments of any process hold a planted secret. */
function showsSecret() {
  return readdirSync('/proc').some((id) => {
    if (!/^\d+$/.test(id)) return false;
    try {
      return readFileSync(`/proc/${id}/cmdline`, 'latin1').includes('planted-in-');
    } catch {
      return false;
    }
  });
}

class Fleet {
  /** @type {Child[]} */
  children = [];
  /** @type {Child[]} */
  workers = [];
  folder = '';
  port = 0;
  url = '';
  rows = 0;
  queue = '';
  /** Options of every bulk-load command. @type {string[]} */
  flags = [];
  /** Arguments of each node of Redis. @type {string[][]} */
  nodes = [];
  /** @type {Child[]} */
  redis = [];

  /** @param {{ pieces: number, redis?: string[], delayMs?: number, nodes?: number, isTls?: boolean }} options */
  async begin({ pieces, redis = durable, delayMs = 0, nodes = 1, isTls = false }) {
    this.folder = await mkdtemp(join(tmpdir(), 'bulk-load-soak-'));
    const ports = [];
    for (let i = 0; i < nodes; i += 1) {
      const port = await freePort();
      const dir = join(this.folder, `redis-${i}`);
      await mkdir(dir);
      const listen = isTls ? await this.secure(port) : ['--port', String(port)];
      const cluster = ['--cluster-enabled', 'yes', '--cluster-port', String(await freePort())];
      this.nodes.push([
        ...listen,
        '--dir',
        dir,
        '--save',
        '',
        '--bind',
        '127.0.0.1',
        ...redis,
        ...(nodes > 1 ? cluster : []),
      ]);
      ports.push(port);
    }
    this.port = ports[0] ?? 0;
    this.queue = isTls ? `rediss://loader@127.0.0.1:${this.port}` : `redis://127.0.0.1:${this.port}`;
    const sinkPort = await freePort();
    this.url = `http://127.0.0.1:${sinkPort}`;
    await this.startRedis();
    if (nodes > 1)
      spawnSync('redis-cli', ['--cluster', 'create', ...ports.map((port) => `127.0.0.1:${port}`), '--cluster-yes']);
    const sink = this.start(process.execPath, [sinkProgram, String(sinkPort), String(delayMs)]);
    await until(() => sink.log.includes('ready'));
    this.rows = pieces * linesPerPiece;
    const line = (/** @type {number} */ i) => `m,host=h${i % 10} f=${i} ${1_640_995_200_000_000_000n + BigInt(i)}`;
    const file = async (/** @type {string} */ name, /** @type {number} */ from, /** @type {number} */ to) => {
      let text = '';
      for (let i = from; i < to; i += 1) text += `${line(i).padEnd(lineBytes - 1)}\n`;
      await writeFile(join(this.folder, name), text);
    };
    await file('a.lp', 0, this.rows / 2);
    await file('b.lp', this.rows / 2, this.rows);
  }

  /** @param {string} command @param {string[]} args */
  start(command, args) {
    const child = start(command, args);
    this.children.push(child);
    return child;
  }

  async startRedis() {
    this.redis = this.nodes.map((args) => this.start('redis-server', args));
    await until(() => this.redis.every(({ log }) => log.includes('Ready to accept')));
  }

  async killRedis() {
    for (const node of this.redis) node.kill('SIGKILL');
    await Promise.all(this.redis.map(({ done }) => done));
  }

  /** Makes certificates and secrets for a queue with TLS. Returns the arguments of its server. @param {number} port */
  async secure(port) {
    const [cert, key, conf] = ['cert.pem', 'key.pem', 'redis.conf'].map((name) => join(this.folder, name));
    const own = [
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      `${key}`,
      '-out',
      `${cert}`,
    ];
    spawnSync('openssl', ['req', '-x509', ...own, '-subj', '/CN=queue', '-addext', 'subjectAltName=IP:127.0.0.1']);
    const acl = `user loader on >${secrets.queue} ~bulk-load:* resetchannels +@all -@admin -@dangerous +info`;
    // A default user without rights makes Redis 7 skip the scripts in its append-only file.
    await writeFile(`${conf}`, `${acl}\nuser default off ~* &* +@all\n`);
    const [queueFile, targetFile] = [join(this.folder, 'queue-password'), join(this.folder, 'password')];
    await writeFile(queueFile, `${secrets.queue}\n`);
    await writeFile(targetFile, `${secrets.target}\n`);
    const pems = ['--queue-ca', `${cert}`, '--queue-cert', `${cert}`, '--queue-key', `${key}`];
    this.flags = [...pems, '--queue-password-file', queueFile, '--password-file', targetFile];
    const tls = ['--tls-port', String(port), '--tls-cert-file', `${cert}`, '--tls-key-file', `${key}`];
    return [`${conf}`, '--port', '0', ...tls, '--tls-ca-cert-file', `${cert}`, '--tls-auth-clients', 'yes'];
  }

  /** Names the places that hold a planted secret, beside the files that it was planted in. */
  leaks() {
    const planted = Object.values(secrets);
    const holds = (/** @type {string} */ text) => planted.some((secret) => text.includes(secret));
    const files = readdirSync(this.folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !['redis.conf', 'queue-password', 'password'].includes(entry.name))
      .map(({ parentPath, name }) => join(parentPath, name));
    const found = files.filter((path) => holds(readFileSync(path, 'latin1')));
    return [...found, ...this.children.filter(({ log }) => holds(log)).map(({ spawnargs }) => spawnargs.join(' '))];
  }

  common() {
    return ['--queue', this.queue, '--url', this.url, '--db', 'd', ...this.flags];
  }

  /** @param {number} skewMs by which the clock of the worker is fast */
  work(skewMs = 0) {
    const state = ['--state-dir', join(this.folder, `worker-${this.children.length}`)];
    const own = ['worker', ...this.common(), '--allow-input', `${this.folder}/**`, ...state];
    const skewed = `const now = Date.now; Date.now = () => now() + ${skewMs};`;
    const flags = skewMs === 0 ? [] : ['--import', `data:text/javascript,${encodeURIComponent(skewed)}`];
    const worker = this.start(process.execPath, [...flags, program, ...own]);
    this.workers.push(worker);
    return worker;
  }

  /** @param {string} state @param {string[]} words */
  coordinate(state = 'state', ...words) {
    const own = ['--state-dir', join(this.folder, state), '--summary', join(this.folder, 'summary.json')];
    const cut = ['--allow-input', `${this.folder}/**`, '--piece-bytes', String(linesPerPiece * lineBytes)];
    const inputs = ['a.lp', 'b.lp'].map((name) => join(this.folder, name));
    return this.start(process.execPath, [program, ...this.common(), ...own, ...cut, ...words, ...inputs]);
  }

  async summary() {
    return JSON.parse(await readFile(join(this.folder, 'summary.json'), 'utf8'));
  }

  /** @returns {Promise<{ rows: number, repeated: number, writes: number, mostInFlight: number }>} */
  async stats() {
    return await (await fetch(`${this.url}/stats`)).json();
  }

  /** @param {string[]} words */
  async cli(...words) {
    const child = start('redis-cli', ['-p', String(this.port), ...words]);
    await child.done;
    return child.log.trim();
  }

  /** Exact means: exit code 0, every row is in the summary and in the sink. @param {Child} coordinator */
  async end(coordinator) {
    const code = await coordinator.done;
    const [{ points }, stats] = [await this.summary(), await this.stats()];
    const isExact = code === 0 && points.loaded === this.rows && stats.rows === this.rows && points.read === this.rows;
    const found = `exit code ${code}, ${points.loaded} of ${this.rows} in the summary, ${stats.rows} in the target`;
    return { isExact, found, repeated: stats.repeated / linesPerPiece, stats };
  }

  async close() {
    for (const child of this.children) child.kill('SIGKILL');
    await Promise.all(this.children.map(({ done }) => done));
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Waits until a share of all rows is in the target. @param {Fleet} fleet @param {number} share */
async function loaded(fleet, share) {
  await until(async () => (await fleet.stats()).rows >= share * fleet.rows, 3600);
}

/**
 * @param {Fleet} fleet @param {Omit<Parameters<Fleet['begin']>[0], 'pieces'>} [options]
 * @param {number} [most] largest number of pieces that are done twice: one for each worker, and one more
 * @param {number[]} [skewsMs] error of the clock of each worker
 */
async function outage(fleet, options = {}, most = 5, skewsMs = [0, 0, 0, 0]) {
  await fleet.begin({ pieces: Number(values.pieces), ...options });
  for (const skewMs of skewsMs) fleet.work(skewMs);
  const coordinator = fleet.coordinate();
  await loaded(fleet, 0.25);
  for (const worker of fleet.workers.slice(0, 2)) worker.kill('SIGKILL');
  await loaded(fleet, 0.5);
  await fleet.killRedis();
  await wait(Number(values.away) * 1000);
  const before = (await fleet.stats()).writes;
  await fleet.startRedis();
  const back = Date.now();
  fleet.work();
  await until(async () => (await fleet.stats()).writes > before, 120);
  const resumed = (Date.now() - back) / 1000;
  const { isExact, found, repeated } = await fleet.end(coordinator);
  return {
    ok: isExact && resumed <= 20 && repeated <= most,
    text: `${found}; ${repeated} pieces twice; work went on after ${resumed.toFixed(1)} s`,
  };
}

/** @type {Record<string, (fleet: Fleet) => Promise<{ ok: boolean, text: string }>>} */
const scenarios = {
  outage: (fleet) => outage(fleet),
  everysec: (fleet) => outage(fleet, { redis: ['--appendonly', 'yes'] }, Number.POSITIVE_INFINITY),
  forget: (fleet) => outage(fleet, { redis: ['--appendonly', 'no'] }),
  cluster: (fleet) => outage(fleet, { nodes: 3 }),
  tls: async (fleet) => {
    let isShown = false;
    const look = setInterval(() => (isShown ||= showsSecret()), 250);
    const { ok, text } = await outage(fleet, { isTls: true });
    clearInterval(look);
    const leaks = fleet.leaks();
    const arguments_ = isShown ? 'a secret in the arguments of a process' : 'no secret in arguments';
    return {
      ok: ok && !isShown && leaks.length === 0,
      text: `${text}; ${arguments_}, secrets in: ${leaks.join() || 'nothing'}`,
    };
  },
  /** A dead worker's piece. */
  retaken: async (fleet) => {
    await fleet.begin({ pieces: 10, delayMs: 20_000 });
    const dead = fleet.work();
    const coordinator = fleet.coordinate();
    await until(async () => (await fleet.stats()).writes > 0);
    dead.kill('SIGKILL');
    const began = Date.now();
    const worker = fleet.work();
    const id = /\{([0-9a-f]{12})\}/.exec(await fleet.cli('keys', 'bulk-load:*:load'))?.[1];
    const active = await fleet.cli('lrange', `bulk-load:{${id}}:pieces:active`, '-1', '-1');
    const key = `bulk-load:{${id}}:pieces:${active}`;
    await until(
      async () => Number(await fleet.cli('hget', key, 'stc')) > 0 && (await fleet.cli('exists', `${key}:lock`)) === '1',
      120,
    );
    const seconds = (Date.now() - began) / 1000;
    coordinator.kill();
    worker.kill();
    await Promise.all([coordinator.done, worker.done]);
    return { ok: seconds <= 60, text: `taken again after ${seconds.toFixed(1)} s` };
  },
  frozen: async (fleet) => {
    await fleet.begin({ pieces: 40, delayMs: 1000 });
    const first = fleet.work();
    const coordinator = fleet.coordinate('state', '--batch-points', '5');
    await until(async () => (await fleet.stats()).writes > 2);
    first.kill('SIGSTOP');
    await wait(2000);
    fleet.work();
    await wait(Number(values.frozen) * 1000);
    for (const worker of fleet.workers.slice(1)) worker.kill('SIGSTOP');
    await wait(2000);
    const before = (await fleet.stats()).writes;
    const logged = first.log.length;
    first.kill('SIGCONT');
    await until(() => first.log.slice(logged).includes('the lease has ended'), 60);
    const late = (await fleet.stats()).writes - before;
    for (const worker of fleet.workers.slice(1)) worker.kill('SIGCONT');
    const { isExact, found } = await fleet.end(coordinator);
    return { ok: isExact && late <= 8, text: `${found}; ${late} requests after waking up; its result was refused` };
  },
  clocks: async (fleet) => {
    await fleet.begin({ pieces: 200 });
    for (const skewMs of [0, 600_000, -600_000]) fleet.work(skewMs);
    const { isExact, found, repeated } = await fleet.end(fleet.coordinate());
    return { ok: isExact && repeated === 0, text: `${found}; ${repeated} pieces twice` };
  },
  skewed: (fleet) => outage(fleet, {}, 5, [0, 600_000, -600_000, 600_000]),
  coordinator: async (fleet) => {
    await fleet.begin({ pieces: 200 });
    for (let i = 0; i < 2; i += 1) fleet.work();
    let kills = 0;
    let state = 0;
    let coordinator = fleet.coordinate('state-0');
    while (kills < 10) {
      await wait(500 + Math.random() * 6000);
      if (coordinator.exitCode !== null) break;
      coordinator.kill('SIGKILL');
      await coordinator.done;
      kills += 1;
      if (kills % 2 === 0) state += 1;
      coordinator = fleet.coordinate(`state-${state}`);
    }
    const { isExact, found, repeated } = await fleet.end(coordinator);
    return {
      ok: isExact,
      text: `${found}; killed ${kills} times, its state lost ${state} times; ${repeated} pieces twice`,
    };
  },
  size: async (fleet) => {
    const pieces = 100_000;
    await fleet.begin({ pieces });
    const began = Date.now();
    const coordinator = fleet.coordinate();
    const worker = fleet.work();
    let peak = 0;
    const look = setInterval(() => {
      const status = existsSync(`/proc/${coordinator.pid}/status`)
        ? readFileSync(`/proc/${coordinator.pid}/status`, 'utf8')
        : '';
      peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
    }, 500);
    await until(async () => (await fleet.stats()).rows > 0);
    const first = (Date.now() - began) / 1000;
    await until(() => coordinator.log.includes('bulk-load 0.2.0:'));
    const memory = /used_memory_peak:(\d+)/.exec(await fleet.cli('info', 'memory'))?.[1];
    const redisMiB = Number(memory) / 2 ** 20;
    worker.kill();
    coordinator.kill();
    await Promise.all([worker.done, coordinator.done]);
    clearInterval(look);
    const text = `${pieces} pieces: first row after ${first.toFixed(1)} s, Redis ${redisMiB.toFixed(0)} MiB, coordinator ${peak.toFixed(0)} MiB`;
    return { ok: first <= 60 && redisMiB * 1.048576 <= 500 && peak <= 256, text };
  },
};

const wanted = positionals.length > 0 ? positionals : Object.keys(scenarios);
let failures = 0;
for (const name of wanted) {
  for (let run = 1; run <= Number(values.runs); run += 1) {
    const fleet = new Fleet();
    const began = Date.now();
    let result = { ok: false, text: '' };
    try {
      result = await scenarios[name](fleet);
    } catch (error) {
      result.text = String(error);
    }
    if (!result.ok) {
      failures += 1;
      for (const child of fleet.children.filter(({ log }) => log.includes('bulk-load'))) say(child.log.slice(-1500));
    }
    await fleet.close();
    say(
      `${result.ok ? 'ok   ' : 'WRONG'} ${name} ${run}: ${result.text} (${((Date.now() - began) / 1000).toFixed(0)} s)`,
    );
  }
}
process.exitCode = failures === 0 ? 0 : 1;
