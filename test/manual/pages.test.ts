// Pages whose commands need one embedded server.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type RunningServer, serve } from '../../src/serve/serve.js';
import { commands, readPage, root } from '../support/manual.js';
import { freePort } from '../support/servers.js';
import { expectExamples } from './example-pages.js';

let server: RunningServer;
let hosts: Record<string, string>;

beforeEach(async () => {
  server = await serve({ host: '127.0.0.1', port: 0, dataDir: null });
  hosts = { 'db1:8902': new URL(server.url).host };
});
afterEach(() => server.close());

test('every command of the page on operations prints what the page shows', async () => {
  await expectExamples('src/manual/operations.md', { hosts });
});

test('every command of the page on monitoring prints what the page shows', async () => {
  await expectExamples('src/manual/monitoring.md', { hosts });
});

test('every command of the page on load_cnosdb prints what the page shows', async () => {
  const iot = await readFile(join(root, 'fixtures/points/iot-200k.lp.gz'));
  await expectExamples('src/manual/load-cnosdb.md', { hosts, files: { 'iot.lp.gz': iot } });
});

test('every program of the page on the API prints what the page shows', async () => {
  await expectExamples('src/manual/api.md', { hosts });
});

test('every command of the page on the embedded server prints what the page shows', async () => {
  await expectExamples('src/manual/serve.md', { hosts: { 'localhost:8902': `127.0.0.1:${await freePort()}` } });
});

test('pages without an example here have no command', async () => {
  expect(commands(await readPage('src/manual/recipes.md'))).toEqual([]);
});
