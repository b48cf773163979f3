import { afterEach, expect, test } from 'vitest';
import { RefusedError } from '../../../src/core/errors.js';
import type { PointValues, Target } from '../../../src/core/types/index.js';
import { influxdb1 } from '../../../src/targets/influxdb1/index.js';
import { type HttpServer, startHttpServer } from '../../support/servers/http-server.js';
import { targetDeps } from '../../support/targets/target-deps.js';

const never = new AbortController().signal;
let server: HttpServer;
let target: Target;
afterEach(async () => {
  await target.close();
  await server.stop();
});

const policies = JSON.stringify({
  results: [
    {
      series: [
        {
          columns: ['name', 'duration', 'default'],
          values: [
            ['autogen', '0s', true],
            ['weekly', '168h0m0s', false],
          ],
        },
      ],
    },
  ],
});

/** A server that accepts writes and gives the same answer to every query. */
async function start(rp: string | null, answer = policies): Promise<void> {
  server = await startHttpServer(({ url }) =>
    url.startsWith('/query') ? { status: 200, body: answer } : { status: 204 },
  );
  target = await influxdb1.create(targetDeps([server.url], { user: '', rp }));
}

test('--rp names the retention policy of every write and read, and its duration is the retention', async () => {
  await start('weekly');
  const { database } = await target.describe(never);
  expect(database.ttlMs).toBe(168 * 3_600_000);
  expect(server.requests[0]?.url).toBe('/write?db=db&rp=weekly&precision=ns');
  const point: PointValues = { table: 'm', time: 1n, tags: new Map(), fields: new Map([['f', 1]]) };
  expect(await target.readBack([point], never)).toEqual([null]);
  const query = new URLSearchParams(server.requests.at(-1)?.body).get('q');
  expect(query).toBe('SELECT * FROM "weekly"."m" WHERE time = 1 GROUP BY *');
});

test('a retention policy that does not exist is refused with the existing ones', async () => {
  await start('daily');
  const refused = target.describe(never);
  await expect(refused).rejects.toThrow(RefusedError);
  await expect(refused).rejects.toThrow('expected retention policy daily, found autogen, weekly. Check --rp');
});

test('without --rp the default policy of the database applies', async () => {
  await start(null);
  expect((await target.describe(never)).database.ttlMs).toBeNull();
  expect(server.requests[0]?.url).toBe('/write?db=db&precision=ns');
});
