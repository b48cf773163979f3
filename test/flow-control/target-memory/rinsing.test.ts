import { expect, test } from 'vitest';
import type { RefusedError } from '../../../src/core/errors.js';
import type { Batch, MemoryEvent, MemoryLog, Notice, Verdict } from '../../../src/core/types/index.js';
import { bodiesKept, RaftCaches } from '../../../src/flow-control/target-memory/raft-caches.js';
import { Rinsing, type RinsingOptions } from '../../../src/flow-control/target-memory/rinsing.js';
import { VirtualClock } from '../../support/clock.js';

const MiB = 1024 * 1024;
const accepted: Verdict = { kind: 'accepted' };

/** Returns a batch of one point per name; the number at the end of a name is its bucket. */
function batchOf(names: readonly string[]): Batch {
  const body = Buffer.from(names.map((name) => lineOf(name)).join(''));
  const ends = names.map(
    (_, i) =>
      names
        .slice(0, i + 1)
        .map(lineOf)
        .join('').length,
  );
  const parts = new Map<number, Batch['buckets'][number]>();
  for (const [i, name] of names.entries()) {
    const bucket = bucketOf(name);
    const bytes = lineOf(name).length;
    const lastStart = ends[i]! - bytes;
    parts.set(bucket, { bucket, bytes: 1 * MiB, lastPoint: i, lastStart, lastBytes: bytes });
  }
  return {
    points: names.length,
    body,
    bodyEnd: (i: number) => ends.at(i)!,
    buckets: [...parts.values()],
  } as unknown as Batch;
}

/** The second field is longer, so a rinse leaves it out. */
const lineOf = (name: string): string => `${name} f=1,long=22222 0\n`;
const rinsed = (...names: readonly string[]): string => names.map((name) => `${name} f=1 0\n`).join('');
const bucketOf = (name: string): number => Number(/\d+/.exec(name)?.[0]);

/** A rinse is due from 20 MiB on, sending waits from 25 MiB on, and a rinse ends at 10 MiB. */
function setUp(more: Partial<RinsingOptions> = {}, answer: (sent: number) => Verdict = () => accepted) {
  const clock = new VirtualClock();
  const stop = new AbortController();
  const notices: Notice[] = [];
  const bodies: string[] = [];
  const rows: number[] = [];
  const caches = new RaftCaches({ share: 1, existing: new Set(), bodyBytes: 0, maxBytes: 0 });
  const ends: RefusedError[] = [];
  const rinsing = new Rinsing({
    caches,
    marks: () => ({ dueBytes: 20 * MiB, holdBytes: 25 * MiB, restBytes: 10 * MiB }),
    shards: 1,
    placeOf: (point) => {
      const name = Buffer.from(point).toString();
      return { bucket: bucketOf(name), shard: name.startsWith('a') ? 0 : 1 };
    },
    ordered: false,
    send: async (body) => {
      const sent = bodies.push(Buffer.from(body).toString());
      await clock.sleep(1);
      return answer(sent);
    },
    rewritten: (parts, bytes) => {
      caches.add(parts);
      rows.push(bytes);
    },
    log: null,
    end: (error) => ends.push(error),
    clock,
    signal: stop.signal,
    notify: (notice) => notices.push(notice),
    ...more,
  });
  /** Acknowledges `count` bodies of 1 MiB for each name. */
  const load = (names: readonly string[], count: number): void => {
    for (let i = 0; i < count; i += 1) {
      const batch = batchOf(names);
      caches.add(batch.buckets);
      rinsing.remember(batch, 2);
    }
  };
  const admit = () => {
    const seen = { at: null as number | null };
    void rinsing.admit().then(() => {
      seen.at = clock.monotonic();
    });
    return seen;
  };
  return { ends, clock, stop, caches, rinsing, notices, bodies, rows, load, admit };
}

test('a finished time bucket is rinsed by 256 writes of its last point once its share is due', async () => {
  const { clock, caches, rinsing, bodies, rows, load, admit, notices } = setUp();
  load(['old1'], 9);
  load(['first1', 'last1'], 10);
  admit();
  await clock.advance(100);
  expect(bodies).toEqual([]);
  load(['a2'], 1);
  admit();
  const admission = admit();
  await clock.advance(200);
  expect(admission.at).toBe(100);
  expect(new Set(bodies)).toEqual(new Set([rinsed('last1')]));
  expect(bodies).toHaveLength(bodiesKept);
  expect(rows).toEqual(Array.from({ length: bodiesKept }, () => 2));
  expect(caches.bytes).toBe(1 * MiB);
  expect(rinsing.count).toBe(1);
  expect(notices).toEqual([
    {
      level: 'info',
      kind: 'rinse',
      message:
        'small writes replaced large request bodies in the raft caches of 1 time bucket: the fullest node now retains 1 MiB of request bodies instead of 20 MiB',
    },
  ]);
});

