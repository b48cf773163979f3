import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { serve } from '../../src/serve/serve.js';
import { sql } from '../serve/raw-http.js';
import { root } from '../support/manual.js';
import { freePort } from '../support/servers/servers.js';
import { expectExamples } from './example-pages.js';

test('every command of the README prints what the README shows', async () => {
  const cluster = await serve({ host: '127.0.0.1', port: 0, dataDir: null });
  await sql(cluster.url, 'public', 'CREATE DATABASE bench');
  const local = `127.0.0.1:${await freePort()}`;
  await expectExamples('README.md', {
    hosts: { 'localhost:8902': local, 'db1:8902': new URL(cluster.url).host },
    env: { BULK_LOAD_URL: `http://${local}` },
    files: {
      password: 'my password',
      'data/2022/01.lp': 'cpu,host=a usage=12.5 1640995200000000000\ncpu,host=b usage=7 1640995200000000000\n',
      'data/2022/02.lp': 'cpu,host=a usage=13 1643673600000000000\n',
    },
  });
  await cluster.close();
});

test('the picture of the report is small', () => {
  const picture = join(root, 'src/manual/report.png');
  expect(existsSync(picture)).toBe(true);
  expect(statSync(picture).size).toBeLessThan(150 * 1024);
});
