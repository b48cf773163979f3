// Several loads at once against one model node, on virtual time: as shards of one plan, or as workers of one queue, they keep
// to one --target-memory.

import { setMaxListeners } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { resolve } from '../../../src/config/resolve.js';
import type { Column, Target, TargetColumn } from '../../../src/core/types/index.js';
import { wrapObject } from '../../../src/core/wrap-object.js';
import { openLimits, prepareLimits } from '../../../src/load/fleet/open-limits.js';
import { options as optionTable } from '../../../src/load/option-table.js';
import { load } from '../../../src/load/pipeline.js';
import { VirtualClock } from '../../support/clock.js';
import { connectWithClock, type TimedRedis } from '../../support/fleet.js';
import { ModelCluster } from '../../support/model/cluster.js';
import { generated } from '../../support/model/input.js';
import { type ClusterShape, type MemoryConstants, MiB } from '../../support/model/shape.js';
import { ModelTarget } from '../../support/model/target.js';
import { hasRedis, startRedis } from '../../support/servers/redis.js';

const file = new URL('../../../fixtures/scenarios/calibration.json', import.meta.url);
const { constants } = JSON.parse(readFileSync(file, 'utf8')) as { constants: MemoryConstants };
const shape: ClusterShape = {
  ...{ nodes: 1, shards: 1, replicas: 1, memcacheMiB: 512, flushMiBPerSecond: 100 },
  service: { fixedMs: 2, mibPerSecond: 60 },
};
const loadId = '0123456789ab';
const mib = 300;
const pointBytes = 4096;
const columns: TargetColumn[] = (
  [
    ['name', 'tag'],
    ['note', 'string'],
  ] as [string, Column['type']][]
).map(([name, type]) => ({ table: 'readings', name, type }));

/** `pieces`: of each load, one after another, as a worker of a fleet loads them. */
interface FleetModel {
  readonly redis: TimedRedis;
  readonly pieces: number;
}

/** Runs so many loads of equal size at once. Returns the peak of the node in MiB, the points loaded and the times of flushes. */
async function peakOf(loads: number, how: 'shards' | 'apart' | ((clock: VirtualClock) => FleetModel)) {
  const folder = await mkdtemp(join(tmpdir(), 'bulk-load-fleet-'));
  const clock = new VirtualClock();
  const cluster = new ModelCluster(shape, constants, clock);
  const fleet = typeof how === 'string' ? null : how(clock);
  const pieces = fleet?.pieces ?? 1;
  const points = Math.floor((mib * MiB) / loads / pieces / pointBytes);
  const never = new AbortController().signal;
  setMaxListeners(0, never);
  const flushes: number[] = [];
  const inFlight = { now: 0, peak: 0 };
  let left = loads;
  const flags = {
    url: 'http://node1:8902',
    db: 'db',
    turn: false,
    targetMemory: '400MiB',
    workers: 4,
    memoryLimit: '8GiB',
  };
  const resolved = await resolve(optionTable, { flags: { ...flags, compression: 'none', stateDir: folder }, env: {} });
  const modelTarget = (): Target => {
    const model = new ModelTarget(cluster, clock);
    return wrapObject(model as Target, {
      columns: async () => columns,
      flush: (...args: Parameters<Target['flush']>) => {
        flushes.push(clock.monotonic());
        return model.flush(...args);
      },
      write: async (...args: Parameters<Target['write']>) => {
        inFlight.now += 1;
        inFlight.peak = Math.max(inFlight.peak, inFlight.now);
        return await model.write(...args).finally(() => (inFlight.now -= 1));
      },
    });
  };
  if (fleet !== null) await prepareLimits(fleet.redis, loadId, resolved.settings);
  const one = async (index: number): Promise<number> => {
    const limits =
      fleet &&
      openLimits({
        ...{ redis: fleet.redis, loadId, workerId: `w${index}`, settings: resolved.settings, clock, notify: () => {} },
      });
    let loaded = 0;
    for (let piece = 0; piece < pieces; piece += 1) {
      const settings = { ...(limits?.settings ?? resolved.settings), stateDir: join(folder, `${index}-${piece}`) };
      const times = { spans: [], unseen: 0, totalBytes: mib * MiB };
      const shard = { plan: 'p', index, of: loads, fieldTypes: {}, times };
      const what = { points, bytes: pointBytes, fields: 0, sparse: 0, bucketBytes: Number.POSITIVE_INFINITY };
      const { summary } = await load(settings, {
        ...{ version: '0', inputs: [generated(what)], target: modelTarget(), clock, stop: never, abort: never },
        ...(how === 'apart' ? {} : { shard }),
        ...(limits === null ? {} : { fleet: limits.hooks(`${index}-${piece}`) }),
        ...{ command: null, workerThread: false, notify: () => {}, watch: () => {} },
      });
      loaded += summary.points.loaded;
    }
    await limits?.close();
    return loaded;
  };
  const running = Promise.all(Array.from({ length: loads }, (_, i) => one(i + 1).finally(() => (left -= 1))));
  try {
    for (let turns = 0; turns < 2000; turns += 1) await turn();
    while (left > 0) await clock.advance(100);
    const loaded = (await running).reduce((n, each) => n + each, 0);
    const seconds = clock.monotonic() / 1000;
    return { peakMiB: Math.round(cluster.nodes[0]!.peak / MiB), loaded, flushes, inFlight: inFlight.peak, seconds };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test('16 shards of one plan keep a node within --target-memory', async () => {
  const { peakMiB, loaded } = await peakOf(16, 'shards');
  expect([loaded, peakMiB <= 400]).toEqual([76_800, true]);
});

test('four loads on their own take more than --target-memory', async () => {
  expect((await peakOf(4, 'apart')).peakMiB).toBeGreaterThan(400);
});

const isSoak = process.env.BULK_LOAD_SOAK === '1';

test.skipIf(!hasRedis).each(isSoak ? [1, 4, 16] : [4])(
  '%i workers of one queue keep a node within --target-memory, with 4 requests in flight and flushes 2 s apart',
  async (workers) => {
    const server = await startRedis();
    onTestFinished(() => server.end());
    const { peakMiB, loaded, flushes, inFlight } = await peakOf(workers, (clock) => {
      const redis = connectWithClock(server, clock);
      onTestFinished(() => redis.client.disconnect());
      clock.isBusy = () => redis.pending > 0;
      return { redis, pieces: 2 };
    });
    const gaps = flushes.slice(1).map((at, i) => Math.round(at - flushes[i]!));
    process.stderr.write(`${workers} workers: peak ${peakMiB} MiB, flushes ${flushes.map(Math.round).join(' ')} ms\n`);
    expect([loaded, inFlight, gaps.length > 0]).toEqual([76_800, 4, true]);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(2_000);
    expect(peakMiB).toBeLessThanOrEqual(400);
  },
  300_000,
);
