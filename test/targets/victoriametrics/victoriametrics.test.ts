import { afterEach, expect, test } from 'vitest';
import type { Target } from '../../../src/core/types/index.js';
import { victoriametrics } from '../../../src/targets/victoriametrics/index.js';
import { type HttpServer, startHttpServer } from '../../support/servers/http-server.js';
import { targetDeps } from '../../support/targets/target-deps.js';

const never = new AbortController().signal;
const settings = { user: '', password: '', tenant: '' };
let server: HttpServer;
let target: Target;
afterEach(async () => {
  await target.close();
  await server.stop();
});

test('a URL with a path and without a database reaches the write path of a cluster', async () => {
  server = await startHttpServer(({ url }) => ({ status: url.startsWith('/insert/0/influx/write') ? 204 : 400 }));
  target = await victoriametrics.create(targetDeps([`${server.url}/insert/0/influx`], { ...settings, db: '' }));
  const { endpoints, database } = await target.describe(never);
  expect(endpoints).toMatchObject([{ url: `${server.url}/insert/0/influx`, reachable: true }]);
  expect(database.limits).toMatchObject({ tags: 29, ownTags: ['__name__'] });
  const { verdict } = await target.write(await target.encode(Buffer.from('m v=1 1\n')), 1, 5000, never);
  expect(verdict).toEqual({ kind: 'accepted' });
  expect(server.requests.at(-1)).toMatchObject({ url: '/insert/0/influx/write?precision=ns', body: 'm v=1 1\n' });
});

test('with a database every write carries the label', async () => {
  server = await startHttpServer(() => ({ status: 204 }));
  target = await victoriametrics.create(targetDeps([server.url], { ...settings, db: 'd' }));
  const { database } = await target.describe(never);
  expect(database.limits).toMatchObject({ tags: 28, ownTags: ['__name__', 'db'] });
  expect(server.requests[0]?.url).toBe('/write?db=d&precision=ns');
});

const point = { table: 'm', time: 5_000_000n, tags: new Map(), fields: new Map([['v', 1]]) };

test('points of a cluster are read back below /select/', async () => {
  const series = `${JSON.stringify({ metric: { __name__: 'm_v' }, values: [1], timestamps: [5] })}\n`;
  server = await startHttpServer(({ url }) =>
    url.startsWith('/x/select/7:1/prometheus/api/v1/export') ? { status: 200, body: series } : { status: 404 },
  );
  target = await victoriametrics.create(targetDeps([`${server.url}/x/insert/7:1/influx`], { ...settings, db: '' }));
  expect(await target.readBack([point], never)).toEqual([point]);
  expect(server.requests).toHaveLength(1);
});

test('an endpoint of a cluster that serves no queries is named', async () => {
  server = await startHttpServer(() => ({ status: 400 }));
  target = await victoriametrics.create(targetDeps([`${server.url}/insert/0/influx`], { ...settings, db: '' }));
  await expect(target.readBack([point], never)).rejects.toThrow(
    /Use a --url that also serves \/select\/, such as vmauth/,
  );
});
