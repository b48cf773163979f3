// Servers that are not the target: a login page, Grafana, nginx or another database answers every request with 200.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type HttpServer, startHttpServer } from '../../support/servers/http-server.js';
import { Bench } from '../../support/targets/lines-load.js';

const bodies = {
  'a login page': '<!doctype html><html><title>Sign in</title><body>Log in to Grafana</body></html>',
  'an empty body': '',
  null: 'null',
  'an empty object': '{}',
  'an empty list': '[]',
};
const kinds: readonly (readonly [kind: string, title: string, args: readonly string[]])[] = [
  ['cnosdb', 'CnosDB', []],
  ['influxdb1', 'InfluxDB', []],
  ['influxdb2', 'InfluxDB', ['--token', 't', '--tenant', 'o']],
  ['influxdb3', 'InfluxDB', ['--token', 't']],
  ['victoriametrics', 'VictoriaMetrics', []],
];

let body = '';
let server: HttpServer;
let bench: Bench;

beforeAll(async () => {
  server = await startHttpServer(() => ({ status: 200, body }));
  bench = await Bench.begin(['--url', server.url, '--db', 'd']);
});
afterAll(async () => {
  await bench.end();
  await server.stop();
});

const cases = kinds.flatMap((kind) => Object.entries(bodies).map(([name, text]) => ({ kind, name, text })));

test.each(cases)('$kind.0 refuses a server that answers everything with $name', async ({ kind, text }) => {
  const [target, title, args] = kind;
  body = text;
  const { code, stderr, summary } = await bench.load('m f=1 1640995200000000000\n', ['--target', target, ...args]);
  expect([code, summary.points.loaded]).toEqual([4, 0]);
  expect(stderr).toContain(`points at ${title}`);
});
