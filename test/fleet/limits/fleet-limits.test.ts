import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import type { Clock, MemoryEvent, MemoryFollower } from '../../../src/core/types/index.js';
import { beginLimits, type FleetLimitOptions, FleetLimits } from '../../../src/fleet/limits/fleet-limits.js';
import { beginTurn, FleetTurn, turnBoundMs, turnLeaseMs } from '../../../src/fleet/limits/fleet-turn.js';
import { limitKey, turnKey } from '../../../src/fleet/queue/keys.js';
import { maxAwaitMs } from '../../../src/schema/await-columns.js';
import { realClock, VirtualClock } from '../../support/clock.js';
import { parseLines } from '../../support/cluster/lines.js';
import { Schemas } from '../../support/cluster/schemas.js';
import { connect, connectWithClock } from '../../support/fleet.js';
import { hasRedis, startRedis } from '../../support/servers/redis.js';
import { until } from '../../support/until.js';

const never = new AbortController().signal;
setMaxListeners(0, never);
const loadId = '0123456789ab';
const noRates = { ratePoints: null, rateBytes: null };

/** Starts a Redis and returns the functions that connect to it and make workers of one load. */
async function fleet() {
  const server = await startRedis();
  onTestFinished(() => server.end());
  const open = (): Redis => {
    const client = connect(server);
    onTestFinished(() => client.disconnect());
    return client;
  };
  /** Connects a worker for which Redis has the wall clock of the test. */
  const openTimed = (clock: Clock): Redis => {
    const { client } = connectWithClock(server, clock);
    onTestFinished(() => client.disconnect());
    return client;
  };
  await beginLimits(open(), loadId);
  const worker = (id: string, workers: number, more: Partial<FleetLimitOptions> = {}): FleetLimits =>
    new FleetLimits({
      ...{ client: open(), loadId, id, workers, rates: noRates, clock: realClock, notify: () => {} },
      ...more,
    });
  return { server, open, openTimed, worker };
}

/** The real clocks, which the test sets. */
function movable(): Clock & { wallMs: number; monotonicMs: number } {
  return {
    ...realClock,
    wallMs: 0,
    monotonicMs: 0,
    now() {
      return Date.now() + this.wallMs;
    },
    monotonic() {
      return performance.now() + this.monotonicMs;
    },
  };
}

interface Sent {
  /** Most requests in flight at once. */
  peak: number;
  total: number;
  /** Requests of each worker. */
  readonly requests: number[];
}

/** Sends requests of `ms` over several workers until `isEnough`. */
async function send(
  workers: readonly FleetLimits[],
  writers: number,
  ms: number,
  isEnough: (sent: Sent) => boolean,
  bytes = 1,
): Promise<Sent> {
  let inFlight = 0;
  const seen: Sent = { peak: 0, total: 0, requests: workers.map(() => 0) };
  const writer = async (index: number): Promise<void> => {
    while (!isEnough(seen)) {
      const permit = await workers[index]!.admit(1, bytes, never);
      await sleep(permit.delayMs);
      inFlight += 1;
      seen.peak = Math.max(seen.peak, inFlight);
      seen.total += 1;
      seen.requests[index]! += 1;
      await sleep(ms);
      inFlight -= 1;
      permit.end();
    }
  };
  await Promise.all(workers.flatMap((_, index) => Array.from({ length: writers }, () => writer(index))));
  return seen;
}

/** Tells whether a worker may send within `ms`. */
async function maySend(worker: FleetLimits, ms: number): Promise<boolean> {
  const stop = AbortSignal.timeout(ms);
  return await worker.admit(1, 1, stop).then(
    (permit) => {
      permit.end();
      return true;
    },
    () => false,
  );
}

test.skipIf(!hasRedis)('16 workers never have more than 8 requests in flight, and each gets its turn', async () => {
  const { worker } = await fleet();
  const workers = Array.from({ length: 16 }, (_, i) => worker(`w${i}`, 8));
  // Eight requests of 5 ms at once are at most 4,800 in 3 s.
  const isEnough = ({ total, requests }: Sent): boolean => total >= (Math.min(...requests) > 0 ? 1000 : 4800);
  const { peak, requests } = await send(workers, 2, 5, isEnough);
  expect(peak).toBe(8);
  expect(Math.min(...requests)).toBeGreaterThan(0);
});