test.each([
  ['of one machine', null],
  ['of a fleet', logOf(() => true).log],
])('a single time bucket %s is not rinsed, because it would fill again at once', async (_, log) => {
  const { clock, bodies, load, admit, ends } = setUp({ log });
  load(['a1'], 40);
  const admission = admit();
  await clock.advance(100);
  expect([bodies.length, admission.at, ends]).toEqual([0, 0, []]);
});

test('full caches are rinsed even if a rinse frees less than 8 MiB', async () => {
  const { clock, caches, bodies, load, admit, ends } = setUp();
  load(['a1'], 5);
  load(['a2'], 21);
  admit();
  await clock.advance(1000);
  expect([bodies.length, caches.bytes, ends]).toEqual([bodiesKept, 21 * MiB, []]);
});

test('buckets share their rinsing writes, and only as many are rinsed as needed', async () => {
  const { clock, caches, bodies, load, admit } = setUp();
  load(['a1'], 6);
  load(['a2'], 6);
  load(['a3'], 6);
  load(['a4'], 3);
  admit();
  await clock.advance(1000);
  expect(new Set(bodies)).toEqual(new Set([rinsed('a1', 'a2')]));
  expect(bodies).toHaveLength(bodiesKept);
  expect(caches.buckets.filter(({ bytes }) => bytes >= MiB).map(({ bucket }) => bucket)).toEqual([3, 4]);
});

test('a rinsing write repeats points of at most 64 time buckets', async () => {
  const { clock, bodies, load, admit } = setUp();
  for (let bucket = 1; bucket <= 76; bucket += 1) load([`a${bucket}`], 1);
  admit();
  await clock.advance(1000);
  const points = bodies.map((body) => body.split('\n').length - 1);
  expect([points.length, points[0], points.at(-1)]).toEqual([2 * bodiesKept, 64, 2]);
});

test.each([
  ['the caches exceed the larger mark', false, 26],
  ['one writer sends everything, whatever the caches hold', true, 21],
])('sending waits for the rinse if %s', async (_, ordered, mib) => {
  const { clock, bodies, load, admit } = setUp({ ordered });
  load(['a1'], mib - 1);
  load(['a2'], 1);
  const admission = admit();
  await clock.advance(63);
  expect(admission.at).toBeNull();
  await clock.advance(10);
  expect([admission.at, bodies.length]).toEqual([64, bodiesKept]);
});

test('with several shards a rinse repeats the last point of each of them, and never one of another bucket', async () => {
  const { clock, bodies, load, admit } = setUp({ shards: 2 });
  load(['aOld1', 'bOld1', 'a1', 'a1', 'b2'], 11);
  load(['b2'], 1);
  admit();
  await clock.advance(1000);
  expect(bodies[0]).toBe(rinsed('a1', 'bOld1'));
});

test('a write that the target cannot take now is repeated, until the run stops', async () => {
  const busy: Verdict = { kind: 'forming', reason: 'no leader', mayBeApplied: false };
  const { clock, stop, bodies, load, admit, rinsing } = setUp({}, (sent) => (sent <= 8 ? busy : accepted));
  load(['a1'], 20);
  load(['a2'], 1);
  admit();
  await clock.advance(1500);
  expect(bodies.length).toBe(8);
  await clock.advance(2000);
  expect([bodies.length, rinsing.count]).toEqual([bodiesKept + 8, 1]);
  load(['a1'], 20);
  load(['a2'], 20);
  admit();
  stop.abort(new Error('stopped'));
  await clock.advance(5000);
  expect([bodies.length, rinsing.count]).toEqual([bodiesKept + 8 + 4, 1]);
});

test('a target that rejects the points ends rinses, and the load once the caches are full', async () => {
  const no: Verdict = { kind: 'refused', reason: 'access denied' };
  const { clock, bodies, rows, load, admit, notices, ends } = setUp({}, () => no);
  load(['a1'], 20);
  load(['a2'], 1);
  admit();
  await clock.advance(1000);
  expect(bodies.length).toBeLessThanOrEqual(4);
  expect(rows).toEqual([]);
  expect(notices.map(({ level, message }) => [level, message])).toEqual([
    [
      'warn',
      'bulk-load can no longer push request bodies out of the raft caches: the target refuses points that it accepted before (access denied); ' +
        'the load stops when a node reaches --target-memory',
    ],
  ]);
  expect(ends).toEqual([]);
  load(['a2'], 4);
  admit();
  await clock.advance(0);
  expect(ends.map(({ exitCode, problem }) => [exitCode, problem?.found])).toEqual([
    [4, '25 MiB of request bodies: the target refuses points that it accepted before (access denied)'],
  ]);
});

