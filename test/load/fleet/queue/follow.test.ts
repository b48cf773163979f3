// What a coordinator does with results that no worker wrote, with dead letters, and with a queue that is full.

import { mkdtemp, readdir, readFile, readlink, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test, vi } from 'vitest';
import { UnavailableError } from '../../../../src/core/errors.js';
import type { FleetPlan } from '../../../../src/fleet/plan-file.js';
import type { FleetStore } from '../../../../src/fleet/queue/fleet-store.js';
import { type FleetLoad, noFigures, type PieceJob, type PieceResult } from '../../../../src/fleet/queue/messages.js';
import type { PieceQueue, SettledJob } from '../../../../src/fleet/queue/piece-queue.js';
import { FleetFollow } from '../../../../src/load/fleet/queue/fleet-follow.js';
import { FleetRecord } from '../../../../src/load/fleet/queue/fleet-record.js';
import { FleetTotals } from '../../../../src/load/fleet/queue/fleet-totals.js';
import { RecentResults } from '../../../../src/load/fleet/queue/recent-results.js';
import { realClock, VirtualClock } from '../../../support/clock.js';
import { folder as temporaryFolder } from '../../ledger/support.js';

const input = { name: 'a.lp', path: '/a.lp', folders: [], size: 10, hash: null, error: null, pieces: [] };
const plan: FleetPlan = {
  ...{ formatVersion: 1, version: '1', id: 'plan', options: {}, identity: '', fieldTypes: {}, inputs: [input] },
  limits: { maxRejected: { count: 10 }, acceptRejects: { count: 0 }, minPoints: 1 },
  times: { spans: [], unseen: 0, totalBytes: null },
  introduced: { tables: 0, columns: 0 },
};

/**
 * A coordinator of one piece with a queue in memory. `lost`: Redis has lost the load, and workers offer these results.
 * `stopped`: a user has stopped the load. `idle`: no worker has a piece. `taken`: another coordinator has the lock.
 * `empty`: Redis has lost the pieces.
 */
async function follow(
  stateDir: string,
  settled: SettledJob[],
  state: 'here' | 'full' | 'lost' | 'stopped' | 'idle' | 'taken' | 'empty' = 'here',
  offers: Record<string, string> = {},
  clock = state === 'lost' || state === 'empty' ? new VirtualClock() : realClock,
) {
  const added: [string][] = [];
  const prepareLimits = vi.fn(() => Promise.resolve());
  let refusals = state === 'full' ? 1 : 0;
  const record = new FleetRecord(stateDir, '0123456789ab');
  await record.open();
  const totals = new FleetTotals(plan, new Map([['p1', { input: 0, bytes: 10 }]]));
  const store = {
    announce: () => Promise.resolve(),
    load: () => Promise.resolve(state === 'lost' ? null : { epoch: '' }),
    takeOffers: () => Promise.resolve(offers),
    coordinate: async () => {
      if (refusals-- > 0) throw new UnavailableError('OOM command not allowed');
      return state !== 'taken';
    },
    setStopped: () => Promise.resolve(),
    isStopped: () => Promise.resolve(state === 'stopped'),
    removeLoad: () => Promise.resolve(),
    endCoordination: () => Promise.resolve(),
    keepBooked: () => Promise.resolve(),
    workers: () => Promise.resolve([]),
  } as unknown as FleetStore;
  const queue = {
    settled: (max: number) => Promise.resolve(settled.slice(0, max)),
    remove: ({ length }: string[]) => Promise.resolve(void settled.splice(0, length)),
    counts: () => Promise.resolve({ total: state === 'empty' ? 0 : 1, waiting: 0, active: state === 'idle' ? 0 : 1 }),
    clear: () => Promise.resolve(),
    add: (pieces: Iterable<[string]>) => Promise.resolve(void added.push(...pieces)),
    limit: () => Promise.resolve(),
  } as unknown as PieceQueue;
  const coordinator = new FleetFollow({
    ...{ store, queue, record, totals, clock, token: 't', piecesAtOnce: null, notify: () => {} },
    jobs: () => [{ id: 'p1', job: {} as PieceJob, input: 0 }],
    ...{ isFirst: false, maxRejectBytes: 500, prepareLimits },
    load: {
      ...{ formatVersion: 1, id: '0123456789ab', version: '1', plan: 'plan', target: '', identity: '', options: {} },
      ...{ fieldTypes: {}, times: plan.times, pieces: 1, startedAt: '2026-01-01T00:00:00.000Z' },
    },
  });
  return { coordinator, totals, record, added, clock, prepareLimits };
}

