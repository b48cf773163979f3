// From SIGINT to the end of the process, in each state of a run: median and longest of 20. node interrupt.js [TIMES]
// In flight, the server answers 20 ms after the signal: the grace for slow answers is not what is measured.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../bin/bulk-load.js', import.meta.url));
const times = Number(process.argv[2] ?? 20);
const folder = await mkdtemp(join(tmpdir(), 'bulk-load-interrupt-'));
const settings = JSON.stringify([
  { ttl: 'INF', shard: 1, vnode_duration: '1year', replica: 1, precision: 'NS', strict_write: false },
]);
const known = JSON.stringify(
  ['time', 'TIME', 'k', 'TAG', 'f', 'FIELD'].flatMap((name, i, all) =>
    i % 2 === 0
      ? [{ table_name: 'm', column_name: name, column_type: all[i + 1], data_type: name === 'f' ? 'DOUBLE' : 'STRING' }]
      : [],
  ),
);

/** What the server does with points. @type {'take' | 'busy' | 'hold' | 'drop'} */
let mode = 'take';
let knows = true;
let reached = () => {};
/** @type {import('node:http').ServerResponse[]} */
let held = [];

/** @param {import('node:http').IncomingMessage} request @param {import('node:http').ServerResponse} response */
async function answer(request, response) {
  /** @type {Buffer[]} */
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  if (request.url?.includes('/sql')) {
    const sql = body.toString();
    response.setHeader('content-type', 'application/json');
    if (sql.startsWith('DESCRIBE TABLE')) reached();
    return response.end(
      sql.startsWith('DESCRIBE DATABASE') ? settings : knows && sql.startsWith('SELECT') ? known : '',
    );
  }
  if (request.url?.includes('/ping')) return response.end('{"version":"2.4.3"}');
  if (body.length === 0 || mode === 'take') {
    if (body.length > 0) reached();
    return response.end();
  }
  if (mode === 'drop') return request.socket.destroy();
  reached();
  if (mode === 'hold') return held.push(response);
  response.writeHead(503, { 'retry-after': '60' }).end();
}

const server = createServer((request, response) => void answer(request, response));
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const address = server.address();
const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;

const line = 'm,k=v f=1 1640995200000000000\n';
const small = join(folder, 'small.lp');
const large = join(folder, 'large.lp');
await writeFile(small, line.repeat(10));
await writeFile(large, Buffer.alloc(600_000_000, line));

/** @type {Record<string, { mode: typeof mode; knows: boolean; input: string }>} */
const states = {
  'idle standard input': { mode: 'take', knows: true, input: '-' },
  reading: { mode: 'take', knows: true, input: large },
  'back-off': { mode: 'busy', knows: true, input: small },
  'in flight': { mode: 'hold', knows: true, input: small },
  alone: { mode: 'drop', knows: false, input: small },
};

/** @param {string} input */
async function measured(input) {
  const summary = join(folder, 'summary.json');
  const there = new Promise((resolve) => {
    reached = () => resolve(undefined);
  });
  const args = [
    '--url',
    url,
    '--db',
    'x',
    '--state-dir',
    folder,
    '--fresh',
    '--summary',
    summary,
    '--batch-linger',
    '20ms',
    input,
  ];
  const child = spawn(process.execPath, [program, ...args], { stdio: ['pipe', 'ignore', 'ignore'] });
  if (input === '-') child.stdin.write(line.repeat(10));
  const isThere = await Promise.race([there.then(() => true), once(child, 'exit').then(() => false)]);
  if (!isThere) throw new Error(`it ended before it was in the state, with code ${child.exitCode}`);
  await new Promise((resolve) => setTimeout(resolve, 100));
  const began = performance.now();
  child.kill('SIGINT');
  const answers = setTimeout(() => {
    for (const response of held) response.end();
    held = [];
  }, 20);
  const [code] = await once(child, 'exit');
  const took = performance.now() - began;
  clearTimeout(answers);
  const { points } = JSON.parse(await readFile(summary, 'utf8'));
  if (code !== 130 || points.read !== points.loaded + points.rejected + points.undelivered) {
    throw new Error(`code ${code}, ${JSON.stringify(points)}`);
  }
  return took;
}

try {
  for (const [name, state] of Object.entries(states)) {
    ({ mode, knows } = state);
    /** @type {number[]} */
    const took = [];
    for (let i = 0; i < times; i += 1) took.push(await measured(state.input));
    took.sort((a, b) => a - b);
    const median = took[Math.floor(took.length / 2)] ?? 0;
    process.stdout.write(
      `${name.padEnd(20)} median ${median.toFixed(0)} ms, longest ${(took.at(-1) ?? 0).toFixed(0)} ms of ${times}\n`,
    );
  }
} finally {
  server.close();
  server.closeAllConnections();
  await rm(folder, { recursive: true, force: true });
}
