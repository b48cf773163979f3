// How long it takes to answer, against Node doing nothing, in turns: `--help` to its end, a load from its start to the
// first byte of its first write, as the target sees it, and a small load into the embedded server, from its start to its
// exit. node startup.js [ROUNDS]

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const program = fileURLToPath(new URL('../../bin/bulk-load.js', import.meta.url));
const rounds = Number(process.argv[2] ?? 21);
const folder = mkdtempSync(join(tmpdir(), 'bulk-load-startup-'));
const input = join(folder, 'one.lp');
writeFileSync(input, 'm,t=a f=1 1640995200000000000\n');

/** @param {string[]} args */
function timed(args) {
  const began = performance.now();
  const { status } = spawnSync(process.execPath, args);
  if (status !== 0) throw new Error(`node ${args.join(' ')}: code ${status}`);
  return performance.now() - began;
}
/** @param {number[]} numbers */
const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

const settings = JSON.stringify([
  {
    ttl: 'INF',
    shard: 1,
    vnode_duration: '1year',
    replica: 1,
    precision: 'NS',
    max_memcache_size: '128 MiB',
    strict_write: false,
  },
]);
const ping = JSON.stringify({ version: '2.4.3, revision: none, build_time: none', status: 'healthy' });
let firstWrite = 0;
const server = createServer({ noDelay: true }, (socket) => {
  let text = '';
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    // Of a write every byte counts, from its first one on.
    if (text === '' && chunk.includes('/api/v1/write')) firstWrite ||= performance.now();
    text += chunk.latin1Slice();
    const end = text.indexOf('\r\n\r\n');
    const length = Number(/content-length: *(\d+)/i.exec(text)?.[1] ?? 0);
    if (end < 0 || text.length < end + 4 + length) return;
    const body = text.includes('/ping') ? ping : text.includes('DESCRIBE DATABASE') ? settings : '';
    text = '';
    socket.write(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  });
});
await once(server.listen(0, '127.0.0.1'), 'listening');
const address = /** @type {import('node:net').AddressInfo} */ (server.address());

/** Ms from the start of a load to the first byte of a write. */
async function load() {
  firstWrite = 0;
  const args = ['--url', `http://127.0.0.1:${address.port}`, '--db', 'db', '--state-dir', folder, '--quiet', input];
  const began = performance.now();
  const [code] = await once(spawn(process.execPath, [program, ...args], { stdio: 'inherit' }), 'exit');
  if (code !== 0 || firstWrite === 0) throw new Error(`the load ended with code ${code}`);
  return firstWrite - began;
}

const small = join(folder, 'small.lp');
const fixture = fileURLToPath(new URL('../../fixtures/points/iot-200k.lp.gz', import.meta.url));
writeFileSync(small, gunzipSync(readFileSync(fixture)).toString('latin1').split('\n', 1000).join('\n'));
const readyFile = join(folder, 'url');
const embedded = spawn(process.execPath, [program, 'serve', '--listen', '127.0.0.1:0', '--ready-file', readyFile], {
  stdio: 'ignore',
});
let url = '';
while (url === '') {
  await wait(20);
  url = existsSync(readyFile) ? readFileSync(readyFile, 'utf8').trim() : '';
}
const smallLoad = [program, '--url', url, '--db', 'db', '--create-db', '--state-dir', folder, '--quiet', small];

/** @type {{ nothing: number[], help: number[], byte: number[], small: number[] }} */
const took = { nothing: [], help: [], byte: [], small: [] };
for (let i = 0; i < rounds; i += 1) {
  took.nothing.push(timed(['-e', '0']));
  took.help.push(timed([program, '--help']));
  took.byte.push(await load());
  took.small.push(timed(smallLoad));
}
server.close();
embedded.kill();
rmSync(folder, { recursive: true });
const base = median(took.nothing);
for (const [name, ms] of /** @type {[string, number[]][]} */ ([
  ['--help', took.help],
  ['first byte of the first write', took.byte],
  ['1,000 points, start to exit', took.small],
]))
  process.stdout.write(
    `  ${name.padEnd(38)}${median(ms).toFixed(0).padStart(6)} ms: ${(median(ms) / base).toFixed(2)} × node -e 0 (${base.toFixed(0)} ms)\n`,
  );
