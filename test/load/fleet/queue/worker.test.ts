// What one worker does with the loads and jobs of a queue in memory: which it takes, what it reports, and what ends it.

import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { InterruptedError, RefusedError, UnavailableError, UsageError } from '../../../../src/core/errors.js';
import type { Target, Verdict } from '../../../../src/core/types/index.js';
import { wrapObject } from '../../../../src/core/wrap-object.js';
import { FleetStore } from '../../../../src/fleet/queue/fleet-store.js';
import { type FleetLoad, type PieceResult, parseWorkerStatus } from '../../../../src/fleet/queue/messages.js';
import { leaseTiming } from '../../../../src/fleet/queue/piece-lease.js';
import { targetHash } from '../../../../src/load/fleet/queue/fleet-jobs.js';
import { lines } from '../../../support/scene.js';
import { memoryFleet } from './memory-fleet.js';

const id = '0123456789ab';

/** A load in the queue with a job for the whole file a.lp. */
async function announced(change: Partial<FleetLoad> = {}, points = 10) {
  const fleet = await memoryFleet();
  await fleet.file('a.lp', lines(points));
  const store = new FleetStore(fleet.redis.open());
  const announce = async (more: Partial<FleetLoad> = {}): Promise<void> => {
    const times = { spans: [], unseen: 0, totalBytes: null };
    await store.announce({
      ...{ formatVersion: 1, id, version: '1.0.0', plan: 'plan', epoch: 'first', identity: '', options: {} },
      ...{ fieldTypes: {}, times, pieces: 1, startedAt: '2022-01-01T00:00:00.000Z' },
      target: targetHash(await fleet.settingsOf('worker')),
      ...change,
      ...more,
    });
  };
  const piece = { from: { byteOffset: 0, line: 1, ordinal: 0, digits: 0 }, to: null, bytes: 10, points: null };
  const job = { formatVersion: 1, plan: 'plan', input: { path: 'a.lp', folders: [], size: 10, hash: null }, piece };
  await announce();
  fleet.redis.add('p1', job);
  const stop = new AbortController();
  const target = fleet.target();
  return Object.assign(fleet, {
    ...{ queue: store, announce, job, stop },
    /** The result of the job, once it is settled. */
    result: () => fleet.redis.jobs.get('p1')?.returnvalue as PieceResult | null,
    /** The messages of the notices. */
    said: () => fleet.notices.map((text) => text.replace(/^\S+ /, '')),
    /** Works for a while, then stops the worker. */
    async workFor(ms: number, own: Parameters<typeof fleet.work>[0] = {}): Promise<void> {
      const work = fleet.work({ exitWhenIdle: false, stop: stop.signal, ...own });
      await fleet.clock.advance(ms);
      stop.abort(new InterruptedError('SIGTERM'));
      await fleet.ended(work);
    },
    /** Lets the target answer each request with a verdict. */
    answers(verdict: Verdict): void {
      const result = { verdict, endpoint: 'memory', latencyMs: 1, sentBytes: 1 };
      fleet.target = () => wrapObject(target, { write: () => Promise.resolve(result) });
    },
  });
}

test('a worker loads a piece, reports its figures, and ends without a trace once no load is left', async () => {
  const it = await announced();
  const work = it.work();
  await it.clock.advance(400);
  expect(it.result()).toMatchObject({
    ...{ formatVersion: 1, machine: 'here', worker: 'w1', outcome: 'complete', reason: null, format: 'lp' },
    ...{ error: null, inputBytes: Buffer.byteLength(lines(10)), rejects: {}, letters: null },
    figures: {
      ...{ points: { read: 10, loaded: 10 }, values: { loaded: 10 }, target: { newTables: 1, newColumns: 2 } },
      pressure: { throttledSeconds: 0, heldBackBy: { target: 0, targetMemory: 0, ownMemory: 0, rateLimit: 0 } },
    },
  });
  await it.queue.removeLoad(id);
  await it.ended(work);
  expect(it.clock.monotonic()).toBe(900);
  await it.clock.advance(500);
  expect([await it.queue.workers(), it.clock.waiting]).toEqual([[], 0]);
  expect(await readdir(join(it.folder, 'worker'))).toEqual([]);
  expect(it.notices).toEqual([]);
});

