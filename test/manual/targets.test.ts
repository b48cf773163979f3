import { test } from 'vitest';
import { serve } from '../../src/serve/serve.js';
import { startInfluxdb } from '../support/influxdb/server.js';
import { three } from '../support/influxdb/three.js';
import { two } from '../support/influxdb/two.js';
import { influxd, installed, victoriaMetrics } from '../support/servers/servers.js';
import { expectExamples } from './example-pages.js';

const token = 'secret';

test('every command of the page on targets prints what the page shows', async () => {
  const server = { ...(await serve({ host: '127.0.0.1', port: 0, dataDir: null })) };
  const started = {
    'influx:8086': installed('influxd') ? await influxd() : null,
    'influx2:8086': await startInfluxdb(two, { token, databases: ['my-bucket'] }),
    'influx3:8181': await startInfluxdb(three, { token }),
    'victoria:8428': installed('victoria-metrics') ? await victoriaMetrics() : null,
  };
  const hosts = Object.entries(started).flatMap(([name, one]) => (one === null ? [] : [[name, new URL(one.url).host]]));
  const address = new URL(server.url).host;
  await expectExamples('src/manual/targets.md', {
    hosts: { ...Object.fromEntries(hosts), 'db1:8902': address, 'db2:8902': address.replace('127.0.0.1', 'localhost') },
    missing: [
      ...(started['influx:8086'] === null ? ['influxd'] : []),
      ...(started['victoria:8428'] === null ? ['victoria-metrics'] : []),
    ],
  });
  await Promise.all([server.close(), ...Object.values(started).map((one) => one?.end())]);
});
