// The real `bulk-load serve`: what it prints about its address, and how a signal ends it.

import { expect, test } from 'vitest';
import { start } from '../support/programs/process.js';
import { sql } from './raw-http.js';

test('serve warns when other machines can reach its address, and not on loopback', async () => {
  for (const [host, warns] of [
    ['0.0.0.0', true],
    ['127.0.0.1', false],
  ] as const) {
    const server = start(['serve', '--listen', `${host}:0`]);
    await server.saw(/serving at http/);
    server.kill('SIGTERM');
    const { code, stderr } = await server.ended;
    expect(code).toBe(0);
    expect(stderr.includes('warning: serve accepts any password, and other machines can reach this address')).toBe(
      warns,
    );
  }
});

test('the first SIGINT ends serve while queries run, also one that DuckDB does not interrupt', async () => {
  const server = start(['serve', '--listen', '127.0.0.1:0']);
  await server.saw(/serving at http/);
  const url = /serving at (\S+),/.exec(server.stderr())![1]!;
  const queries = [
    sql(url, 'public', 'SELECT count(*) FROM range(1000000000000) a, range(1000000000000) b'),
    sql(url, 'public', "SELECT length(array_to_string(range(300000000), ','))"),
  ];
  await new Promise((resolve) => setTimeout(resolve, 300));
  const signalled = Date.now();
  server.kill('SIGINT');
  const { code, signal } = await server.ended;
  expect([0, null]).toContain(code);
  expect([null, 'SIGTERM']).toContain(signal);
  // Far below the minute that the query takes.
  expect(Date.now() - signalled).toBeLessThan(20_000);
  await Promise.all(queries);
});
