// Drives a target whose server gives mutated answers, through every method that talks to it.

import { BugError, BulkLoadError } from '../../../src/core/errors.js';
import type { PointValues, Target } from '../../../src/core/types/index.js';
import { targetKind } from '../../../src/targets/registry.js';
import { realClock } from '../clock.js';
import type { Reply } from '../cluster/reply.js';
import { mutated, type Random } from '../data/mutations.js';
import { startHttpServer } from '../servers/http-server.js';
import { targetDeps } from './target-deps.js';

const json = (body: unknown): Reply => ({ status: 200, body: JSON.stringify(body) });
const database = { ttl: '10d', shard: 1, vnode_duration: '1year', replica: 1, precision: 'NS', strict_write: false };
const policies = { columns: ['name', 'duration', 'default'], values: [['autogen', '0s', true]] };
const series = { name: 'm', tags: { t: 'a' }, columns: ['time', 'f'], values: [[1, 1.5]] };
const columns = [
  { table_name: 'm', column_name: 't', column_type: 'TAG', data_type: 'Utf8' },
  { table_name: 'm', column_name: 'f', column_type: 'FIELD', data_type: 'DOUBLE' },
];
const metrics =
  'flag{name="retentionPeriod", value="10y"} 1\nvnode_cache_size_total{database="db",tenant="cnosdb"} 7\n';

/** Returns the healthy answer of a target to a request. */
export function healthy(kind: string, path: string, body: string): Reply {
  if (path.startsWith('/metrics')) return { status: 200, body: metrics };
  if (path.includes('write')) return { status: kind === 'cnosdb' ? 200 : 204 };
  if (path.startsWith('/api/v1/ping')) return json({ version: '2.4.3', status: 'healthy' });
  if (path.startsWith('/ping')) return { status: 204, headers: { 'x-influxdb-version': '1.8.10' } };
  if (path.startsWith('/api/v1/export'))
    return json({ metric: { __name__: 'm_f', db: 'db', t: 'a' }, values: [1.5], timestamps: [0] });
  if (path.startsWith('/api/v2/buckets')) return json({ buckets: [{ retentionRules: [{ everySeconds: 60 }] }] });
  if (path.startsWith('/query'))
    return json({ results: [{ series: [body.includes('POLICIES') ? policies : series] }, { series: [series] }] });
  if (body.includes('DESCRIBE DATABASE')) return json([database]);
  if (body.includes('REPLICAS')) return json([{ database: 'db', location: '1*,2', start_time: 'a' }]);
  if (body.includes('count(')) return json([{ n: 1 }]);
  if (body.startsWith('SELECT "time"') || body.startsWith('SELECT time'))
    return json([{ time: '1970-01-01T00:00:00.000000001', t: 'a', f: 1.5 }]);
  return json(columns);
}

const point: PointValues = { table: 'm', time: 1n, tags: new Map([['t', 'a']]), fields: new Map([['f', 1.5]]) };

/**
 * Calls every method of a target while one answer in two is mutated. Returns the errors that are not expected failures:
 * defects of ours, and errors that no class of ours describes.
 */
export async function defectsUnderMutation(kind: string, random: Random): Promise<string[]> {
  const server = await startHttpServer(({ url, body }) => {
    const answer = healthy(kind, url, body);
    return random(2) === 0 ? mutated(answer, random) : answer;
  });
  // Retries take no time, and a query that is only retried gives up after a while.
  let now = 0;
  const clock = {
    ...realClock,
    monotonic: () => now,
    sleep: (ms: number) => {
      now += ms;
      return Promise.resolve();
    },
  };
  const token = kind.startsWith('influxdb') ? 't' : null;
  const deps = targetDeps([server.url], { token, waitForTargetMs: 3000, compression: 'none' }, { clock });
  const target = await targetKind(kind)!.create(deps);
  const signal = new AbortController().signal;
  const calls: readonly ((to: Target) => Promise<unknown>)[] = [
    (to) => to.describe(signal, () => Promise.resolve(1 << 24)),
    (to) => to.columns(signal),
    (to) => to.columns(signal, 'm'),
    (to) => to.readBack([point], signal),
    (to) => to.count('m', signal),
    (to) => to.layout(signal),
    (to) => to.gauges(signal),
    (to) => to.flush(1000, signal),
    async (to) => to.write(await to.encode(Buffer.from('m,t=a f=1.5 1\n')), 1, 5000, signal),
  ];
  const defects: string[] = [];
  for (const call of calls) {
    try {
      await call(target);
    } catch (error) {
      if (!(error instanceof BulkLoadError) || error instanceof BugError)
        defects.push(`${kind} ${String(call)}: ${error instanceof Error ? error.stack : String(error)}`);
    }
  }
  await target.close();
  await server.stop();
  return defects;
}
