// One load, killed repeatedly. The server must finally hold exactly the points of the generator. The generator supplies the
// expected rows, without a parser of src.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const program = fileURLToPath(new URL('../../bin/bulk-load.js', import.meta.url));
const start = 1_640_995_200n;
const rawBlock = 100_000;

/**
 * @typedef {{ files: { name: string; content: Buffer }[]; rows: string[]; stamped: Map<number, number>; bad: string[] }} Made
 * Rows as `table|tag|time|values`, the ordinals of points with a generated timestamp by their number, and bad lines.
 */

/** A small generator of numbers: mulberry32 (public domain, T. Ettinger). @param {number} seed */
export function randoms(seed) {
  let state = seed;
  /** @param {number} range */
  return (range) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % range;
  };
}

/** Frames of raw blocks: zstd that needs no compressor. @param {Buffer} content */
export function zstd(content) {
  /** @type {Uint8Array[]} */
  const parts = [];
  for (let at = 0; at < content.length; at += rawBlock) {
    const block = content.subarray(at, at + rawBlock);
    const header = Buffer.alloc(3);
    header.writeUIntLE((block.length << 3) | 1, 0, 3);
    parts.push(Buffer.from('28b52ffd0058', 'hex'), header, block);
  }
  return Buffer.concat(parts);
}

/**
 * Three inputs, plain, gzip and zstd, with bad lines, comments, points without a timestamp, and, with `twice`, points
 * with a second value for the same series and time.
 * @param {(range: number) => number} random @param {number} points @param {boolean} twice @returns {Made}
 */
export function make(random, points, twice) {
  /** @type {Map<string, string>} */
  const rows = new Map();
  /** @type {Made['stamped']} */
  const stamped = new Map();
  /** @type {string[]} */
  const bad = [];
  let ordinal = 0;
  const files = ['a.lp', 'b.lp.gz', 'c.lp.zst'].map((name) => {
    /** @type {string[]} */
    const lines = [];
    const long = random(points / 3);
    for (let i = 0; i < points / 3; i += 1) {
      const n = ordinal;
      const kind = random(100);
      if (kind < 3) lines.push(`# comment ${n}`, '');
      if (i === long) {
        // Longer than a window, so it arrives in parts.
        const line = `bad,n=${n} ${'x'.repeat(300_000 + random(700_000))}`;
        bad.push(line);
        lines.push(line);
      } else if (kind < 6) {
        bad.push(`bad,n=${n} nothing`);
        lines.push(`bad,n=${n} nothing`);
      } else if (kind < 16) {
        stamped.set(n, ordinal);
        lines.push(`now,t=x n=${n}i`);
      } else {
        const tag = `t${n % 17}`;
        const seconds = start + BigInt(twice ? n % 1000 : n);
        rows.set(`${tag}|${seconds}`, `${n}|${n % 2 === 0}|text ${n}`);
        lines.push(`m,t=${tag} n=${n}i,b=${n % 2 === 0},s="text ${n}" ${seconds}000000000`);
      }
      ordinal += 1;
    }
    const text = Buffer.from(`${lines.join('\n')}\n`);
    return { name, content: name.endsWith('gz') ? gzipSync(text) : name.endsWith('zst') ? zstd(text) : text };
  });
  return { files, rows: [...rows].map(([key, value]) => `${key}|${value}`).sort(), stamped, bad: bad.sort() };
}

/** The embedded server with persistent data, behind a number of endpoints. */
export class Server {
  /** @type {string[]} */
  urls = [];
  /** @type {import('node:child_process').ChildProcess} */
  #process;
  #port = 0;
  /** @type {import('node:net').Server[]} */
  #proxies = [];
  /** @type {string} */
  #folder;

  /** @param {string} folder */
  constructor(folder) {
    this.#folder = folder;
  }