test('an idle worker of exitWhenIdle waits for its first piece', async () => {
  const it = await memoryFleet();
  const stop = new AbortController();
  const work = it.work({ stop: stop.signal });
  await it.clock.advance(10_000);
  const [status] = [...it.redis.texts].filter(([key]) => key.includes('workers')).map(([, { text }]) => text);
  expect(parseWorkerStatus(status!)).toEqual({
    ...{ formatVersion: 1, id: 'w1', machine: 'here', version: '1.2.9', load: null, piece: null, inFlight: 0 },
    ...{ points: { read: 0, loaded: 0, rejected: 0 }, bytes: { read: 0, decoded: 0, sent: 0 }, writers: 0 },
    ...{ rssBytes: expect.any(Number) as unknown, nodeBytes: null },
  });
  stop.abort(new InterruptedError('SIGTERM'));
  await it.ended(work);
});

test('a worker shows the figures of its piece each second', async () => {
  const it = await announced();
  let isHeld = true;
  it.redis.before = async (name) => {
    while (name === 'end' && isHeld) await it.clock.sleep(100);
  };
  let shown = 0;
  const work = it.work({
    watch: (snapshot) => {
      shown = snapshot().points.loaded + 1;
    },
  });
  await it.clock.advance(1000);
  const [status] = await it.queue.workers();
  expect(status).toMatchObject({
    ...{ load: id, piece: 'p1', points: { read: 10, loaded: 10, rejected: 0 }, writers: expect.any(Number) as unknown },
    bytes: { read: Buffer.byteLength(lines(10)), decoded: Buffer.byteLength(lines(10)) },
  });
  expect(status!.bytes.sent).toBeGreaterThan(0);
  expect(shown).toBe(1);
  isHeld = false;
  await it.clock.advance(1000);
  expect((await it.queue.workers())[0]).toMatchObject({ load: null, piece: null, points: { read: 0 } });
  await it.queue.removeLoad(id);
  await it.ended(work);
});

test.each([
  ['another target', { target: 'other' }, {}, null],
  ['another major version', { version: '2.0.0' }, {}, /needs bulk-load 2\.0\.0, and this worker is 1\.2\.9/],
  [
    'options that contradict the worker',
    {},
    { settingsFor: () => Promise.reject(new UsageError(['other options'])) },
    /^warn this worker does not take pieces of load 0123456789ab: other options$/,
  ],
])('a load with %s is left to other workers', async (_, change, own, message) => {
  const it = await announced(change);
  await it.workFor(2000, own);
  expect(it.redis.jobs.get('p1')!.state).toBe('waiting');
  // Said once.
  expect(it.said()).toEqual(message === null ? [] : [expect.stringMatching(message)]);
});

test('a defect while joining a load ends the worker', async () => {
  const it = await announced();
  const work = it.work({ settingsFor: () => Promise.reject(new Error('oops')) });
  await expect(it.ended(work)).rejects.toThrow('oops');
});

test('a stopped load gives no pieces until it continues', async () => {
  const it = await announced();
  await it.queue.setStopped(id, true);
  const work = it.work({ exitWhenIdle: false, stop: it.stop.signal });
  await it.clock.advance(2000);
  expect(it.result()).toBeNull();
  await it.queue.setStopped(id, false);
  await it.clock.advance(600);
  expect(it.result()).toMatchObject({ outcome: 'complete' });
  it.stop.abort(new InterruptedError('SIGTERM'));
  await it.ended(work);
});

test('a load that is announced again is opened again', async () => {
  const it = await announced({ target: 'other' });
  const work = it.work({ exitWhenIdle: false, stop: it.stop.signal });
  await it.clock.advance(2000);
  await it.announce({ target: targetHash(await it.settingsOf('worker')) });
  await it.clock.advance(2000);
  expect(it.result()).toBeNull();
  await it.announce({ target: targetHash(await it.settingsOf('worker')), epoch: 'second' });
  await it.clock.advance(600);
  expect(it.result()).toMatchObject({ outcome: 'complete' });
  it.stop.abort(new InterruptedError('SIGTERM'));
  await it.ended(work);
});