test('points that the target refuses after the end of a load are not reported', async () => {
  const { clock, rinsing, load, admit, notices } = setUp({}, () => ({ kind: 'refused', reason: 'access denied' }));
  load(['a1'], 20);
  load(['a2'], 1);
  admit();
  await clock.advance(0);
  rinsing.close();
  await clock.advance(1000);
  expect(notices).toEqual([]);
});

test('a rinsing write has at most 32 KiB', async () => {
  const { clock, bodies, load, admit } = setUp();
  for (let bucket = 10; bucket < 50; bucket += 1) load([`a${bucket},t=${'x'.repeat(1900)}`], 1);
  admit();
  await clock.advance(1000);
  expect(bodies).toHaveLength(2 * bodiesKept);
  expect(bodies[0]!.length).toBeLessThanOrEqual(32 * 1024);
  expect(bodies[0]!.length).toBeGreaterThan(30 * 1024);
});

test('full caches of several buckets that no rinse makes smaller end the load', async () => {
  const { clock, bodies, load, admit, ends } = setUp();
  load([`a1,t=${'x'.repeat(8000)}`], 1);
  load(['a2'], 25);
  admit();
  await clock.advance(1000);
  expect(bodies).toEqual([]);
  expect(ends[0]?.problem?.found).toBe(
    '26 MiB of request bodies: the points are so long that small writes of them free too little memory',
  );
});

test('rinsed caches count with their vnodes, so any number of them leaves a load its room', async () => {
  const { clock, caches, load, admit, ends } = setUp();
  for (let bucket = 1; bucket <= 60; bucket += 1) {
    load([`a${bucket},t=${'x'.repeat(1900)}`], 1);
    admit();
    await clock.advance(1000);
  }
  expect(ends).toEqual([]);
  expect(caches.bytes).toBeLessThan(20 * MiB);
});

test.each([
  ['between two attempts', 1500],
  ['during an attempt', 5.5],
])('the end of a load %s ends a rinse that the target does not answer any more', async (_, ms) => {
  const gone: Verdict = { kind: 'unreachable', reason: 'ECONNREFUSED' };
  const { clock, bodies, rows, load, admit, rinsing } = setUp({}, (sent) => (sent <= 20 ? accepted : gone));
  load(['a1'], 25);
  load(['a2'], 1);
  const admission = admit();
  await clock.advance(ms);
  const sent = bodies.length;
  expect(sent).toBeGreaterThan(20);
  expect(admission.at).toBeNull();
  rinsing.close();
  await clock.advance(60_000);
  expect(bodies).toHaveLength(sent);
  expect(rows).toHaveLength(20);
  expect(admission.at).not.toBeNull();
});

test('without a limit nothing is remembered or rinsed', async () => {
  const { clock, bodies, load, admit, rinsing } = setUp({ marks: () => null });
  load(['a1'], 100);
  load(['a2'], 1);
  admit();
  await clock.advance(100);
  expect([bodies, rinsing.save()]).toEqual([[], []]);
});

test('a point of up to 16 KiB can be repeated, a longer one is not remembered', () => {
  const { rinsing, load } = setUp();
  const nameOf = (bucket: number, length: number): string => `a${bucket},t=`.padEnd(length - lineOf('').length, 'x');
  load([nameOf(1, 16 * 1024), nameOf(2, 16 * 1024 + 1)], 1);
  const both = setUp({ shards: 2 });
  both.load([nameOf(1, 16 * 1024), nameOf(2, 16 * 1024 + 1)], 1);
  expect([rinsing.save(), both.rinsing.save()].map((saved) => saved.map(([bucket]) => bucket))).toEqual([[1], [1]]);
  expect(rinsing.save()[0]![1].points).toHaveLength(1);
});

test('only the last 256 points are searched for one of each shard', () => {
  const shardsAfter = (count: number): number => {
    const { rinsing, load } = setUp({ shards: 2 });
    load(['b1', ...new Array<string>(count).fill('a1')], 1);
    return rinsing.save()[0]![1].points.filter((point) => point !== null).length;
  };
  expect([shardsAfter(255), shardsAfter(256)]).toEqual([2, 1]);
});

