// Tests the version of Node that runs this file: a load, a stopped and resumed load, zstd bodies where this Node has zstd,
// and the directory for compiled code. SQL on the embedded server counts the points, and Node must print no warning. node node.js

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import zlib from 'node:zlib';

const root = fileURLToPath(new URL('../..', import.meta.url));
const data = join(root, 'fixtures', 'points', 'iot-200k.lp.gz');
const folder = await mkdtemp(join(tmpdir(), 'bulk-load-node-'));
const summaryFile = join(folder, 'summary.json');

/** @param {string[]} args @param {NodeJS.ProcessEnv} [env] */
function bulkLoad(args, env = {}) {
  return spawn(process.execPath, [join(root, 'bin', 'bulk-load.js'), ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, XDG_CACHE_HOME: join(folder, 'cache'), ...env },
  });
}

/** @param {string[]} args @param {RegExp} [stopAt] SIGTERM once this was printed */
async function load(args, stopAt) {
  const state = join(folder, 'state');
  const child = bulkLoad(['--url', url, '--create-db', '--state-dir', state, '--summary', summaryFile, ...args, data]);
  let seen = '';
  let isStopped = false;
  child.stderr.on('data', (chunk) => {
    seen += chunk;
    if (isStopped || !stopAt?.test(seen)) return;
    isStopped = true;
    child.kill('SIGTERM');
  });
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  assert.doesNotMatch(said, /\(node:\d+\)|Warning/);
  return { code, said, summary: JSON.parse(await readFile(summaryFile, 'utf8')) };
}

/** @param {string} db */
async function stored(db) {
  const count = async (/** @type {string} */ table) => {
    const headers = { authorization: `Basic ${btoa('root:')}`, accept: 'application/json' };
    const body = `SELECT count(*) AS n FROM ${table}`;
    const [row] = await (await fetch(`${url}/api/v1/sql?db=${db}`, { method: 'POST', headers, body })).json();
    return Number(row.n);
  };
  return (await count('readings')) + (await count('diagnostics'));
}

const server = bulkLoad(['serve', '--listen', '127.0.0.1:0', '--ready-file', join(folder, 'url')]);
let url = '';
try {
  while (url === '') {
    assert.equal(server.exitCode, null, 'the server ended');
    await wait(50);
    url = (await readFile(join(folder, 'url'), 'utf8').catch(() => '')).trim();
  }
  const whole = await load(['--db', 'whole']);
  assert.deepEqual([whole.code, whole.summary.points.loaded, await stored('whole')], [0, 200_000, 200_000]);

  const part = await load(['--db', 'parts', '--rate-points', '40000', '--progress', 'json'], /"loaded":[1-9]/);
  assert.equal(part.code, 143, part.said);
  const rest = await load(['--db', 'parts']);
  assert.match(rest.said, /resuming the load/);
  assert.deepEqual([rest.code, rest.summary.points.loaded, await stored('parts')], [0, 200_000, 200_000]);
  assert.ok(rest.summary.thisRun.loaded < 200_000);

  // A load of large files keeps code only where Node can restart it.
  assert.deepEqual(await once(bulkLoad(['--version']), 'exit'), [0, null]);
  assert.ok((await readdir(join(folder, 'cache', 'bulk-load'))).some((name) => name.startsWith('core')));
  const open = join(folder, 'open');
  await mkdir(join(open, 'bulk-load'), { recursive: true });
  await chmod(join(open, 'bulk-load'), 0o777);
  assert.deepEqual(await once(bulkLoad(['--version'], { XDG_CACHE_HOME: open }), 'exit'), [0, null]);
  assert.deepEqual(await readdir(join(open, 'bulk-load')), [], 'compiled code is in a directory that others can write');

  const zstd = 'zstdCompress' in zlib;
  if (zstd) {
    const packed = await load(['--db', 'packed', '--compression', 'zstd']);
    assert.deepEqual([packed.code, await stored('packed')], [0, 200_000]);
    assert.ok(packed.summary.bytes.sent < packed.summary.bytes.decoded / 5);
  }
  process.stdout.write(
    `Node ${process.version}: a load, a stop and its continuation${zstd ? ', zstd bodies' : '; it has no zstd'}\n`,
  );
} finally {
  server.kill('SIGTERM');
  await rm(folder, { recursive: true, force: true });
}
