// Loads of every format from a web server and from S3, killed at random moments while connections break. The target must
// finally hold exactly the points of the inputs: node remote.js [--kills 3] [--seed 1]
// --kills: of each load; --points: of one load; --longest: ms that a run may live after its first checkpoint

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { randoms, Server, zstd } from './kill-load.js';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    points: { type: 'string', default: '12000' },
    longest: { type: 'string', default: '700' },
  },
});
const random = randoms(Number(values.seed));
const program = fileURLToPath(new URL('../../bin/bulk-load.js', import.meta.url));
const start = 1_640_995_200n;

const rows = Array.from({ length: Number(values.points) }, (_, n) => ({
  time: `${start + BigInt(n)}000000000`,
  host: `h${n % 9}`,
  n,
  text: createHash('sha1').update(`${n}`).digest('hex'),
}));
const expected = rows.map(({ time, host, n, text }) => `${time}|${host}|${n}|${text}`).sort();
const lines = rows.map(({ time, host, n, text }) => `m,host=${host} n=${n}i,text="${text}" ${time}\n`).join('');
const objects = rows.map(({ time, host, n, text }) => `{"time":${time},"host":"${host}","n":${n},"text":"${text}"}`);
/** @param {string} by */
const cells = (by) =>
  ['time', 'host', 'n', 'text'].join(by) +
  rows.map(({ time, host, n, text }) => `\n${[time, host, n, text].join(by)}`).join('');

/** @type {Record<string, string | Buffer>} */
const contents = {
  'a.lp': lines,
  'a.lp.gz': gzipSync(lines),
  'a.lp.zst': zstd(Buffer.from(lines)),
  'a.csv': cells(','),
  'a.csv.gz': gzipSync(cells(',')),
  'a.tsv': cells('\t'),
  'a.ndjson': objects.join('\n'),
  'a.json': `[${objects.join(',\n')}]`,
};

let broken = 0;
/** Serves objects of a bucket with ranges, and breaks every third long connection. */
const files = createServer(({ url = '', headers }, response) => {
  const content = Buffer.from(contents[url.replace('/soak/', '')] ?? '');
  if (content.length === 0) return response.writeHead(404).end();
  const [, from = 0, to = content.length - 1] = (/^bytes=(\d+)-(\d+)?$/.exec(headers.range ?? '') ?? []).map(
    (digits) => (digits === undefined ? undefined : Number(digits)),
  );
  const bytes = content.subarray(from, to + 1);
  response.writeHead(206, {
    etag: `"${createHash('md5').update(content).digest('hex')}"`,
    'content-length': bytes.length,
    'content-range': `bytes ${from}-${from + bytes.length - 1}/${content.length}`,
  });
  if (bytes.length <= 65_536 || random(3) > 0) return response.end(bytes);
  broken += 1;
  response.write(bytes.subarray(0, random(bytes.length)), () => response.socket?.destroySoon());
});

/**
 * @param {string} name @param {string} from @param {string} db @param {Server} server @param {string} folder
 * @param {Record<string, string>} env
 */
async function load(name, from, db, server, folder, env) {
  const summary = join(folder, 'summary.json');
  const args = ['--url', server.urls[0] ?? '', '--db', db, '--create-db', '--state-dir', join(folder, 'state')];
  args.push('--summary', summary, '--progress', 'plain', '--batch-points', '100', '--workers', '3');
  args.push('--rate-points', '1500');
  if (!name.includes('.lp')) args.push('--measurement', 'm', '--tags', 'host', '--fields', 'n:integer,text:string');
  const count = { kills: 0, resumed: 0 };
  for (;;) {
    const before = await checkpoint(folder);
    const child = spawn(process.execPath, [program, ...args, `${from}/${name}`], {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (text) => {
      said += text;
    });
    const ended = once(child, 'exit');
    if (count.kills < Number(values.kills)) {
      while (child.exitCode === null && (await checkpoint(folder)) === before) await wait(10);
      await Promise.race([wait(random(Number(values.longest))), ended]);
      child.kill('SIGKILL');
    }
    const [code, signal] = await ended;
    // A run that had already ended was not killed.
    if (signal === 'SIGKILL') count.kills += 1;
    if (said.includes('resuming the load')) count.resumed += 1;
    if (code === null) continue;
    if (code !== 0) return { ...count, wrong: `code ${code}: ${said}` };
    if (count.resumed !== count.kills) return { ...count, wrong: 'it began again after a kill' };
    return { ...count, wrong: await compare(server, db, JSON.parse(await readFile(summary, 'utf8')).points) };
  }
}

/** Reads the checkpoint; empty before one exists. @param {string} folder */
async function checkpoint(folder) {
  const state = join(folder, 'state');
  const names = await readdir(state).catch(() => []);
  const name = names.find((each) => each.endsWith('.checkpoint.json'));
  const text = name === undefined ? '' : await readFile(join(state, name), 'utf8').catch(() => '');
  return /"byteOffset": ?[1-9]/.test(text) ? text : '';
}

/** @param {Server} server @param {string} db @param {Record<string, number>} account */
async function compare(server, db, account) {
  if (account.read !== rows.length || account.loaded !== rows.length) return `the account: ${JSON.stringify(account)}`;
  const found = (await server.ask('SELECT time, host, n, text FROM m', db))
    .map(({ time, host, n, text }) => `${Date.parse(`${time}Z`)}000000|${host}|${n}|${text}`)
    .sort();
  const there = new Set(found);
  const missing = expected.filter((row) => !there.has(row));
  if (missing.length === 0 && found.length === expected.length) return null;
  return `${expected.length} rows expected, ${found.length} found, missing ${missing.slice(0, 3).join(' ; ')}`;
}

files.listen(0, '127.0.0.1');
await once(files, 'listening');
const address = files.address();
const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
const folder = await mkdtemp(join(tmpdir(), 'bulk-load-afar-'));
const server = new Server(folder);
let kills = 0;
let exact = 0;
try {
  await server.open(1);
  const own = Object.entries(process.env).filter(([name]) => !/^(AWS|BULK_LOAD)_/.test(name));
  const env = { ...Object.fromEntries(own), HOME: folder, AWS_ENDPOINT_URL_S3: url };
  for (const name of Object.keys(contents)) {
    for (const from of [`${url}/soak`, 's3://soak']) {
      const db = `${name.replaceAll('.', '_')}_${from === 's3://soak' ? 's3' : 'http'}`;
      const { wrong, ...result } = await load(name, from, db, server, folder, env);
      kills += result.kills;
      if (wrong === null) exact += result.kills;
      process.stdout.write(`${db}: ${result.kills} kills, went on ${result.resumed} times: ${wrong ?? 'exact'}\n`);
    }
  }
  process.stdout.write(`${exact}/${kills} kills exact, ${broken} connections broke\n`);
} finally {
  await server.close();
  files.closeAllConnections();
  files.close();
  await rm(folder, { recursive: true, force: true });
}
process.exitCode = exact === kills && kills > 0 ? 0 : 1;
