// A coordinator and a worker over a queue in memory: what the summary adds up, and how a load over a fleet ends early.

import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { InterruptedError } from '../../../../src/core/errors.js';
import type { Summary, Target } from '../../../../src/core/types/index.js';
import { wrapObject } from '../../../../src/core/wrap-object.js';
import { parseFleetLoad } from '../../../../src/fleet/queue/messages.js';
import { lines } from '../../../support/scene.js';
import { memoryFleet } from './memory-fleet.js';

const bad = 'm,t=a f=oops 1640995200000000000\n';
const flags = { pieceBytes: '500' };
const stateFiles = async (folder: string): Promise<string[]> => (await readdir(join(folder, 'state'))).toSorted();

test('the summary of a fleet has the totals, times and rejects of all pieces, and nothing is left in the queue', async () => {
  const fleet = await memoryFleet(flags);
  const [a, b] = [await fleet.file('a.lp', lines(60) + bad), await fleet.file('b.lp', lines(30, 'n'))];
  let described = 0;
  const target = fleet.target();
  // Planning takes 2 s.
  fleet.target = () =>
    wrapObject(target, {
      describe: async (...args: Parameters<Target['describe']>) => {
        described += 1;
        if (described === 1) await fleet.clock.sleep(2000);
        return await target.describe(...args);
      },
    });
  const results: Summary[] = [];
  const load = fleet.coordinate([a, b], {
    writeResults: (latest) => Promise.resolve(void results.push(latest().summary)),
  });
  await fleet.clock.advance(3000);
  const announced = [...fleet.redis.texts].find(([key]) => key.endsWith(':load'))!;
  const pieces = fleet.redis.jobs.size;
  expect(parseFleetLoad(announced[1].text)).toMatchObject({
    ...{ formatVersion: 1, version: '1.2.3', pieces, options: {}, startedAt: '2022-01-01T00:00:00.000Z' },
  });
  expect(fleet.snapshot()).toMatchObject({
    ...{ seconds: 3, phase: 'sending', percent: 0, inputs: { done: 0, total: 2 }, fleet: { workers: 0 } },
    memory: { limitBytes: 4 * 2 ** 30 },
  });
  const work = fleet.work();
  const { summary, error, examples, details } = await fleet.ended(load);
  await fleet.ended(work);
  expect([error, details, [...examples.keys()]]).toEqual([null, null, ['bad-value']]);
  expect(results).toEqual([summary]);
  expect(summary).toMatchObject({
    ...{ version: '1.2.3', outcome: 'complete-with-rejects', exitCode: 8, reason: null, continueWith: null },
    ...{ startedAt: '2022-01-01T00:00:00.000Z', checkpoint: null, values: { loaded: 90 } },
    points: { read: 91, loaded: 90, rejected: 1, undelivered: 0 },
    thisRun: { read: 91, loaded: 90, rejected: 1 },
    inputs: [
      { name: a, read: 61, loaded: 60, rejected: 1 },
      { name: b, read: 30, loaded: 30, rejected: 0 },
    ],
    machines: [{ name: 'here', pieces, loaded: 90 }],
    target: { newTables: 2, newColumns: 4 },
    rejects: { byReason: { 'bad-value': 1 } },
  });
  const { seconds, phases, rate, bytes, endedAt, rejects } = summary;
  expect(phases.startSeconds).toBe(2);
  expect(phases.startSeconds + phases.sendSeconds).toBe(seconds);
  expect(endedAt).toBe(new Date(Date.parse(summary.startedAt) + seconds * 1000).toISOString());
  expect(rate).toEqual({
    pointsPerSecond: Math.round(90 / phases.sendSeconds),
    decodedBytesPerSecond: Math.round(bytes.decoded / phases.sendSeconds),
  });
  expect(await readFile(rejects.deadLetters![0]!, 'utf8')).toBe(bad);
  expect(await readFile(rejects.reasons!, 'utf8')).toMatch(/"line":61/);
  expect(fleet.store.lines.size).toBe(90);
  const left = [...fleet.redis.texts.keys(), ...fleet.redis.jobs.keys()];
  expect(left).toEqual([]);
  expect((await stateFiles(fleet.folder)).every((name) => name.includes('.rejected-'))).toBe(true);
  await fleet.clock.advance(500);
  expect(fleet.clock.waiting).toBe(0);
});