/** Log of a fleet in which this worker may rinse or not. */
function logOf(mayRinse: () => boolean) {
  const seen = { events: [] as MemoryEvent[], asked: 0, ended: [] as string[] };
  const log: MemoryLog = {
    append: (event) => seen.events.push(event),
    follow: async () => {},
    unfollow: () => {},
    beginFlush: async () => false,
    beginRinse: async () => {
      seen.asked += 1;
      return mayRinse();
    },
    end: (work) => seen.ended.push(work),
  };
  return { seen, log };
}

test('workers of a fleet share one point of each shard, and learn those of the others', () => {
  const { seen, log } = logOf(() => true);
  const { rinsing, load } = setUp({ shards: 2, log });
  load(['a1'], 2);
  load(['b1'], 2);
  load(['a1', 'b1'], 1);
  const text = (line: string): string => Buffer.from(line).toString('base64');
  const [a, b, other] = [rinsed('a1'), rinsed('b1'), rinsed('other1')].map(text);
  expect(seen.events).toEqual([
    { kind: 'sample', bucket: 1, points: [a], rowBytes: 2 },
    { kind: 'sample', bucket: 1, points: [a, b], rowBytes: 2 },
  ]);
  rinsing.learn(1, { points: [null, other!], rowBytes: 3 });
  rinsing.learn(2, { points: [null, other!], rowBytes: 4 });
  expect(rinsing.save()).toEqual([
    [1, { points: [a, other], rowBytes: 3 }],
    [2, { points: [null, other], rowBytes: 4 }],
  ]);
});

test('a bucket of which the other workers know the points of some shards is rinsed with these', async () => {
  const { clock, caches, rinsing, bodies, admit } = setUp({ shards: 2, log: logOf(() => true).log });
  rinsing.learn(1, { points: [null, Buffer.from(rinsed('b1')).toString('base64')], rowBytes: 2 });
  for (let i = 0; i < 20; i += 1) caches.add([{ bucket: 1, bytes: MiB }]);
  caches.add([{ bucket: 2, bytes: MiB }]);
  admit();
  await clock.advance(1000);
  expect(bodies[0]).toBe(rinsed('b1'));
});

test('a worker of a fleet waits a second for its turn to rinse, and ends its turn', async () => {
  let isBusy = true;
  const { seen, log } = logOf(() => !isBusy);
  const { clock, bodies, load, admit } = setUp({ log });
  load(['a1'], 25);
  load(['a2'], 1);
  const admission = admit();
  await clock.advance(999);
  expect([admission.at, bodies.length, seen.asked, seen.ended]).toEqual([null, 0, 1, []]);
  isBusy = false;
  await clock.advance(1000);
  expect([admission.at, bodies.length, seen.asked, seen.ended]).toEqual([1064, bodiesKept, 2, ['rinse']]);
});

test('a worker of a fleet sends on while another rinses and its caches are not full', async () => {
  const { seen, log } = logOf(() => false);
  const { clock, load, admit, stop } = setUp({ log });
  load(['a1'], 20);
  load(['a2'], 1);
  const admission = admit();
  await clock.advance(0);
  expect([admission.at, seen.asked]).toEqual([0, 1]);
  load(['a2'], 5);
  const waiting = admit();
  await clock.advance(3000);
  expect(waiting.at).toBeNull();
  stop.abort(new Error('stopped'));
  await clock.advance(0);
  expect(waiting.at).not.toBeNull();
});

test('a time bucket that was rinsed is not rinsed again until it is written to', async () => {
  const { clock, bodies, load, admit, notices } = setUp();
  load(['a1'], 20);
  load(['a2'], 1);
  admit();
  await clock.advance(1000);
  load(['a2'], 19);
  load(['a3'], 1);
  admit();
  await clock.advance(1000);
  expect([bodies[0], bodies.at(-1), bodies.length]).toEqual([rinsed('a1'), rinsed('a2'), 2 * bodiesKept]);
  expect(notices.map(({ level }) => level)).toEqual(['info', 'debug']);
});

test.each([
  [8, bodiesKept],
  [7, 0],
])('%i MiB that a rinse gives back are worth %i writes', async (mib, writes) => {
  const { clock, bodies, ends, load, admit } = setUp();
  load(['a1'], mib);
  load(['a2'], 21 - mib);
  admit();
  await clock.advance(1000);
  expect([bodies.length, ends]).toEqual([writes, []]);
});