  /** @param {number} endpoints */
  async open(endpoints) {
    await this.start();
    for (let i = 0; i < endpoints; i += 1) {
      const proxy = createServer((client) => {
        const server = connect(this.#port, '127.0.0.1');
        for (const [from, to] of [
          [client, server],
          [server, client],
        ])
          from?.on('error', () => to?.destroy()).on('close', () => to?.destroy());
        client.pipe(server).pipe(client);
      });
      proxy.listen(0, '127.0.0.1');
      await once(proxy, 'listening');
      const address = proxy.address();
      this.#proxies.push(proxy);
      this.urls.push(`http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`);
    }
  }

  async start() {
    const ready = join(this.#folder, 'url');
    await rm(ready, { force: true });
    const args = ['serve', '--listen', '127.0.0.1:0', '--data', join(this.#folder, 'data'), '--ready-file', ready];
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#process = child;
    let said = '';
    child.stderr.on('data', (text) => {
      said += text;
    });
    for (;;) {
      const url = await readFile(ready, 'utf8').catch(() => '');
      if (url.endsWith('\n')) {
        this.#port = Number(new URL(url.trim()).port);
        return;
      }
      if (child.exitCode !== null) throw new Error(`the server ended with code ${child.exitCode}: ${said}`);
      await wait(20);
    }
  }

  get runs() {
    const child = this.#process;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  async kill() {
    const child = this.#process;
    if (child === undefined || !this.runs) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  /** @param {string} sql @param {string} [db] @returns {Promise<Record<string, string | number | boolean>[]>} */
  async ask(sql, db = 'soak') {
    const response = await fetch(`http://127.0.0.1:${this.#port}/api/v1/sql?db=${db}`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa('root:')}`, accept: 'application/json' },
      body: sql,
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${sql}: ${response.status} ${text}`);
    return text === '' ? [] : JSON.parse(text);
  }

  async close() {
    await this.kill();
    for (const proxy of this.#proxies) proxy.close();
  }
}

/**
 * Loads, kills the load a number of times, completes it, and compares. Returns the differences.
 * @param {{ folder: string; seed: number; kills: number; points: number; longestMs?: number }} options
 * @returns {Promise<{ kills: number; serverKills: number; runs: number; endpoints: number; wrong: string[] }>}
 */
export async function killLoad({ folder, seed, kills, points, longestMs = 1800 }) {
  const random = randoms(seed);
  const endpoints = 1 + random(3);
  const twice = random(4) === 0;
  const made = make(random, points, twice);
  await mkdir(join(folder, 'in'), { recursive: true });
  for (const { name, content } of made.files) await writeFile(join(folder, 'in', name), content);
  const server = new Server(folder);
  const count = { kills: 0, serverKills: 0, runs: 0, endpoints };
  try {
    await server.open(endpoints);
    const state = join(folder, 'state');
    const summary = join(folder, 'summary.json');
    const args = ['--url', server.urls.join(','), '--db', 'soak', '--create-db', '--state-dir', state];
    args.push(
      '--missing-timestamp',
      'now',
      '--max-rejected',
      '100%',
      '--max-point-bytes',
      '4KiB',
      '--progress',
      'none',
      '--summary',
      summary,
    );
    args.push('--batch-points', String(50 + random(300)), '--workers', twice ? '1' : String(2 + random(6)));
    args.push(join(folder, 'in'));
    for (;;) {
      count.runs += 1;
      const child = spawn(process.execPath, [program, ...args], {
        env: { ...process.env, TMPDIR: folder },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let said = '';
      child.stderr.on('data', (text) => {
        said += text;
      });
      const ended = once(child, 'exit');
      if (count.kills < kills) {
        await Promise.race([wait(300 + random(longestMs - 300)), ended]);
        // A load that ends at this moment keeps its own exit code and is not counted as killed.
        if (child.exitCode === null) {
          child.kill('SIGKILL');
          if (random(4) === 0) {
            await server.kill();
            count.serverKills += 1;
          }
        }
      } else if (random(2) === 0) {
        // Only the server is killed: the load waits for it and continues.
        await Promise.race([wait(300 + random(700)), ended]);
        await server.kill();
        count.serverKills += 1;
        await wait(200);
        await server.start();
      }
      const [code] = await ended;
      if (code === null) {
        count.kills += 1;
        await server.kill();
      }
      if (!server.runs) await server.start();
      // A load that was killed after it had written its results and removed its checkpoint is complete.
      const left = await readdir(state).catch(() => []);
      const isComplete = existsSync(summary) && !left.some((name) => name.endsWith('.checkpoint.json'));
      if (code === null && !isComplete) continue;
      if (code !== 8 && code !== null) return { ...count, wrong: [`code ${code}: ${said}`] };
      const wrong = await compare(server, made, state, JSON.parse(await readFile(summary, 'utf8')));
      return { ...count, wrong };
    }
  } finally {
    await server.close();
  }
}

/** @param {Server} server @param {Made} made @param {string} state @param {Record<string, any>} summary */
async function compare(server, made, state, summary) {
  /** @type {string[]} */
  const wrong = [];
  const found = (await server.ask('SELECT time, t, n, b, s FROM m'))
    .map(({ time, t, n, b, s }) => `${t}|${nanoseconds(time) / 1_000_000_000n}|${n}|${b}|${s}`)
    .sort();
  differ('rows', made.rows, found, wrong);
  const stamped = await server.ask('SELECT time, n FROM now');
  const numbers = stamped.map(({ n }) => Number(n)).sort((a, b) => a - b);
  differ('stamped points', [...made.stamped.keys()].map(String), numbers.map(String), wrong);
  const bases = new Set(stamped.map(({ time, n }) => nanoseconds(time) - BigInt(made.stamped.get(Number(n)) ?? -1)));
  if (bases.size > 1) wrong.push(`stamps are counted from ${bases.size} starts`);
  const names = await readdir(state);
  const letters = names.filter((name) => /\.rejected.*\.lp$/.test(name));
  if (letters.length !== 1) wrong.push(`dead letters: ${names.join(', ')}`);
  const text = await readFile(join(state, letters[0] ?? ''), 'utf8').catch(() => '');
  differ('dead letters', made.bad, text.trimEnd().split('\n').sort(), wrong);
  const reasons = names.find((name) => /\.rejected.*\.ndjson$/.test(name)) ?? '';
  const why = (await readFile(join(state, reasons), 'utf8')).trimEnd().split('\n');
  if (why.length !== made.bad.length) wrong.push(`${why.length} reasons for ${made.bad.length} bad lines`);
  const all = made.files.length === 0 ? 0 : summary.points.read;
  if (summary.points.rejected !== made.bad.length) wrong.push(`the account has ${summary.points.rejected} rejected`);
  if (all !== summary.points.loaded + summary.points.rejected)
    wrong.push(`the account: ${JSON.stringify(summary.points)}`);
  if (names.some((name) => name.includes('checkpoint') || name.includes('lock')))
    wrong.push(`left: ${names.join(', ')}`);
  return wrong;
}

/** @param {string | number | boolean | undefined} time */
function nanoseconds(time) {
  const [seconds = '', fraction = ''] = String(time).replace('Z', '').split('.');
  return BigInt(Date.parse(`${seconds}Z`)) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}

/** @param {string} what @param {string[]} expected @param {string[]} found @param {string[]} wrong */
function differ(what, expected, found, wrong) {
  const there = new Set(found);
  const missing = expected.filter((each) => !there.has(each));
  if (missing.length === 0 && expected.length === found.length) return;
  wrong.push(
    `${what}: ${expected.length} expected, ${found.length} found, missing ${missing
      .slice(0, 3)
      .map((each) => each.slice(0, 99))
      .join(' ; ')}`,
  );
}