/** Returns the key of the coordinator's lock of a load. */
async function lockOf(fleet: Awaited<ReturnType<typeof memoryFleet>>, path: string): Promise<string> {
  await fleet.coordinate([path], { stop: AbortSignal.abort(new InterruptedError('SIGTERM')) });
  const [[key, lock] = ['', null]] = fleet.redis.texts;
  expect(lock?.until).toBe(15_000);
  return key;
}

test('a coordinator waits for the lock of a killed one, and takes the load once it expires', async () => {
  const fleet = await memoryFleet(flags);
  const path = await fleet.file('a.lp', lines(10));
  const text = JSON.stringify({ machine: 'there', pid: 42, id: 'x' });
  fleet.redis.texts.set(await lockOf(fleet, path), { text, until: 5000 });
  const { summary } = await fleet.ended(Promise.all([fleet.coordinate([path]), fleet.work()]).then(([load]) => load));
  expect([summary.outcome, summary.points.loaded, summary.phases.startSeconds]).toEqual(['complete', 10, 5]);
  expect(fleet.notices.filter((each) => each.includes('waiting until the lock'))).toEqual(
    [0, 1, 2, 3, 4].map((seconds) => `${seconds} info waiting until the lock of pid 42 on there expires`),
  );
});

test('a coordinator that renews its lock keeps the load, and the other one ends with exit code 75', async () => {
  const fleet = await memoryFleet(flags);
  const path = await fleet.file('a.lp', lines(10));
  const lock = await lockOf(fleet, path);
  fleet.redis.forget();
  const stop = new AbortController();
  const first = fleet.coordinate([path], { stop: stop.signal });
  await fleet.clock.advance(2500);
  const { texts, jobs } = fleet.redis;
  const before = [...texts.keys()];
  texts.set(lock, { ...texts.get(lock)!, until: 10_000 });
  const { summary, error } = await fleet.ended(fleet.coordinate([path]));
  expect([summary.outcome, summary.exitCode, summary.seconds]).toEqual(['busy', 75, 1]);
  expect(error!.message).toMatch(/coordinating load [0-9a-f]{12}: .*found a coordinator that runs as pid \d+ on /);
  expect([[...texts.keys()], jobs.size]).toEqual([before, 1]);
  stop.abort(new InterruptedError('SIGINT'));
  await fleet.ended(first);
});

test('a lock that expires before its holder is read is taken a second later', async () => {
  const fleet = await memoryFleet(flags);
  const path = await fleet.file('a.lp', lines(10));
  const lock = await lockOf(fleet, path);
  fleet.redis.texts.set(lock, { text: 'x', until: 5000 });
  fleet.redis.before = async (command) => {
    if (command === 'get' && fleet.clock.monotonic() === 0) fleet.redis.texts.delete(lock);
  };
  const { summary } = await fleet.ended(Promise.all([fleet.coordinate([path]), fleet.work()]).then(([load]) => load));
  expect([summary.outcome, summary.phases.startSeconds]).toEqual(['complete', 1]);
  expect(fleet.notices.filter((each) => each.includes('lock'))).toEqual([]);
});

test('a lock that does not end is waited for twice its time', async () => {
  const fleet = await memoryFleet(flags);
  const path = await fleet.file('a.lp', lines(10));
  fleet.redis.texts.set(await lockOf(fleet, path), { text: 'x', until: 100_000 });
  const { summary, error } = await fleet.ended(fleet.coordinate([path]));
  expect([summary.outcome, summary.seconds]).toEqual(['busy', 31]);
  expect(error!.message).toContain('pid ? on ?');
  // Its holder may run.
  expect(fleet.redis.texts.size).toBe(1);
});