test('a result of another form ends its piece as an input error, and the next run tries it again', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bulk-load-test-'));
  try {
    const settled = [{ id: 'p1', result: '{"outcome":"complete"}', reason: '' }];
    const { coordinator, totals, record } = await follow(folder, settled);
    await coordinator.look(1000);
    expect([coordinator.isDone, totals.outcome()]).toEqual([
      true,
      {
        outcome: 'input',
        reason: 'reading the result of job p1: expected the result of a worker, found other content.',
      },
    ]);
    expect(totals.points).toEqual({ read: 0, loaded: 0, rejected: 0, undelivered: 0 });
    await record.close(null);
    expect(await new FleetRecord(folder, '0123456789ab').open()).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

/** A piece with dead letters of so many folders. */
function withLetters(folders: number): SettledJob {
  const gzip = gzipSync('m f=x 1\n').toString('base64');
  const files = Array.from({ length: folders }, (_, i) => ({ suffix: `h=${i}/.lp`, headBytes: 0, gzip }));
  const result: Omit<PieceResult, 'outcome'> & { outcome: string } = {
    ...{ formatVersion: 1, machine: 'a', worker: 'w', outcome: 'complete-with-rejects', reason: null, format: 'lp' },
    ...{ error: null, inputBytes: 10, figures: null, rejects: {}, letters: { files, keptIn: null, bytes: 8 } },
  };
  return { id: 'p1', result: JSON.stringify(result), reason: '' };
}

test('dead letters of many folders take few open files, and more than --max-reject-bytes end the load', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bulk-load-test-'));
  try {
    const { coordinator, record } = await follow(folder, [withLetters(100)]);
    await expect(coordinator.look(60_000)).rejects.toMatchObject({ outcome: 'too-many-rejects' });
    const targets = await Promise.all(
      (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
    );
    expect(targets.filter((path) => path.startsWith(folder)).length).toBeLessThan(70);
    expect(record.letters!.points).toHaveLength(100);
    await record.close(null);
    expect(await readFile(record.letters!.points[99]!, 'utf8')).toBe('m f=x 1\n');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('a coordinator killed before its results are written finds its pieces and dead letters again', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bulk-load-test-'));
  try {
    const { coordinator, record } = await follow(folder, [withLetters(2)]);
    await coordinator.look(10);
    expect(coordinator.isDone).toBe(true);
    await record.close('20260101T000000Z');
    const [first = '', second = ''] = record.letters!.points;
    // The process was killed between the two renamings.
    await rename(second, second.replace('rejected-20260101T000000Z', 'rejected'));
    const again = new FleetRecord(folder, '0123456789ab');
    expect(await again.open()).toMatchObject([{ id: 'p1' }]);
    await again.close('20270101T000000Z');
    expect(again.letters!.points).toEqual([first, second]);
    expect([await readFile(first, 'utf8'), await readFile(second, 'utf8')]).toEqual(['m f=x 1\n', 'm f=x 1\n']);
    await again.remove();
    expect((await readdir(folder)).filter((name) => name.includes('fleet'))).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('dead letters that workers keep count for --max-reject-bytes, also for a coordinator that starts again', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bulk-load-test-'));
  try {
    const settled = withLetters(0);
    const result = JSON.parse(settled.result!) as PieceResult;
    const letters = { files: null, keptIn: '/state/worker-w/1', bytes: 501 };
    const { coordinator, record } = await follow(folder, [
      { ...settled, result: JSON.stringify({ ...result, letters }) },
    ]);
    await expect(coordinator.look(60_000)).rejects.toMatchObject({
      outcome: 'too-many-rejects',
      message: expect.stringMatching(/at most 500 B of dead letters on disk .*, found 501 B/) as unknown,
    });
    await record.close(null);
    const again = new FleetRecord(folder, '0123456789ab');
    await again.open();
    expect([again.letterBytes, again.letters]).toEqual([501, { points: ['a:/state/worker-w/1'], reasons: null }]);
    await again.close(null);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('a queue that is out of memory for a while is asked again', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bulk-load-test-'));
  try {
    const { coordinator, totals, record } = await follow(folder, [], 'full');
    await coordinator.look(10_000);
    expect(totals.settledPieces).toBe(0);
    await record.close(null);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test.each([
  ['is booked', 'complete', 1, []],
  ['of a failed attempt is not booked', 'input', 0, ['p1']],
] as const)('a result that a worker offers after Redis has lost it %s', async (_, outcome, booked, again) => {
  const folder = await mkdtemp(join(tmpdir(), 'bulk-load-test-'));
  try {
    const result = JSON.stringify({ ...(JSON.parse(withLetters(0).result!) as PieceResult), outcome, letters: null });
    const { coordinator, totals, record, added, clock } = await follow(folder, [], 'lost', { p1: result });
    const looked = coordinator.look(10_000);
    await (clock as VirtualClock).advance(5_000);
    await looked;
    expect([totals.settledPieces, added.map(([id]) => id)]).toEqual([booked, again]);
    await record.close(null);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('a worker offers its last results of a load that is announced again, and of no other run', () => {
  const load = (change: Partial<FleetLoad>): FleetLoad =>
    ({ id: 'a', startedAt: '2026-01-01T00:00:00.000Z', epoch: '1', ...change }) as FleetLoad;
  const result = JSON.parse(withLetters(0).result!) as PieceResult;
  const recent = new RecentResults();
  for (let i = 0; i < 150; i += 1) recent.add(load({}), `p${i}`, result);
  expect(recent.offersFor(load({}))).toEqual([]);
  expect(recent.offersFor(load({ epoch: '2' })).map(([piece]) => piece)).toEqual(
    Array.from({ length: 100 }, (_, i) => `p${i + 50}`),
  );
  expect(recent.offersFor(load({ epoch: '2', id: 'b' }))).toEqual([]);
  expect(recent.offersFor(load({ epoch: '2', startedAt: '2026-01-02T00:00:00.000Z' }))).toEqual([]);
  recent.add(load({ epoch: '2' }), 'p150', result);
  expect(recent.offersFor(load({ epoch: '2' }))).toEqual([]);
});

test('bulk-load stop ends the coordinator as well', async () => {
  const { coordinator, record } = await follow(await temporaryFolder(), [], 'stopped');
  await expect(coordinator.look(0)).rejects.toMatchObject({
    outcome: 'interrupted',
    message: 'stopped by bulk-load stop',
  });
  await record.close(null);
});

test.each([
  ['idle', 1],
  ['here', 0],
] as const)('the limits are ready for the next run of a removed load if its workers are %s', async (state, calls) => {
  const { coordinator, record, prepareLimits } = await follow(await temporaryFolder(), [], state);
  await coordinator.look(0);
  await coordinator.remove();
  expect(prepareLimits).toHaveBeenCalledTimes(calls);
  await record.close(null);
});

test.each([
  ['idle', 0],
  ['here', 15_000],
] as const)('a stopped load waits for pieces that workers have, at most its time: %s', async (state, ms) => {
  const { coordinator, record, clock } = await follow(await temporaryFolder(), [], state, {}, new VirtualClock());
  const drained = coordinator.drain(15_000).then(() => clock.monotonic());
  await (clock as VirtualClock).advance(60_000);
  expect(await drained).toBe(ms);
  await record.close(null);
});

test('a worker remembers the results of its latest load, except for very long ones', () => {
  const load = (id: string, epoch: string): FleetLoad =>
    ({ id, startedAt: '2026-01-01T00:00:00.000Z', epoch }) as FleetLoad;
  const recent = new RecentResults();
  const result = (bytes: number): PieceResult =>
    ({ reason: 'x'.repeat(bytes - '{"reason":""}'.length) }) as PieceResult;
  recent.add(load('a', '1'), 'p1', result(20));
  recent.add(load('b', '1'), 'p2', result(64 * 1024));
  recent.add(load('b', '1'), 'p3', result(64 * 1024 + 1));
  expect(recent.offersFor(load('b', '2')).map(([piece]) => piece)).toEqual(['p2']);
});

test('a coordinator whose lock another one has taken ends', async () => {
  const { coordinator, record } = await follow(await temporaryFolder(), [], 'taken');
  await expect(coordinator.look(0)).rejects.toMatchObject({
    outcome: 'busy',
    message: expect.stringMatching(/found another coordinator, which took over the load/),
  });
  await record.close(null);
});

/** The result of the one piece, with some of its points rejected. */
function settledPiece(rejected: number, change: Partial<PieceResult> = {}): SettledJob {
  const points = { read: 20, loaded: 20 - rejected, rejected, undelivered: 0 };
  const result = JSON.parse(withLetters(0).result!) as PieceResult;
  const figures = { ...noFigures(), points, values: { loaded: 7 } };
  return { id: 'p1', result: JSON.stringify({ ...result, letters: null, figures, ...change }), reason: '' };
}

test('a piece that settles twice counts once', async () => {
  const { coordinator, record, totals } = await follow(await temporaryFolder(), [settledPiece(1), settledPiece(1)]);
  await coordinator.look(0);
  expect([totals.points.read, totals.values, coordinator.isDone]).toEqual([20, 7, true]);
  await record.close(null);
});

test('a coordinator books all pieces that have settled since its last look', async () => {
  const settled = Array.from({ length: 201 }, () => settledPiece(1));
  const { coordinator, record } = await follow(await temporaryFolder(), settled);
  await coordinator.look(0);
  expect(settled).toEqual([]);
  await record.close(null);
});

test('more rejects than --max-rejected end the load with their number', async () => {
  const { coordinator, record } = await follow(await temporaryFolder(), [settledPiece(11)]);
  await expect(coordinator.look(0)).rejects.toMatchObject({
    outcome: 'too-many-rejects',
    message: '11 points of the whole load were rejected',
  });
  await record.close(null);
});

test.each([
  ['no privilege', 'no privilege'],
  [null, 'refused'],
])('a piece that the target refuses ends the load: %s', async (reason, message) => {
  const refused = settledPiece(0, { outcome: 'refused', reason });
  const { coordinator, record } = await follow(await temporaryFolder(), [refused]);
  await expect(coordinator.look(0)).rejects.toMatchObject({ outcome: 'refused', message });
  await record.close(null);
});

test('a piece without a result is an input error with the reason of the queue', async () => {
  const lost = { id: 'p1', result: null, reason: 'job stalled' } as SettledJob;
  const { coordinator, record, totals } = await follow(await temporaryFolder(), [lost]);
  await coordinator.look(0);
  expect(totals.outcome()).toMatchObject({ outcome: 'input', reason: expect.stringContaining('found job stalled') });
  expect(totals.values).toBe(0);
  await record.close(null);
});

test('pieces that the queue has lost are added again 3 s later, after the offers of the workers', async () => {
  const { coordinator, record, added, clock } = await follow(await temporaryFolder(), [], 'empty');
  const looking = coordinator.look(0);
  await (clock as VirtualClock).advance(2999);
  expect(added).toEqual([]);
  await (clock as VirtualClock).advance(1);
  await looking;
  expect(added.map(([id]) => id)).toEqual(['p1']);
  await record.close(null);
});
