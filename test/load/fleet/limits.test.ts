// Workers of one load in this process, over a real Redis and a scripted cluster: every limit is the fleet's.

import { setMaxListeners } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { resolve } from '../../../src/config/resolve.js';
import type { Settings } from '../../../src/config/settings.js';
import type { Summary, Target } from '../../../src/core/types/index.js';
import { streamInput } from '../../../src/inputs/custom.js';
import { createTarget } from '../../../src/load/create-target.js';
import { openLimits, prepareLimits } from '../../../src/load/fleet/open-limits.js';
import { options as optionTable } from '../../../src/load/option-table.js';
import { load } from '../../../src/load/pipeline.js';
import type { LoadResult, LoadShard } from '../../../src/load/types.js';
import { realClock } from '../../support/clock.js';
import { type Cluster, type ClusterOptions, startCluster } from '../../support/cluster/cluster.js';
import { connect } from '../../support/fleet.js';
import { hasRedis, type RedisServer, startRedis } from '../../support/servers/redis.js';

const loadId = '0123456789ab';
const never = new AbortController().signal;
setMaxListeners(0, never);
const shard: LoadShard = {
  ...{ plan: 'p', index: 1, of: 1, fieldTypes: {} },
  times: { spans: [], unseen: 0, totalBytes: null },
};

interface FleetScene {
  readonly cluster: Cluster;
  readonly server: RedisServer;
  /** Loads one text in each worker, all at once. */
  run(texts: readonly string[]): Promise<readonly LoadResult[]>;
}

async function fleet(flags: Record<string, unknown>, options: ClusterOptions = {}): Promise<FleetScene> {
  const cluster = await startCluster(options);
  const server = await startRedis();
  const folder = await mkdtemp(join(tmpdir(), 'bulk-load-fleet-'));
  onTestFinished(async () => {
    await cluster.stop();
    await server.end();
    await rm(folder, { recursive: true, force: true });
  });
  const own = { stateDir: folder, turn: false, memoryLimit: '4GiB' };
  const all = { url: cluster.urls.join(','), db: 'db', ...own, ...flags };
  const { settings } = await resolve(optionTable, { flags: all, env: {} });
  const context = { version: '0', clock: realClock, notify: () => {}, inputs: [] };
  const targetOf = (each: Settings): Promise<Target> =>
    createTarget(each, { ...context, stdout: process.stdout, env: {} });
  const control = connect(server);
  onTestFinished(() => control.disconnect());
  await prepareLimits({ client: control }, loadId, settings);
  const worker = async (index: number, text: string): Promise<LoadResult> => {
    const client = connect(server);
    const limits = openLimits({
      ...{ redis: { client }, loadId, workerId: `w${index}`, settings, createTarget: targetOf },
      ...{ clock: realClock, notify: () => {} },
    });
    const own = { ...limits.settings, stateDir: join(folder, `${index}`), checkpoint: false };
    const input = streamInput(`part ${index}`, async function* () {
      yield await Promise.resolve(text);
    });
    try {
      return await load(own, {
        ...{ ...context, inputs: [input], target: await targetOf(own), stop: never, abort: never },
        ...{ shard, fleet: limits.hooks(`piece ${index}`), command: null, watch: () => {}, workerThread: false },
      });
    } finally {
      await limits.close();
      client.disconnect();
    }
  };
  return { cluster, server, run: (texts) => Promise.all(texts.map((text, i) => worker(i, text))) };
}

/** Lines of one known table. */
function rows(count: number, from = 0): string {
  return Array.from({ length: count }, (_, i) => `m,h=a v=${i} ${1_640_995_200 + from + i}000000000\n`).join('');
}

const loaded = (results: readonly LoadResult[]): number =>
  results.reduce((n, { summary }) => n + summary.points.loaded, 0);