test('a stopped load gives its command, keeps its record, and the next run plans nothing and repeats no piece', async () => {
  const fleet = await memoryFleet(flags);
  const path = await fleet.file('a.lp', lines(60));
  const stop = new AbortController();
  const first = fleet.coordinate([path], { stop: stop.signal });
  await fleet.clock.advance(500);
  const pieces = fleet.redis.jobs.size;
  const workerStop = new AbortController();
  const work = fleet.work({ stop: workerStop.signal });
  // Further pieces wait.
  let [taken, most] = [0, 2];
  fleet.redis.before = async (name) => {
    if (name === 'getNextJob') taken += 1;
    while (name === 'getNextJob' && taken > most) await fleet.clock.sleep(100);
  };
  await fleet.clock.advance(2000);
  stop.abort(new InterruptedError('SIGTERM'));
  const { summary, error } = await fleet.ended(first);
  expect([error?.message, summary.exitCode, summary.continueWith]).toEqual(['stopped by SIGTERM', 143, 'again']);
  expect(summary.points.loaded).toBeGreaterThan(0);
  expect(summary.points.loaded).toBeLessThan(60);
  expect(summary.checkpoint).toMatch(/\.fleet\.ndjson$/);
  expect(await stateFiles(fleet.folder)).toHaveLength(2);
  expect([...fleet.redis.jobs.keys(), ...fleet.redis.texts.keys()].filter((key) => !key.includes('worker'))).toEqual(
    [],
  );
  most = Number.POSITIVE_INFINITY;
  let described = 0;
  const closed: number[] = [];
  const target = fleet.target();
  const again = fleet.coordinate([path], {
    target: wrapObject(target, {
      describe: (...args: Parameters<Target['describe']>) => {
        described += 1;
        return target.describe(...args);
      },
      close: () => Promise.resolve(void closed.push(1)),
    }),
  });
  const { summary: second } = await fleet.ended(again);
  expect([described, closed.length]).toEqual([0, 1]);
  expect([second.outcome, second.points.loaded, second.thisRun.loaded]).toEqual([
    'complete',
    60,
    60 - summary.points.loaded,
  ]);
  expect(fleet.notices.join('\n')).toMatch(new RegExp(`info 2 of ${pieces} pieces are already loaded`));
  expect(await stateFiles(fleet.folder)).toEqual([]);
  workerStop.abort(new InterruptedError('SIGTERM'));
  await fleet.ended(work);
});

test('a worker that does not give its piece back delays the end of a stopped load by 15 s', async () => {
  const fleet = await memoryFleet(flags);
  const path = await fleet.file('a.lp', lines(10));
  const stop = new AbortController();
  const load = fleet.coordinate([path], { stop: stop.signal });
  await fleet.clock.advance(500);
  for (const job of fleet.redis.jobs.values()) job.state = 'active';
  stop.abort(new InterruptedError('SIGTERM'));
  const from = fleet.clock.monotonic();
  const { summary } = await fleet.ended(load);
  expect(summary.outcome).toBe('interrupted');
  expect(summary.seconds).toBe(from / 1000 + 15);
});

test.each([
  ['after 30 s', false, 30],
  ['at once after a second signal', true, 0],
])('a queue that answers no command of a stopped load is left %s', async (_, isAborted, seconds) => {
  const fleet = await memoryFleet(flags);
  const path = await fleet.file('a.lp', lines(10));
  const stop = new AbortController();
  const abort = new AbortController();
  const load = fleet.coordinate([path], { stop: stop.signal, abort: abort.signal });
  await fleet.clock.advance(600);
  fleet.redis.before = () => new Promise(() => {});
  stop.abort(new InterruptedError('SIGTERM'));
  if (isAborted) abort.abort(new InterruptedError('SIGTERM'));
  const { summary } = await fleet.ended(load);
  expect([summary.outcome, summary.seconds]).toEqual(['interrupted', 0.6 + seconds]);
});