test.skipIf(!hasRedis)('a target that stays overloaded gets half as many requests from all workers', async () => {
  const { open, worker } = await fleet();
  const control = open();
  const clock = movable();
  const notices: string[] = [];
  const busy = worker('w0', 8, { clock, notify: ({ message }) => notices.push(message) });
  const workers = [busy, worker('w1', 8), worker('w2', 8)];
  const peakOf = async (peak: number): Promise<number> =>
    (await send(workers, 4, 5, (sent) => sent.total >= 300 && sent.peak >= peak)).peak;
  expect(await peakOf(8)).toBe(8);
  busy.observe('overloaded');
  clock.monotonicMs = 5_000;
  busy.observe('accepted');
  busy.observe('overloaded');
  expect(await peakOf(8)).toBe(8);
  // A worker reports its overload while it has a permit, as it has during a request.
  const permit = await busy.admit(1, 1, never);
  clock.monotonicMs = 10_000;
  busy.observe('overloaded');
  await until(() => notices.length > 0);
  permit.end();
  expect(notices.join()).toMatch(/stays overloaded: all workers together now send at most 4 requests at once/);
  await until(async () => (await control.zcard(limitKey(loadId, 'leases'))) <= 4);
  expect(await peakOf(4)).toBe(4);
});

test.skipIf(!hasRedis)('the rate in bytes is that of all workers, whatever their clocks show', async () => {
  const { worker } = await fleet();
  const clocks = [-600_000, 0, 600_000].map((wallMs) => Object.assign(movable(), { wallMs }));
  const rates = { ratePoints: null, rateBytes: 10e6 };
  const workers = clocks.map((clock, i) => worker(`w${i}`, 8, { rates, clock }));
  const from = performance.now();
  const { total } = await send(workers, 3, 1, (sent) => sent.total >= 100, 100_000);
  const rate = ((total - 1) * 100_000) / ((performance.now() - from) / 1000);
  process.stderr.write(`${(rate / 1e6).toFixed(2)} MB/s of 10 MB/s\n`);
  expect(rate).toBeLessThanOrEqual(10.5e6);
});

test.skipIf(!hasRedis)(
  'without Redis a worker sends with its permits for 25 s, then waits until it is back',
  async () => {
    const { server, worker } = await fleet();
    const clock = movable();
    const notices: string[] = [];
    const one = worker('w1', 1, { clock, notify: ({ message }) => notices.push(message) });
    expect(await maySend(one, 5_000)).toBe(true);
    await server.kill('SIGKILL');
    expect(await maySend(one, 5_000)).toBe(true);
    clock.wallMs = 26_000;
    const waiting = maySend(one, 30_000);
    await until(() => notices.length > 0);
    expect(await Promise.race([waiting, sleep(500)])).toBeUndefined();
    expect(notices.join()).toMatch(/Redis has not answered for 25s .*: this worker pauses/);
    await server.start();
    // It forgot everything. Its permit is that of the same worker.
    expect(await waiting).toBe(true);
  },
);

test.skipIf(!hasRedis)('a Redis that forgot everything lets no more requests in flight than before', async () => {
  const { server, worker, openTimed } = await fleet();
  const clock = movable();
  const timed = (id: string): FleetLimits => worker(id, 4, { clock, client: openTimed(clock) });
  const workers = [0, 1, 2, 3].map((i) => timed(`w${i}`));
  let isOver = false;
  let sent = { peak: 0, total: 0 };
  const sending = send(workers, 2, 5, (seen) => {
    sent = seen;
    return isOver;
  });
  const more = async (requests: number): Promise<void> => {
    const before = sent.total;
    await until(() => sent.total >= before + requests);
  };
  await more(100);
  await server.kill('SIGKILL');
  await more(50);
  await server.start();
  let lateSends = false;
  const late = timed('late')
    .admit(1, 1, never)
    .then((permit) => {
      lateSends = true;
      permit.end();
    });
  await more(40);
  expect([sent.peak, lateSends]).toEqual([4, false]);
  // Redis grants no new permits for 3 s.
  clock.wallMs = 3_000;
  await late;
  await more(50);
  isOver = true;
  expect((await sending).peak).toBe(4);
});

/** Adds up the rows of all workers. */
class RowSum implements MemoryFollower {
  rows = 0;
  flushes = 0;
  own = 0;
  lost = 0;

  apply(event: MemoryEvent, own: boolean): void {
    if (event.kind === 'body') this.rows += event.rows;
    if (event.kind === 'flush') this.flushes += 1;
    if (own) this.own += 1;
  }

  flushLost(): void {
    this.lost += 1;
  }

  save(): unknown {
    return this.rows;
  }

  restore(saved: unknown): void {
    this.rows = Number(saved);
  }
}

test.skipIf(!hasRedis)(
  'all workers know the rows of all, also those that come late or after Redis forgot them',
  async () => {
    const { server, worker } = await fleet();
    const body: MemoryEvent = { kind: 'body', parts: [], bytes: 1, rows: 1, points: 1, slots: 1, sample: [], part: 1 };
    const sums: RowSum[] = [];
    const follow = async (id: string): Promise<FleetLimits> => {
      const one = worker(id, 2);
      const sum = new RowSum();
      sums.push(sum);
      await one.memory.follow(sum);
      return one;
    };
    const first = await follow('w1');
    const second = await follow('w2');
    for (let i = 0; i < 1500; i++) (i % 2 === 0 ? first : second).memory.append(body);
    await until(() => sums.every(({ rows }) => rows === 1500));
    await follow('w3');
    expect(sums[2]?.rows).toBe(1500);
    await server.kill('SIGKILL');
    await server.start();
    // It comes before Redis has an account again, and takes it over from a worker that has one.
    const late = follow('late');
    first.memory.append(body);
    await late;
    await until(() => sums.every(({ rows }) => rows === 1501));
    await follow('later');
    expect(sums.at(-1)?.rows).toBe(1501);
  },
);