test.skipIf(!hasRedis)('16 workers with --workers 8 have at most 8 requests in flight', async () => {
  const flags = { workers: 8, batchPoints: 20 };
  const it = await fleet(flags, { script: { latencyMs: () => 20 } });
  await it.run([rows(20)]);
  const results = await it.run(Array.from({ length: 16 }, (_, i) => rows(300, 1000 * i)));
  const peak = Math.max(...it.cluster.writes.map(({ inFlight }) => inFlight));
  process.stderr.write(`requests in flight: at most ${peak} of ${it.cluster.writes.length}\n`);
  // A busy machine may never have 8 in flight at the same time.
  expect(loaded(results)).toBe(4800);
  expect(peak).toBeLessThanOrEqual(8);
  expect(peak).toBeGreaterThan(1);
});

test.skipIf(!hasRedis)('8 workers that meet 48 new columns in any order introduce them one at a time', async () => {
  const it = await fleet({ workers: 8, batchPoints: 50 }, { nodes: 3, script: { latencyMs: () => 5 } });
  // Every eightieth row of a worker has a column that no earlier row has.
  const texts = Array.from({ length: 8 }, (_, worker) =>
    Array.from({ length: 480 }, (__, i) => {
      const field = i % 80 === 40 + worker ? `c${worker * 6 + Math.floor(i / 80)}` : 'known';
      return `m,h=w${worker} ${field}=${i} ${1_640_995_200 + i}000000000\n`;
    }).join(''),
  );
  const results = await it.run(texts);
  const adding = it.cluster.writes.filter(({ adds }) => adds.length > 0);
  const overlaps = adding.filter((one, i) =>
    adding.some(
      (other, k) =>
        k < i &&
        one.start < (other.end ?? Number.POSITIVE_INFINITY) &&
        other.start < (one.end ?? Number.POSITIVE_INFINITY),
    ),
  );
  process.stderr.write(`${adding.length} of ${it.cluster.writes.length} writes introduced columns\n`);
  expect([loaded(results), it.cluster.points(), overlaps]).toEqual([3840, 3840, []]);
  // h, known, and 48 columns: each worker counts what it introduced itself.
  const sum = (of: (summary: Summary) => number): number => results.reduce((n, { summary }) => n + of(summary), 0);
  expect([sum(({ target }) => target.newTables), sum(({ target }) => target.newColumns)]).toEqual([1, 50]);
  expect(sum(({ batches }) => batches.alone)).toBe(adding.length);
});

test.skipIf(!hasRedis)('--max-rejected 100 counts the rejects of all workers', async () => {
  const it = await fleet({ workers: 4, maxRejected: '100', batchPoints: 10 }, { script: { latencyMs: () => 5 } });
  const bad = (index: number): string =>
    Array.from({ length: 300 }, (_, i) => `m,h=a v=${i} ${1_640_995_200 + 1000 * index + i}000000000\nbad\n`).join('');
  const results = await it.run([0, 1, 2, 3].map(bad));
  const rejected = results.reduce((n, { summary }) => n + summary.points.rejected, 0);
  process.stderr.write(`rejected ${rejected}: ${results.map(({ summary }) => summary.outcome).join(' ')}\n`);
  expect(results.map(({ summary }) => summary.exitCode)).toEqual([3, 3, 3, 3]);
  expect(rejected).toBeGreaterThan(100);
  expect(rejected).toBeLessThanOrEqual(100 + 4 * 4 * 10);
});

test.skipIf(!hasRedis)('--rate-bytes is the rate of all workers together', async () => {
  const it = await fleet({ workers: 8, rateBytes: '100kB', batchBytes: '4KiB', compression: 'none' });
  const results = await it.run([0, 1, 2, 3].map((i) => rows(2500, 10_000 * i)));
  const bytes = it.cluster.writes.reduce((n, each) => n + each.bytes, 0);
  const times = it.cluster.writes.map(({ start }) => start);
  const rate = bytes / ((Math.max(...times) - Math.min(...times)) / 1000);
  process.stderr.write(`${Math.round(rate)} bytes a second\n`);
  expect(loaded(results)).toBe(10_000);
  expect(rate).toBeLessThanOrEqual(105_000);
});