test('a worker offers its results to a load that is announced again, and closes the target of the earlier one', async () => {
  const it = await announced();
  const [target, close] = [it.target(), vi.fn(() => Promise.resolve())];
  it.target = () => wrapObject(target, { close });
  const work = it.work({ exitWhenIdle: false, stop: it.stop.signal });
  await it.clock.advance(600);
  expect([it.result()?.outcome, close.mock.calls]).toEqual(['complete', []]);
  await it.announce({ epoch: 'second' });
  await it.clock.advance(2000);
  expect(Object.keys(await it.queue.takeOffers(id))).toEqual(['p1']);
  expect(close).toHaveBeenCalledOnce();
  it.stop.abort(new InterruptedError('SIGTERM'));
  await it.ended(work);
});

test.each([
  ['no piece', { some: 'thing' }],
  ['a piece of another plan', null],
])('a job that is %s gets an error as its result', async (_, data) => {
  const it = await announced();
  it.redis.add('p1', data ?? { ...it.job, plan: 'other' });
  await it.workFor(400);
  expect(it.result()).toMatchObject({ outcome: 'usage', figures: null, format: '', inputBytes: 0 });
  expect(it.said()).toEqual([
    'error reading job p1 of load 0123456789ab: expected a piece of the load, found other content.',
  ]);
  expect(it.store.lines.size).toBe(0);
});

test.each([
  [4, 10, 'complete'],
  [5, 0, 'input'],
])('a piece that %i workers did not survive stores %i points', async (stalledCounter, points, outcome) => {
  const it = await announced();
  it.redis.add('p1', it.job, { stalledCounter });
  await it.workFor(400);
  expect([it.result()!.outcome, it.store.lines.size]).toEqual([outcome, points]);
  if (outcome === 'complete') return;
  expect(it.result()!.error).toMatch(
    /loading a\.lp from line 1: .* found 5 workers that died while they loaded the piece/,
  );
  expect(it.said()).toEqual([]);
});

test('a piece without an input fails twice, and its third failure is its result', async () => {
  const it = await announced();
  it.redis.add('p1', { ...it.job, input: { ...it.job.input, path: 'none.lp' } });
  await it.workFor(3000);
  expect(it.redis.jobs.get('p1')).toMatchObject({ state: 'completed', attemptsMade: 2 });
  expect(it.result()).toMatchObject({
    outcome: 'input',
    reason: expect.stringMatching(/^reading none\.lp: expected an existing input .* found no.*\. Mount the inputs/),
  });
  expect(it.said()).toHaveLength(3);
  expect(it.said()[0]).toMatch(/^warn none\.lp: reading none\.lp/);
});

test('a refused piece goes back to the queue and ends its worker', async () => {
  const it = await announced();
  it.answers({ kind: 'refused', reason: 'no privilege' });
  const work = it.work();
  await expect(it.ended(work)).rejects.toMatchObject({ outcome: 'refused' });
  expect(it.redis.jobs.get('p1')).toMatchObject({ state: 'waiting', attemptsMade: 1 });
  expect(it.said().at(-1)).toMatch(/^warn a\.lp: .*no privilege/);
});

test('a piece without points is complete, because the coordinator checks the number of points', async () => {
  const it = await announced();
  await it.file('a.lp', '# only a comment\n');
  await it.workFor(400);
  expect(it.result()).toMatchObject({ outcome: 'complete', figures: { points: { read: 0 } } });
});

test('a piece whose load cannot begin has no pressure in its result', async () => {
  const it = await announced();
  it.target = () =>
    wrapObject(it.store.target(), { describe: () => Promise.reject(new UnavailableError('no endpoint')) });
  it.redis.add('p1', it.job, { attemptsMade: 2 });
  await it.workFor(400);
  expect(it.result()).toMatchObject({ outcome: 'unavailable', reason: 'no endpoint' });
  expect(it.result()!.figures!.pressure).toEqual({
    ...{ workers: 8, limitMin: 0, limitFinal: 0, bodyBytesMin: 0, bodyBytesFinal: 0, throttledSeconds: 0 },
    heldBackBy: { target: 0, targetMemory: 0, ownMemory: 0, input: 0, rateLimit: 0 },
  });
});