test('a queue without an answer is reported after 10 s, and ends the load after --retry-for', async () => {
  const fleet = await memoryFleet({ ...flags, retryFor: '20s' });
  const path = await fleet.file('a.lp', lines(10));
  const load = fleet.coordinate([path]);
  await fleet.clock.advance(500);
  let renewals = 0;
  fleet.redis.before = (name) => {
    if (name === 'eval') renewals += 1;
    return new Promise(() => {});
  };
  const { summary, error } = await fleet.ended(load);
  // One of the regular renewals, and one of the check each half second.
  expect(renewals).toBe(2);
  const silent = fleet.notices.filter((text) => text.endsWith('warn the queue does not answer, so the load waits'));
  // The first renewal without an answer was sent after 1 s.
  expect(silent[0]).toMatch(/^11 /);
  expect(silent).toHaveLength(10);
  expect([summary.seconds, summary.exitCode, summary.continueWith]).toEqual([21, 5, 'again']);
  expect(error!.message).toMatch(/following the load in the queue: .* found no answer for 20s/);
});

test('a changed input is planned again', async () => {
  const fleet = await memoryFleet(flags);
  const path = await fleet.file('a.lp', lines(10));
  const stop = new AbortController();
  const first = fleet.coordinate([path], { stop: stop.signal });
  await fleet.clock.advance(500);
  stop.abort(new InterruptedError('SIGTERM'));
  await fleet.ended(first);
  await fleet.file('a.lp', lines(20));
  const { summary } = await fleet.ended(Promise.all([fleet.coordinate([path]), fleet.work()]).then(([load]) => load));
  expect([summary.outcome, summary.points.loaded]).toEqual(['complete', 20]);
});

test('inputs that no job can name end the load before it takes the lock', async () => {
  const fleet = await memoryFleet(flags);
  const path = await fleet.file('a.lp', lines(10));
  const input = await fleet.inputOf(path);
  const { summary, error } = await fleet.coordinate([], { inputs: [{ ...input, path: '/elsewhere/a.lp' }] });
  expect([summary.outcome, summary.inputs.length, summary.points.read]).toEqual(['usage', 1, 0]);
  expect(error!.message).toMatch(/handing .* to workers: .* found another place/);
  expect(summary.phases).toEqual({ startSeconds: 0, sendSeconds: 0, verifySeconds: 0 });
  expect(summary).toMatchObject({ target: { newTables: 0, newColumns: 0 }, values: { loaded: 0 }, machines: [] });
});

test('a queue that loses its data gets the remaining pieces again', async () => {
  const fleet = await memoryFleet(flags);
  const path = await fleet.file('a.lp', lines(60));
  const load = fleet.coordinate([path], {}, { piecesAtOnce: 3 });
  await fleet.clock.advance(600);
  const pieces = fleet.redis.jobs.size;
  expect([pieces > 2, fleet.redis.concurrency]).toEqual([true, 3]);
  fleet.redis.forget();
  fleet.redis.concurrency = null;
  await fleet.clock.advance(5000);
  expect([fleet.redis.jobs.size, fleet.redis.concurrency]).toEqual([pieces, 3]);
  expect(fleet.notices).toEqual([
    expect.stringMatching(/ warn the queue has lost pieces; the coordinator adds the remaining pieces again$/),
  ]);
  // Redis may have kept the load and lost pieces.
  fleet.redis.jobs.delete([...fleet.redis.jobs.keys()][0]!);
  await fleet.clock.advance(5000);
  expect(fleet.redis.jobs.size).toBe(pieces);
  const { summary } = await fleet.ended(Promise.all([load, fleet.work()]).then(([result]) => result));
  expect([summary.outcome, summary.points.loaded]).toEqual(['complete', 60]);
});