test.skipIf(!hasRedis)(
  'one worker flushes at a time, and 2 s pass from the begin of one flush to the next',
  async () => {
    const { open, worker, openTimed } = await fleet();
    const control = open();
    const clock = { ...realClock, wallMs: Date.now(), now: () => clock.wallMs };
    const sums = [new RowSum(), new RowSum()];
    const [first, second] = ['w1', 'w2'].map((id) => worker(id, 2, { client: openTimed(clock) }));
    await first!.memory.follow(sums[0]!);
    await second!.memory.follow(sums[1]!);
    const begins = await Promise.all([first!, second!].map(({ memory }) => memory.beginFlush('planned')));
    expect(begins.filter(Boolean)).toEqual([true]);
    const flusher = begins[0] ? first! : second!;
    flusher.memory.end('flush');
    await until(async () => (await control.hget(limitKey(loadId, 'state'), 'flushUntil')) === '0');
    clock.wallMs += 2_000;
    expect(await second!.memory.beginFlush('planned')).toBe(false);
    // A worker asks for 1 ms more, because Redis rounds its clock.
    clock.wallMs += 1;
    expect(await second!.memory.beginFlush('planned')).toBe(true);
    await until(() => sums.every(({ flushes }) => flushes === 2));
    expect(sums.map(({ own }) => own)).toEqual(begins[0] ? [1, 1] : [0, 2]);
  },
);

test.skipIf(!hasRedis)(
  'a holder of the turn whose last renewal is half a minute old by any clock sends no more',
  async () => {
    const { open } = await fleet();
    const control = open();
    const database = ['cnosdb', 'cnosdb', 'db'];
    await beginTurn(control, database);
    const clock = movable();
    const turnOf = (id: string, own: Clock): FleetTurn =>
      new FleetTurn({ client: open(), database, id, clock: own, notify: () => {} });
    const first = turnOf('w1', clock);
    const second = turnOf('w2', Object.assign(movable(), { wallMs: 600_000 }));
    const held = await first.take(never);
    expect(held.isFresh()).toBe(true);
    clock.wallMs = 31_000;
    expect(held.isFresh()).toBe(false);
    clock.wallMs = 0;
    clock.monotonicMs = 31_000;
    expect(held.isFresh()).toBe(false);
    await expect(second.take(AbortSignal.timeout(500))).rejects.toThrow();
    // The lease of two minutes ends.
    await control.hset(turnKey(database), 'until', '0');
    const next = await second.take(never);
    expect([next.isFresh(), held.isFresh()]).toEqual([true, false]);
    held.release();
    expect(await control.hget(turnKey(database), 'holder')).toBe('w2');
    next.release();
    expect(next.isFresh()).toBe(false);
    await until(async () => (await control.hget(turnKey(database), 'holder')) === null);
  },
);

test('a turn is taken over once every node knows the columns that its frozen holder introduced at the last moment', async () => {
  const clock = new VirtualClock();
  const later = (update: () => void): void => void clock.sleep(20_000).then(update);
  const schemas = new Schemas({ nodes: 2, shards: 2, later });
  const wrong: string[] = [];
  const introduce = async (at: number, field: string): Promise<void> => {
    await clock.sleep(at);
    const lines = Array.from({ length: 10 }, (_, i) => `m,h=${i} ${field}=1 1\n`);
    wrong.push(...schemas.write(parseLines(Buffer.from(lines.join('')))));
  };
  void introduce(0, 'known');
  void introduce(turnBoundMs - 1 + maxAwaitMs, 'a');
  void introduce(turnLeaseMs, 'b');
  await clock.advance(turnLeaseMs);
  expect(wrong).toEqual([]);
});

test.skipIf(!hasRedis)('a turn that Redis forgot is free only after its holder cannot send any more', async () => {
  const { open } = await fleet();
  const control = open();
  const database = ['cnosdb', 'cnosdb', 'db'];
  await beginTurn(control, database);
  const options = { database, clock: realClock, notify: () => {} };
  const held = await new FleetTurn({ ...options, client: open(), id: 'w1' }).take(never);
  await control.flushall();
  const second = new FleetTurn({ ...options, client: open(), id: 'w2' });
  await expect(second.take(AbortSignal.timeout(500))).rejects.toThrow();
  await control.hset(turnKey(database), 'grantFrom', '0');
  (await second.take(never)).release();
  held.release();
});