test('too many rejects of a piece are its result, and the worker continues', async () => {
  const it = await announced();
  const settings = { ...(await it.settingsOf('worker')), maxRejected: { count: 2 } };
  await it.file('a.lp', 'm,t=a f=oops 1640995200000000000\n'.repeat(5) + lines(3));
  await it.workFor(400, { settingsFor: () => Promise.resolve(settings) });
  expect(it.redis.jobs.get('p1')).toMatchObject({ state: 'completed', attemptsMade: 0 });
  expect(it.result()).toMatchObject({ outcome: 'too-many-rejects' });
  expect(it.said().filter((text) => text.startsWith('warn a.lp'))).toEqual([]);
});

/** A worker whose target answers no request. */
async function stuck() {
  const it = await announced();
  const verdict = { kind: 'dropped', reason: 'aborted', mayBeApplied: true } as const;
  const target = it.target();
  it.target = () =>
    wrapObject(target, {
      write: (...[, , , signal]: Parameters<Target['write']>) =>
        new Promise((done) => {
          const end = (): void => done({ verdict, endpoint: 'memory', latencyMs: 1, sentBytes: 1 });
          signal.addEventListener('abort', end);
        }),
    });
  return it;
}

test('a stop of the load gives the piece back while it is loaded', async () => {
  const it = await stuck();
  const work = it.work({ exitWhenIdle: false, stop: it.stop.signal });
  await it.clock.advance(1500);
  expect(it.redis.jobs.get('p1')!.state).toBe('active');
  await it.queue.setStopped(id, true);
  await it.clock.advance(15_000);
  expect(it.redis.jobs.get('p1')).toMatchObject({ state: 'waiting', attemptsMade: 0 });
  expect(it.said().filter((text) => text.startsWith('warn a.lp'))).toEqual([]);
  it.stop.abort(new InterruptedError('SIGTERM'));
  await it.ended(work);
});

test('a piece whose lease ended is reported and not settled', async () => {
  const it = await stuck();
  const work = it.work({ exitWhenIdle: false, stop: it.stop.signal });
  await it.clock.advance(1500);
  const job = it.redis.jobs.get('p1')!;
  job.holder = 'w2:1';
  await it.clock.advance(25_000);
  expect(job).toMatchObject({ state: 'active', holder: 'w2:1', returnvalue: null });
  expect(it.said().filter((text) => text.startsWith('warn a.lp'))).toEqual([
    expect.stringMatching(/^warn a\.lp: the lease of the piece has ended, so the result does not count/),
  ]);
  it.stop.abort(new InterruptedError('SIGTERM'));
  await it.ended(work);
});

test('a result that the queue refuses is reported', async () => {
  const it = await announced();
  it.redis.before = (name) => (name === 'end' ? Promise.reject(new Error('lost')) : Promise.resolve());
  await it.workFor(400);
  expect(it.said()).toEqual([expect.stringMatching(/^warn a\.lp: the lease of the piece has ended/)]);
});

test('no request starts once the lease may have ended', async () => {
  const it = await announced();
  // The target describes itself for longer than the lease, which the queue does not renew.
  const target = it.target();
  it.target = () =>
    wrapObject(target, {
      layout: async (...args: Parameters<Target['layout']>) => {
        await it.clock.sleep(leaseTiming.lockMs);
        return await target.layout(...args);
      },
    });
  it.redis.before = (name) => (name === 'extendLock' ? Promise.reject(new Error('away')) : Promise.resolve());
  await it.workFor(leaseTiming.lockMs + 15_000);
  expect(it.store.lines.size).toBe(0);
  expect(it.said().join('\n')).toMatch(/a\.lp: the lease of the piece has ended/);
});

test('a queue that refuses to give pieces is reported, and ends the worker after --retry-for', async () => {
  const it = await announced();
  it.redis.before = (name) =>
    name === 'getNextJob' ? Promise.reject(new UnavailableError('out of memory')) : Promise.resolve();
  const work = it.work({ retryForMs: 20_000 });
  await expect(it.ended(work)).rejects.toMatchObject({ outcome: 'unavailable' });
  expect(it.said()[0]).toBe('warn out of memory');
  expect(it.clock.monotonic()).toBeGreaterThan(20_000);
  expect(it.clock.monotonic()).toBeLessThan(23_000);
});

test('a queue that refuses once gives its piece at the next attempt', async () => {
  const it = await announced();
  let refusals = 1;
  it.redis.before = (name) =>
    name === 'getNextJob' && refusals-- > 0 ? Promise.reject(new UnavailableError('full')) : Promise.resolve();
  await it.workFor(8000, { retryForMs: 6000 });
  expect(it.result()).toMatchObject({ outcome: 'complete' });
});

