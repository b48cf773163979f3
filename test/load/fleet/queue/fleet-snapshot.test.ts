// The progress of a load over a fleet.

import { expect, test } from 'vitest';
import type { Settings } from '../../../../src/config/settings.js';
import type { FleetPlan } from '../../../../src/fleet/plan-file.js';
import { noFigures, type WorkerStatus } from '../../../../src/fleet/queue/messages.js';
import type { FleetFollow } from '../../../../src/load/fleet/queue/fleet-follow.js';
import { snapshotOfFleet } from '../../../../src/load/fleet/queue/fleet-snapshot.js';
import type { FleetTotals } from '../../../../src/load/fleet/queue/fleet-totals.js';
import { VirtualClock } from '../../../support/clock.js';

const worker = (piece: string | null, change: Partial<WorkerStatus> = {}): WorkerStatus => ({
  ...{ formatVersion: 1, id: 'w', machine: 'a', version: '1', load: 'l', piece, rssBytes: 1, nodeBytes: null },
  ...{ points: { read: 0, loaded: 0, rejected: 0 }, bytes: { read: 0, decoded: 0, sent: 0 }, inFlight: 0, writers: 0 },
  ...change,
});

async function snapshotOf(workers: readonly WorkerStatus[], settledBytes = 100, isDone = false, bytes = 100) {
  const clock = new VirtualClock();
  await clock.advance(3000);
  const none = noFigures();
  const pieces = new Map(['p1', 'p2', 'p3'].map((id) => [id, { input: 0, bytes: 100 }]));
  const totals = {
    ...{ points: { read: 10, loaded: 9, rejected: 1, undelivered: 0 }, values: 18, inputsDone: 1, settledPieces: 1 },
    ...{ settledBytes, isBooked: (id: string) => id === 'p1' },
    run: { ...none, bytes: { read: 1, decoded: 2, sent: 3 }, target: { ...none.target, flushes: 4, rinses: 5 } },
  } as unknown as FleetTotals;
  const follow = { workers, isDone, counts: { total: 2, waiting: 1, active: 1 } } as unknown as FleetFollow;
  const plan = { inputs: [{ pieces: [{ bytes }, { bytes }] }, { pieces: [{ bytes }] }] };
  return snapshotOfFleet({
    ...{ clock, startedAt: 1000, totals, follow, pieces, limitBytes: 7, settings: { workers: 8 } as Settings },
    plan: plan as unknown as FleetPlan,
  });
}

test('a snapshot adds the pieces that workers load to the settled ones', async () => {
  const snapshot = await snapshotOf([
    worker(null, { inFlight: 9, nodeBytes: 9000 }),
    worker('p1', { inFlight: 9, points: { read: 9, loaded: 9, rejected: 9 } }),
    worker('p2', {
      ...{ inFlight: 1, writers: 2, nodeBytes: 500, points: { read: 20, loaded: 10, rejected: 2 } },
      bytes: { read: 10, decoded: 60, sent: 30 },
    }),
    // A compressed input has more decoded bytes than stored ones.
    worker('p3', {
      ...{ inFlight: 3, writers: 4, nodeBytes: 400, points: { read: 10, loaded: 10, rejected: 0 } },
      bytes: { read: 1, decoded: 300, sent: 1 },
    }),
  ]);
  expect(snapshot).toMatchObject({
    ...{ at: Date.UTC(2022, 0, 1) + 3000, seconds: 2, phase: 'sending', percent: 76.66, values: { loaded: 18 } },
    ...{ points: { read: 40, loaded: 29, rejected: 3 }, bytes: { read: 12, decoded: 362, sent: 34, total: 300 } },
    ...{ inputs: { done: 1, total: 2, current: null }, inFlight: 4, writers: { limit: 6, max: 8 } },
    memory: { limitBytes: 7, level: 'normal' },
    target: { flushes: 4, rinses: 5, nodeBytes: 500 },
    fleet: { workers: 4, pieces: { settled: 1, active: 1, waiting: 1 } },
  });
});

test('a load is complete only once every piece is settled', async () => {
  const loaded = worker('p2', {
    points: { read: 1, loaded: 1, rejected: 0 },
    bytes: { read: 1, decoded: 100, sent: 1 },
  });
  expect((await snapshotOf([loaded], 200)).percent).toBe(99.99);
  expect(await snapshotOf([], 300, true)).toMatchObject({ percent: 100, phase: 'ending', target: { nodeBytes: null } });
  expect((await snapshotOf([worker('p2')], 100)).percent).toBe(33.33);
  expect((await snapshotOf([], 0, false, 0)).percent).toBe(0);
  expect((await snapshotOf([{ ...loaded, piece: 'p9' }], 100)).percent).toBe(33.33);
});
