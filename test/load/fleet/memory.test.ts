// Several loads at once against one model node, on virtual time: as shards of one plan they keep to one --target-memory.

import { setMaxListeners } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { resolve } from '../../../src/config/resolve.js';
import type { Column, Target, TargetColumn } from '../../../src/core/types/index.js';
import { wrapObject } from '../../../src/core/wrap-object.js';
import { options as optionTable } from '../../../src/load/option-table.js';
import { load } from '../../../src/load/pipeline.js';
import { VirtualClock } from '../../support/clock.js';
import { ModelCluster } from '../../support/model/cluster.js';
import { generated } from '../../support/model/input.js';
import { type ClusterShape, type MemoryConstants, MiB } from '../../support/model/shape.js';
import { ModelTarget } from '../../support/model/target.js';

const file = new URL('../../../fixtures/scenarios/calibration.json', import.meta.url);
const { constants } = JSON.parse(readFileSync(file, 'utf8')) as { constants: MemoryConstants };
const shape: ClusterShape = {
  ...{ nodes: 1, shards: 1, replicas: 1, memcacheMiB: 512, flushMiBPerSecond: 100 },
  service: { fixedMs: 2, mibPerSecond: 60 },
};
const mib = 300;
const pointBytes = 4096;
const columns: TargetColumn[] = (
  [
    ['name', 'tag'],
    ['note', 'string'],
  ] as [string, Column['type']][]
).map(([name, type]) => ({ table: 'readings', name, type }));

/** Runs so many loads of equal size at once. Returns the peak of the node in MiB and the points loaded. */
async function peakOf(loads: number, asShards: boolean): Promise<{ peakMiB: number; loaded: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'bulk-load-fleet-'));
  const clock = new VirtualClock();
  const cluster = new ModelCluster(shape, constants, clock);
  const points = Math.floor((mib * MiB) / loads / pointBytes);
  const never = new AbortController().signal;
  setMaxListeners(0, never);
  let left = loads;
  const one = async (index: number) => {
    const target: Target = wrapObject(new ModelTarget(cluster, clock) as Target, { columns: async () => columns });
    const stateDir = join(folder, `${index}`);
    const flags = {
      url: 'http://node1:8902',
      db: 'db',
      stateDir,
      turn: false,
      targetMemory: '400MiB',
      workers: 4,
      memoryLimit: '8GiB',
    };
    const { settings } = await resolve(optionTable, { flags: { ...flags, compression: 'none' }, env: {} });
    const times = { spans: [], unseen: 0, totalBytes: mib * MiB };
    const shard = { plan: 'p', index, of: loads, fieldTypes: {}, times };
    const what = { points, bytes: pointBytes, fields: 0, sparse: 0, bucketBytes: Number.POSITIVE_INFINITY };
    const { summary } = await load(settings, {
      ...{ version: '0', inputs: [generated(what)], target, clock, stop: never, abort: never, command: null },
      ...(asShards ? { shard } : {}),
      ...{ workerThread: false, notify: () => {}, watch: () => {} },
    }).finally(() => {
      left -= 1;
    });
    return summary;
  };
  const running = Promise.all(Array.from({ length: loads }, (_, i) => one(i + 1)));
  try {
    for (let turns = 0; turns < 2000; turns += 1) await turn();
    while (left > 0) await clock.advance(100);
    const summaries = await running;
    const peakMiB = Math.round(cluster.nodes[0]!.peak / MiB);
    return { peakMiB, loaded: summaries.reduce((n, each) => n + each.points.loaded, 0) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test('16 shards of one plan keep a node within --target-memory', async () => {
  const { peakMiB, loaded } = await peakOf(16, true);
  expect([loaded, peakMiB <= 400]).toEqual([76_800, true]);
});

test('four loads on their own take more than --target-memory', async () => {
  expect((await peakOf(4, false)).peakMiB).toBeGreaterThan(400);
});