test('another error of the queue ends the worker at once', async () => {
  const it = await announced();
  it.redis.before = (name) =>
    name === 'zrange' ? Promise.reject(new RefusedError('wrong password')) : Promise.resolve();
  await expect(it.ended(it.work())).rejects.toThrow('wrong password');
  expect(it.said()).toEqual([]);
});

test('a queue without an answer is reported after 5 s and ends the worker after --retry-for', async () => {
  const it = await announced();
  it.redis.before = () => new Promise(() => {});
  it.redis.isAway = true;
  const work = it.work({ retryForMs: 8000 });
  await expect(it.ended(work)).rejects.toThrow(/taking pieces from the queue: .* found no answer for 9\.0s/);
  expect(it.notices).toEqual([
    '6 warn the queue does not answer, so the worker waits',
    '7 warn the queue does not answer, so the worker waits',
    '8 warn the queue does not answer, so the worker waits',
  ]);
});

test('a status that the queue refuses is reported, unless the queue is away', async () => {
  const it = await announced({ target: 'other' });
  it.redis.before = (name) => (name === 'sadd' ? Promise.reject(new UnavailableError('full')) : Promise.resolve());
  const work = it.work({ stop: it.stop.signal });
  await it.clock.advance(1000);
  expect(it.said()).toEqual(['warn full', 'warn full']);
  it.redis.isAway = true;
  await it.clock.advance(1000);
  expect(it.said()).toHaveLength(2);
  it.stop.abort(new InterruptedError('SIGTERM'));
  await it.ended(work);
  // The status expires by itself.
  expect([...it.redis.texts.keys()].some((key) => key.includes('workers'))).toBe(true);
});

test('dead letters that are too large for the queue stay on the disk of the worker', async () => {
  const it = await announced();
  const settings = { ...(await it.settingsOf('worker')), maxRejected: { percent: 100 } };
  const noise = Array.from({ length: 9 }, (_, i) => `m,t=a f=${String(i).repeat(2 ** 20 - 100)}x\n`).join('');
  await it.file('a.lp', noise + lines(3));
  await it.workFor(2000, { settingsFor: () => Promise.resolve(settings) });
  const { letters } = it.result()!;
  expect(letters).toMatchObject({ files: null, keptIn: expect.stringMatching(/worker-w1/) as unknown });
  expect((await readdir(letters!.keptIn!)).length).toBeGreaterThan(0);
});

test('of two files with the name of a job, the one with the planned size is loaded', async () => {
  const it = await announced();
  await mkdir(join(it.folder, 'sub'));
  await writeFile(join(it.folder, 'sub', 'b.lp'), lines(4));
  const size = Buffer.byteLength(lines(4));
  it.redis.add('p1', { ...it.job, input: { ...it.job.input, size } });
  const paths = [join(it.folder, 'a.lp'), join(it.folder, 'sub', 'b.lp')];
  await it.workFor(400, { allowed: { pathsOf: () => Promise.resolve(paths) } as never });
  expect(it.result()!.figures!.points.loaded).toBe(4);
});

test('a defect while the input of a piece is found ends the worker', async () => {
  const it = await announced();
  const work = it.work({ findInput: () => Promise.reject(new TypeError('x is not a function')) });
  await expect(it.ended(work)).rejects.toThrow(TypeError);
});

test('an input that is no file is the error of its piece', async () => {
  const it = await announced();
  it.redis.add('p1', it.job, { attemptsMade: 2 });
  await it.workFor(400, { findInput: () => Promise.reject(new UsageError(['a.lp is a folder'])) });
  expect(it.result()).toMatchObject({
    ...{ formatVersion: 1, outcome: 'input', reason: 'a.lp is a folder', error: 'a.lp is a folder', figures: null },
  });
});

test('a piece counts no new columns for a target that lets several workers introduce them', async () => {
  const it = await announced();
  const target = it.target();
  it.target = () => wrapObject(target, { traits: { ...target.traits, firstWriteExclusive: false } });
  await it.workFor(400);
  expect(it.result()).toMatchObject({ outcome: 'complete', figures: { target: { newTables: 0, newColumns: 0 } } });
});