test('a coordinator without the disk of the first one takes over what Redis has', async () => {
  const fleet = await memoryFleet(flags);
  const path = await fleet.file('a.lp', lines(60));
  const stop = new AbortController();
  const first = fleet.coordinate([path], { stop: stop.signal });
  await fleet.clock.advance(400);
  const pieces = fleet.redis.jobs.size;
  let taken = 0;
  fleet.redis.before = async (name) => {
    if (name === 'getNextJob') taken += 1;
    if (name === 'getNextJob' && taken > 2) await new Promise(() => {});
  };
  const workerStop = new AbortController();
  const work = fleet.work({ stop: workerStop.signal });
  await fleet.clock.advance(700);
  // The process is killed: its lock ends, and all keys stay.
  fleet.redis.before = () => new Promise(() => {});
  stop.abort(new InterruptedError('SIGKILL'));
  await fleet.ended(first);
  workerStop.abort(new InterruptedError('SIGTERM'));
  await fleet.ended(work);
  fleet.redis.before = () => Promise.resolve();
  const [booked, table] = [...fleet.redis.tables].find(([key]) => key.endsWith(':booked'))!;
  const size = table.size;
  table.set('p0', 'no JSON');
  await rm(join(fleet.folder, 'state'), { recursive: true });
  const second = fleet.coordinate([path]);
  await fleet.clock.advance(400);
  expect([size, fleet.redis.jobs.size, fleet.redis.tables.get(booked)!.has('p0')]).toEqual([2, pieces - 2, false]);
  expect(fleet.notices.at(-1)).toMatch(new RegExp(`info 2 of ${pieces} pieces are already loaded$`));
  const { summary } = await fleet.ended(Promise.all([second, fleet.work()]).then(([result]) => result));
  expect([summary.outcome, summary.points.loaded, summary.machines![0]!.pieces]).toEqual(['complete', 60, pieces - 2]);
  expect(summary.thisRun.loaded).toBeLessThan(60);
});

test('a coordinator says that no worker takes a piece after 30 s', async () => {
  const fleet = await memoryFleet(flags);
  const path = await fleet.file('a.lp', lines(10));
  const stop = new AbortController();
  const load = fleet.coordinate([path], { stop: stop.signal });
  await fleet.clock.advance(31_000);
  expect(fleet.notices.map((text) => text.replace(/: start.*/, ''))).toEqual([
    '30 warn no worker takes a piece',
    '30.5 warn no worker takes a piece',
    '31 warn no worker takes a piece',
  ]);
  stop.abort(new InterruptedError('SIGTERM'));
  await fleet.ended(load);
});

test.each([
  ['refused', 'ends', 1],
  ['input', 'lets the others be loaded before it ends', 2],
])('a piece that ends with %s %s the load', async (outcome, _, settled) => {
  const fleet = await memoryFleet({ pieceBytes: '1MiB' });
  const paths = [await fleet.file('a.lp', lines(10)), await fleet.file('b.lp', lines(10, 'n'))];
  const load = fleet.coordinate(paths);
  await fleet.clock.advance(400);
  const [job] = [...fleet.redis.jobs.values()];
  const result = {
    formatVersion: 1,
    machine: 'there',
    worker: 'w2',
    outcome,
    reason: 'because',
    format: '',
    error: null,
  };
  const rest = { inputBytes: 0, figures: null, rejects: {}, letters: null };
  Object.assign(job!, { state: 'completed', finishedOn: 1, returnvalue: { ...result, ...rest } });
  if (settled > 1) await fleet.clock.advance(1000);
  const work = settled > 1 ? fleet.work() : Promise.resolve();
  const { summary, error } = await fleet.ended(load);
  await fleet.ended(work);
  expect([summary.outcome, error!.message, summary.points.loaded]).toEqual([outcome, 'because', 10 * (settled - 1)]);
  expect(summary.machines!.map(({ name }) => name)).toEqual(settled > 1 ? ['here', 'there'] : ['there']);
  // The next run loads the piece again.
  expect(summary.checkpoint).not.toBeNull();
  fleet.redis.add(job!.id, job!.data, { state: 'completed', finishedOn: 1, returnvalue: { ...result, ...rest } });
  const again = fleet.coordinate(paths);
  const { summary: second } = await fleet.ended(Promise.all([again, fleet.work()]).then(([each]) => each));
  expect([second.outcome, second.points.loaded]).toEqual(['complete', 20]);
});

test('more rejects than --max-rejected of the whole load end it', async () => {
  const fleet = await memoryFleet({ pieceBytes: '1MiB', maxRejected: '3' });
  const paths = [
    await fleet.file('a.lp', lines(9) + bad.repeat(2)),
    await fleet.file('b.lp', lines(9) + bad.repeat(2)),
  ];
  const load = fleet.coordinate(paths);
  const { summary, error } = await fleet.ended(Promise.all([load, fleet.work()]).then(([result]) => result));
  expect([summary.outcome, error!.message]).toEqual(['too-many-rejects', '4 points of the whole load were rejected']);
});
