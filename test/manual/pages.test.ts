// Pages whose commands need one embedded server.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type RunningServer, serve } from '../../src/serve/serve.js';
import { commands, readPage, root } from '../support/manual.js';
import { hasRedis, startRedis } from '../support/servers/redis.js';
import { freePort } from '../support/servers/servers.js';
import { expectExamples } from './example-pages.js';

let server: RunningServer;
let hosts: Record<string, string>;

beforeEach(async () => {
  server = await serve({ host: '127.0.0.1', port: 0, dataDir: null });
  hosts = { 'db1:8902': new URL(server.url).host };
});
afterEach(() => server.close());

test('every command of the page on monitoring prints what the page shows', async () => {
  await expectExamples('src/manual/monitoring.md', { hosts });
});

test('every command of the page on audits prints what the page shows', async () => {
  await expectExamples('src/manual/audit.md', { hosts });
});

test('every command of the page on load_cnosdb prints what the page shows', async () => {
  const all = gunzipSync(await readFile(join(root, 'fixtures/points/iot-200k.lp.gz'))).toString();
  const iot = all.split('\n').slice(0, 10_000).join('\n');
  await expectExamples('src/manual/load-cnosdb.md', { hosts, files: { 'iot.lp.gz': gzipSync(`${iot}\n`) } });
});

test('every program of the page on the API prints what the page shows', async () => {
  await expectExamples('src/manual/api.md', { hosts });
});

test('every command of the page on the embedded server prints what the page shows', async () => {
  await expectExamples('src/manual/serve.md', { hosts: { 'localhost:8902': `127.0.0.1:${await freePort()}` } });
});

test('every command of the page on many machines prints what the page shows', async () => {
  if (!hasRedis) return await expectExamples('src/manual/fleet.md', { hosts, missing: ['redis-server'] });
  const redis = await startRedis();
  try {
    const both = { ...hosts, 'redis:6379': `127.0.0.1:${redis.port}` };
    await expectExamples('src/manual/fleet.md', { hosts: both });
  } finally {
    await redis.end();
  }
});

test('pages without an example here have no command', async () => {
  expect(commands(await readPage('src/manual/recipes.md'))).toEqual([]);
});
