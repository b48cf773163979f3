import { expect, test } from 'vitest';
import { resolve } from '../../../src/config/resolve.js';
import type {
  Attempt,
  Batch,
  FlushOutcome,
  MemoryEvent,
  MemoryLog,
  Notice,
  SampledRows,
  Target,
  Verdict,
} from '../../../src/core/types/index.js';
import { seriesBytes } from '../../../src/flow-control/target-memory/flush/series-estimate.js';
import { nodeBase } from '../../../src/flow-control/target-memory/node-base.js';
import { forecastTargetMemory } from '../../../src/flow-control/target-memory/target-forecast.js';
import { nodePeak } from '../../../src/flow-control/target-memory/target-plan.js';
import { TargetThrottle } from '../../../src/flow-control/target-memory/target-throttle.js';
import { options as optionTable } from '../../../src/load/option-table.js';
import { VirtualClock } from '../../support/clock.js';

const MiB = 1024 * 1024;
const KiB = 1024;
const layout = { nodes: 1, vnodesPerNode: 1, from: 'replicas' } as const;
const times = { spans: [], unseen: 1, totalBytes: null };
const day = 86_400_000;
const database = { shard: 1, replica: 1, vnodeDurationMs: null, maxMemcacheBytes: 128 * MiB };
const exhausted: Verdict = {
  kind: 'overloaded',
  reason: 'Memory Exhausted',
  retryAfterMs: null,
  mayBeApplied: false,
  memory: true,
  timedOut: false,
};

const wide: SampledRows = {
  points: 1,
  slots: 40,
  values: 40,
  rowsPerPoint: 1,
  series: 1,
  strings: { count: 0, bytes: 0 },
  bytes: 20,
};

/** Returns a batch in one time bucket. Its bytes take no memory. */
function batchOf(length: number, bucket = 0): Batch {
  const part = { bucket, bytes: length, lastPoint: 0, lastStart: 0, lastBytes: 100 };
  return {
    ordinal: 0,
    points: 1,
    slots: 1,
    values: 1,
    buckets: [part],
    body: { length, subarray: () => Buffer.from('m f=1 1\n') },
  } as unknown as Batch;
}

/** Returns a batch of these lines, each a point with one field. */
function batchOfLines(lines: readonly string[]): Batch {
  let end = 0;
  const ends = lines.map(({ length }) => {
    end += length;
    return end;
  });
  const { length: points } = lines;
  const body = Buffer.from(lines.join(''));
  return { ...batchOf(body.length), points, slots: points, values: points, body, bodyEnd: (i: number) => ends[i]! };
}

/** Creates a throttle over a target that flushes in `flushMs` and reports `gauge`. */
async function setup(
  flags: Record<string, unknown>,
  flushMs = 500,
  outcome: FlushOutcome['kind'] = 'done',
  signal = new AbortController().signal,
  senders = 1,
  days = 1,
  log: MemoryLog | null = null,
  rows?: SampledRows,
) {
  const clock = new VirtualClock();
  const notices: Notice[] = [];
  const ends: unknown[] = [];
  const told = {
    ...{ flushes: [] as number[], timeouts: [] as number[], rinses: 0, points: 0, gauge: 0 as number | null },
    /** For each endpoint, the start of its oldest pending write. */
    pending: [] as (number | null)[],
  };
  const target = {
    traits: { title: 'CnosDB', firstWriteExclusive: true, plansMemory: true, countsPoints: true, sendsSeconds: false },
    flush: async (timeoutMs: number, cancelled: AbortSignal): Promise<FlushOutcome> => {
      told.flushes.push(clock.monotonic());
      told.timeouts.push(timeoutMs);
      await clock.sleep(flushMs, cancelled).catch(() => {});
      return { kind: outcome, tookMs: flushMs, reason: outcome === 'done' ? null : 'no' };
    },
    gauges: async () => [told.gauge],
    endpoints: () => told.pending.map((waitingSince) => ({ waitingSince })),
    write: async (_: unknown, points: number): Promise<Pick<Attempt, 'verdict'>> => {
      told.rinses += 1;
      told.points += points;
      await clock.sleep(1);
      return { verdict: { kind: 'accepted' } };
    },
  } as unknown as Target;
  const { settings } = await resolve(optionTable, { flags: { db: 'db', ...flags }, env: {} });
  const notify = (notice: Notice): void => void notices.push(notice);
  const placeOf = () => ({ bucket: 0, shard: 0 });
  const end = (error: unknown): void => void ends.push(error);
  const context = {
    target,
    clock,
    signal,
    abort: signal,
    notify,
    placeOf,
    end,
    log,
    ...(senders === 1 ? {} : { senders }),
  };
  const place = { ...database, vnodeDurationMs: days === 1 ? null : day };
  const extent = { ...times, rows, spans: [{ first: 0n, last: BigInt(days * day - 1) * 1_000_000n }] };
  const side = new TargetThrottle(settings, forecastTargetMemory(settings, place, layout, extent), context);
  const answer = (verdict: Verdict, bytes: number): void =>
    // Without points the batch has no series. Its slots take as many bytes as its text.
    side.observe({ verdict, endpoint: 'e', latencyMs: 1, sentBytes: bytes } satisfies Attempt, bytes, {
      ...batchOf(bytes),
      ...{ points: 0, slots: bytes / 16, values: bytes / 16 },
    });
  /** Asks to send a batch and records when it was admitted; -1 after a rejection. */
  const admit = (): { at: number | null } => {
    const seen = { at: null as number | null };
    void side.admit(batchOf(1000)).then(
      () => (seen.at = clock.monotonic()),
      () => (seen.at = -1),
    );
    return seen;
  };
  return { clock, side, told, notices, ends, answer, admit, target };
}

test('after 30 s of only "memory exhausted" the target is asked to flush, then once a minute', async () => {
  const { clock, answer, told, notices } = await setup({});
  for (let second = 0; second <= 100; second++) {
    answer(exhausted, 1000);
    await clock.advance(1000);
  }
  expect(told.flushes).toEqual([30_000, 90_000]);
  expect(notices.filter(({ kind }) => kind === 'relief')).toHaveLength(2);
});

test('relief works with --target-memory off and never begins with --no-relieve', async () => {
  for (const [flags, expected] of [
    [{ targetMemory: 'off' }, 1],
    [{ relieve: false }, 0],
  ] as const) {
    const { clock, answer, told } = await setup(flags);
    answer(exhausted, 1000);
    await clock.advance(60_000);
    expect(told.flushes).toHaveLength(expected);
  }
});

test('a flush between two time buckets replaces the flush that the rows of the next bucket would make due', async () => {
  const { clock, side, answer, told } = await setup({}, 500, 'done', undefined, 1, 4);
  const send = async (bucket: number): Promise<number | null> => {
    const seen = { at: null as number | null };
    const batch = batchOf(1000, bucket);
    void side.admit(batch).then(() => (seen.at = clock.monotonic()));
    await clock.advance(1000);
    side.settled(batch);
    side.observe({ verdict: { kind: 'accepted' }, endpoint: 'e', latencyMs: 1, sentBytes: 1000 }, 1000, {
      ...batch,
      points: 0,
    });
    return seen.at;
  };
  expect(await send(0)).toBe(0);
  answer({ kind: 'accepted' }, 30 * MiB);
  expect([await send(0), told.flushes]).toEqual([1000, []]);
  // The first bucket has 30 MiB. Another 30 MiB do not make a flush due, and the second bucket begins at once.
  expect([await send(1), told.flushes]).toEqual([2000, []]);
  answer({ kind: 'accepted' }, 30 * MiB);
  // Now they would.
  expect([await send(2), told.flushes]).toEqual([3500, [3000]]);
  expect([await send(2), told.flushes]).toEqual([4000, [3000]]);
});

test('no batch is admitted while the room is full, until the flush has ended', async () => {
  const { clock, side, answer, admit, told } = await setup({});
  answer({ kind: 'accepted' }, 140 * MiB);
  const waiting = admit();
  await clock.advance(499);
  expect([waiting.at, told.flushes]).toEqual([null, [0]]);
  await clock.advance(1);
  expect(waiting.at).toBe(500);
  expect(side.account().flushSeconds).toBe(0.5);
});

test('the end of planned flushes makes request bodies smallest and is reported', async () => {
  const { clock, answer, side, notices } = await setup({}, 100, 'notPermitted');
  answer({ kind: 'accepted' }, 140 * MiB);
  await clock.advance(200);
  expect(side.bodyBytes).toBe(128 * 1024);
  expect(notices.map(({ message }) => message).join()).toMatch(/not permitted: no.*at most 128 KiB/);
});

test('request bodies shrink on trouble and grow back', async () => {
  const { clock, answer, side } = await setup({ targetMemory: 'off' });
  answer(exhausted, MiB);
  expect(side.bodyBytes).toBe(MiB / 2);
  for (let i = 0; i < 400; i++) {
    await clock.advance(100);
    answer({ kind: 'accepted' }, side.bodyBytes);
  }
  expect(side.bodyBytes).toBe(MiB);
});

test('at the end of a stage every batch waits until the target has answered the flush, whatever its gauge shows', async () => {
  const { clock, answer, admit, told, notices } = await setup({ stage: '100MiB', targetMemory: 'off' });
  told.gauge = 90 * MiB;
  answer({ kind: 'accepted' }, 99 * MiB);
  const before = admit();
  await clock.advance(0);
  expect(before.at).toBe(0);
  answer({ kind: 'accepted' }, MiB);
  const [first, second] = [admit(), admit()];
  await clock.advance(499);
  expect([first.at, second.at, told.flushes]).toEqual([null, null, [0]]);
  await clock.advance(1);
  expect([first.at, second.at]).toEqual([500, 500]);
  expect(notices.filter(({ kind }) => kind === 'stage')).toHaveLength(1);
});

test('a flush that ends a stage may take minutes, and planned flushes continue after it', async () => {
  const { clock, answer, admit, told, notices } = await setup({ stage: '50MiB', targetMemory: '2GiB' }, 60_000);
  answer({ kind: 'accepted' }, 50 * MiB);
  const waiting = admit();
  await clock.advance(59_999);
  expect(waiting.at).toBeNull();
  await clock.advance(1);
  expect(waiting.at).toBe(60_000);
  expect(notices.filter(({ kind }) => kind === 'flush')).toEqual([]);
  answer({ kind: 'accepted' }, 2048 * MiB);
  await clock.advance(250);
  expect(told.timeouts).toEqual([300_000, 60_000]);
});

test('a stage flushes again after twice the time that the last flush took', async () => {
  const { clock, answer, admit, told } = await setup({ stage: '200MiB' }, 100);
  answer({ kind: 'accepted' }, 140 * MiB);
  await clock.advance(150);
  expect(told.flushes).toEqual([0]);
  answer({ kind: 'accepted' }, 60 * MiB);
  const waiting = admit();
  await clock.advance(10_000);
  expect([waiting.at, told.flushes]).toEqual([300, [0, 200]]);
});

test('a stage waits at most two seconds after a slow flush', async () => {
  const { clock, answer, admit, told } = await setup({ stage: '200MiB' }, 1_500);
  answer({ kind: 'accepted' }, 140 * MiB);
  await clock.advance(1_600);
  answer({ kind: 'accepted' }, 60 * MiB);
  const waiting = admit();
  await clock.advance(10_000);
  expect([waiting.at, told.flushes]).toEqual([3_500, [0, 2_000]]);
});

test('a stage without an answer to its flush reads the gauge, for five minutes at most', async () => {
  const slow = await setup({ stage: '100MiB' }, 500, 'failed');
  slow.told.gauge = 300 * MiB;
  slow.answer({ kind: 'accepted' }, 100 * MiB);
  const waiting = slow.admit();
  await slow.clock.advance(299_000);
  expect(waiting.at).toBeNull();
  await slow.clock.advance(10_000);
  expect(waiting.at).not.toBeNull();
  expect(slow.notices.at(-1)?.message).toMatch(/300 MiB of rows are still unflushed.*5 minutes/);
  const silent = await setup({ stage: '100MiB', relieve: false });
  silent.told.gauge = null;
  silent.answer({ kind: 'accepted' }, 100 * MiB);
  const other = silent.admit();
  await silent.clock.advance(12_000);
  expect([other.at, silent.told.flushes]).toEqual([12_000, []]);
});

test('a stop ends every wait at once, and no flush begins afterwards', async () => {
  const stop = new AbortController();
  const { clock, answer, admit, told } = await setup({}, 60_000, 'done', stop.signal);
  answer({ kind: 'accepted' }, 140 * MiB);
  const waiting = admit();
  await clock.advance(1000);
  stop.abort(new Error('stopped'));
  await clock.advance(0);
  expect(waiting.at).toBe(-1);
  await clock.advance(100_000);
  expect(told.flushes).toEqual([0]);
});

test('the estimated peak follows the bytes sent and unflushed', async () => {
  const { answer, side } = await setup({});
  answer({ kind: 'accepted' }, 10 * MiB);
  expect(side.account()).toMatchObject({
    advice: null,
    flushes: 0,
    rinses: 0,
    estimatedPeakBytesPerNode: Math.round((110 + 3.55 + 10 + 11) * MiB),
  });
});

test.each([
  [
    '250MiB',
    256,
    /^--target-memory 250 MiB limited the rate to about \d\d MB\/s: .*--target-memory 3\d\dMiB doubles the rate$/,
  ],
  [
    '512MiB',
    256,
    /^--target-memory 512 MiB limited the rate to about 1\d\d MB\/s: .*--target-memory 8\d\dMiB doubles the rate/,
  ],
])(
  'with --target-memory %s only the interval of flushes slows the target, and one notice says why',
  async (limit, kib, says) => {
    const { clock, answer, admit, side, notices } = await setup({ targetMemory: limit }, 20);
    while (clock.monotonic() < 30_000) {
      const asked = admit();
      do await clock.advance(50);
      while (asked.at === null);
      for (let sent = 0; sent < 16 * MiB; sent += side.bodyBytes) answer({ kind: 'accepted' }, side.bodyBytes);
    }
    expect(side.bodyBytes).toBe(kib * KiB);
    const { pacedSeconds, flushSeconds, advice } = side.account();
    expect(pacedSeconds).toBeGreaterThan(5);
    expect(flushSeconds - pacedSeconds).toBeLessThan(1);
    const said = notices.filter(({ kind }) => kind === 'paced').map(({ message }) => message);
    expect(said).toHaveLength(1);
    expect(advice).toMatch(says);
  },
);

test('of four senders each asks for a flush at a quarter of the rows, and a quarter as often', async () => {
  const flushesOf = async (senders: number, bytes: number): Promise<number[]> => {
    const { clock, answer, told } = await setup({ targetMemory: '512MiB' }, 100, 'done', undefined, senders);
    for (let i = 0; i < 24; i += 1) {
      answer({ kind: 'accepted' }, bytes);
      await clock.advance(500);
    }
    return told.flushes;
  };
  const alone = await flushesOf(1, 100 * MiB);
  const ofFour = await flushesOf(4, 25 * MiB);
  const gaps = (times: readonly number[]): number[] => times.slice(1).map((at, i) => at - times[i]!);
  expect(Math.min(...gaps(alone))).toBe(2000);
  expect(gaps(ofFour).length).toBeGreaterThan(0);
  expect(Math.min(...gaps(ofFour))).toBe(8000);
  expect(ofFour[0]).toBe(alone[0]);
});

test('a node that dies halves the room of all nodes, and flushes before the next batch once it is back', async () => {
  const { clock, side, answer, admit, told, notices } = await setup({}, 300);
  answer({ kind: 'accepted' }, MiB);
  const before = side.bodyBytes;
  answer({ kind: 'unreachable', reason: 'ECONNREFUSED' }, MiB);
  answer({ kind: 'unreachable', reason: 'ECONNREFUSED' }, MiB);
  expect(side.bodyBytes).toBeLessThan(0.6 * before);
  expect(notices.map(({ message }) => message)).toEqual([
    expect.stringMatching(
      /^e accepted writes and now refuses connections: the node probably ran out of memory; when the node is back, the load first asks the node to flush; from then on, rows and request bodies may take at most 199 MiB on each node, half of the earlier limit$/,
    ),
  ]);
  answer({ kind: 'accepted' }, MiB);
  const waiting = admit();
  await clock.advance(299);
  expect([waiting.at, told.flushes]).toEqual([null, [0]]);
  await clock.advance(1);
  expect(waiting.at).toBe(300);
  expect(side.account().nodeDeaths).toBe(1);
});

test('a node that dies again and again without a write ends the load as unavailable', async () => {
  const { answer, ends } = await setup({});
  answer({ kind: 'accepted' }, MiB);
  for (let i = 0; i < 3; i++) {
    answer({ kind: 'unreachable', reason: 'ECONNREFUSED' }, MiB);
    answer({ kind: 'dropped', reason: 'reset', mayBeApplied: true }, MiB);
  }
  expect(ends).toHaveLength(1);
  expect(ends[0]).toMatchObject({
    exitCode: 5,
    message: expect.stringMatching(/^writing to e: expected a node that stays up/),
  });
});

test('a load that has written one of its sixty time buckets has the room of the other vnodes for rows', async () => {
  const once = await setup({}, 500, 'done', new AbortController().signal, 1, 60);
  const rows = 70 * MiB;
  expect(once.side.account().planBytesPerNode).toBeLessThanOrEqual(512 * MiB);
  for (let sent = 0; sent < rows; sent += MiB) once.answer({ kind: 'accepted' }, MiB);
  expect(once.told.flushes).toHaveLength(0);
  for (let sent = 0; sent < rows; sent += MiB) once.answer({ kind: 'accepted' }, MiB);
  expect(once.told.flushes).toHaveLength(1);
});

test('points of ever new series need a flush long before their text does', async () => {
  const { clock, side, told } = await setup({});
  const lines = Array.from({ length: 4000 }, (_, i) => `cpu,host=#-${i} usage=1 1640995200000000000\n`);
  const batch = batchOfLines(lines);
  const { body } = batch;
  const attempt: Attempt = { verdict: { kind: 'accepted' }, endpoint: 'e', latencyMs: 1, sentBytes: body.length };
  const estimates: (number | null)[] = [];
  for (let n = 0; n < 26; n += 1) {
    for (let i = 0; i < body.length; i += 1) if (body[i] === 0x23) body[i + 1] = 0x41 + n;
    side.observe(attempt, body.length, batch);
    estimates.push(side.account().estimatedBytesPerNode);
    await clock.advance(10);
  }
  const base = nodeBase(1, { series: 4000, fields: 1, reopened: 0 });
  expect(estimates[0]).toBe(nodePeak(base, body.length, 4000 * (160 + seriesBytes)));
  expect(26 * body.length).toBeLessThan(8 * MiB);
  expect(told.flushes).toHaveLength(1);
});

test.each([
  [1, null],
  [2, 0],
])('a batch of %i writers that meets a rinse under way is sent at %j ms', async (workers, expected) => {
  const { clock, side, told, admit } = await setup({ workers }, 500, 'done', undefined, 1, 2);
  const attempt: Attempt = { verdict: { kind: 'accepted' }, endpoint: 'e', latencyMs: 1, sentBytes: MiB };
  // Rows of these batches take no memory, and their bodies more than half of the room.
  for (const [bucket, bodies] of [[0, 215] as const, [1, 1] as const]) {
    const batch = { ...batchOf(MiB, bucket), points: 0, slots: 0, values: 0 };
    for (let i = 0; i < bodies; i += 1) side.observe(attempt, MiB, batch);
  }
  const waiting = admit();
  await clock.advance(0);
  expect([waiting.at, told.rinses]).toEqual([expected, 4]);
  await clock.advance(1000);
  expect([side.account().rinses, told.rinses, waiting.at]).toEqual([1, 256, expected ?? 64]);
});

test('points of a batch that is acknowledged in part are not repeated by a rinse', async () => {
  const { clock, side, told, admit } = await setup({}, 500, 'done', undefined, 1, 2);
  const attempt: Attempt = { verdict: { kind: 'accepted' }, endpoint: 'e', latencyMs: 1, sentBytes: MiB };
  for (const [bucket, bodies] of [[0, 215] as const, [1, 1] as const]) {
    const batch = { ...batchOf(2 * MiB, bucket), points: 0, slots: 0, values: 0 };
    for (let i = 0; i < bodies; i += 1) side.observe(attempt, MiB, batch);
  }
  admit();
  await clock.advance(1000);
  expect([side.account().rinses, told.rinses]).toEqual([0, 0]);
});

test('without flushes the estimate counts as many rows as the target holds before it flushes by itself', async () => {
  const { clock, side, answer, told } = await setup({ relieve: false }, 500, 'done', undefined, 1, 2);
  const estimate = (bodies: number): number => {
    for (let i = 0; i < bodies; i += 1) answer({ kind: 'accepted' }, MiB);
    return side.account().estimatedBytesPerNode!;
  };
  // Two vnodes hold 128 MiB of rows each, and the one of the batches retains 256 request bodies.
  const full = estimate(300);
  expect(full).toBe(nodePeak(nodeBase(1), 256 * MiB, 256 * MiB));
  told.gauge = 40 * MiB;
  await clock.advance(11_000);
  expect([estimate(100), side.account().gaugeDifferenceBytes]).toEqual([full, null]);
});

test('a memcache holds more resident bytes than its size, because its gauge does not count all of them', async () => {
  const { side } = await setup({ relieve: false });
  const attempt: Attempt = { verdict: { kind: 'accepted' }, endpoint: 'e', latencyMs: 1, sentBytes: MiB };
  const points = 3_000_000;
  side.observe(attempt, MiB, {
    ...batchOf(MiB),
    points,
    slots: points,
    values: points,
    bodyEnd: (i: number) => 8 * i + 8,
  });
  // A row of one field takes 160 bytes, and the gauge counts 48.
  const rows = side.account().estimatedBytesPerNode! - nodePeak(nodeBase(1), MiB, 0);
  expect(rows / ((1.1 * 128 * MiB * 160) / 48)).toBeCloseTo(1, 4);
});

test('with flushes the estimate counts all rows, also beyond the memcaches', async () => {
  const { side, answer } = await setup({ targetMemory: '2GiB' });
  answer({ kind: 'accepted' }, 300 * MiB);
  expect(side.account().estimatedBytesPerNode).toBe(nodePeak(nodeBase(1), 300 * MiB, 300 * MiB));
});

test('wide rows are flushed before they fill a memcache, however much memory the node has', async () => {
  for (const [rows, flushes] of [
    [wide, 1],
    [undefined, 0],
  ] as const) {
    const { answer, told } = await setup({ targetMemory: '2GiB' }, 500, 'done', undefined, 1, 1, null, rows);
    answer({ kind: 'accepted' }, 60 * MiB);
    expect(told.flushes).toHaveLength(flushes);
  }
});

test('a target that is slow keeps the size of its request bodies', async () => {
  const { clock, side, answer, told } = await setup({}, 100);
  const before = side.bodyBytes;
  for (let i = 0; i < 6; i += 1) {
    answer({ kind: 'accepted' }, 60 * MiB);
    await clock.advance(4000);
  }
  expect(told.flushes.length).toBeGreaterThan(2);
  expect(side.bodyBytes).toBe(before);
});

test('what the target does not accept adds nothing to the estimate', async () => {
  const { side, answer } = await setup({});
  const before = side.account().estimatedBytesPerNode;
  answer(exhausted, MiB);
  expect(side.account().estimatedBytesPerNode).toBe(before);
});

test('a batch without points is never held', async () => {
  const { side, answer } = await setup({}, 60_000);
  answer({ kind: 'accepted' }, 140 * MiB);
  await side.admit({ ...batchOf(100), points: 0 });
  expect(side.holding).toBeNull();
});

test('a target whose memory is not planned has no figures, and its deaths are not reported', async () => {
  const { side, answer, notices, target } = await setup({ targetMemory: 'off' });
  Object.assign(target.traits, { plansMemory: false });
  answer({ kind: 'accepted' }, MiB);
  answer({ kind: 'unreachable', reason: 'ECONNREFUSED' }, MiB);
  const none = { planBytesPerNode: null, estimatedPeakBytesPerNode: null, estimatedBytesPerNode: null };
  expect([side.account(), notices]).toEqual([expect.objectContaining(none), []]);
});

test('without --target-memory the death of a node names no room', async () => {
  const { answer, notices } = await setup({ targetMemory: 'off' });
  answer({ kind: 'accepted' }, MiB);
  answer({ kind: 'unreachable', reason: 'ECONNREFUSED' }, MiB);
  expect(notices.map(({ message }) => message)).toEqual([expect.stringMatching(/first asks the node to flush$/)]);
});

test('a rinse counts the mean row of a batch for each of its writes, and is due no earlier on one machine', async () => {
  const { clock, side, told, admit } = await setup({}, 500, 'done', undefined, 1, 2);
  const attempt: Attempt = { verdict: { kind: 'accepted' }, endpoint: 'e', latencyMs: 1, sentBytes: MiB };
  const observe = (bucket: number, bodies: number): void => {
    const batch = { ...batchOf(MiB, bucket), points: 2, slots: 2000, values: 2000, bodyEnd: (i: number) => 8 * i + 8 };
    for (let i = 0; i < bodies; i += 1) side.observe(attempt, MiB, batch);
  };
  observe(0, 150);
  observe(1, 1);
  admit();
  await clock.advance(100);
  expect(told.rinses).toBe(0);
  observe(0, 65);
  observe(1, 1);
  const before = side.account().estimatedBytesPerNode!;
  admit();
  await clock.advance(100);
  // The points of a rinse are no points of the load.
  expect([side.account().rinses, told.points]).toEqual([1, 0]);
  // Each write repeats one point, whose row takes 16 KiB and 144 bytes. The caches keep two bodies of the other bucket.
  const change = 256 * 1.1 * (16 * KiB + 144) - 215 * MiB;
  expect((side.account().estimatedBytesPerNode! - before) / change).toBeCloseTo(1, 3);
});

test('one batch tests whether a flush of several seconds blocks writes', async () => {
  const { clock, answer, admit } = await setup({}, 60_000);
  await clock.advance(1000);
  for (let sent = 0; sent < 200; sent += 1) answer({ kind: 'accepted' }, MiB);
  const waiting = [admit(), admit()];
  await clock.advance(3900);
  expect(waiting.map(({ at }) => at)).toEqual([null, null]);
  await clock.advance(200);
  expect(waiting.map(({ at }) => at)).toEqual([5000, null]);
});

test('a flush is cancelled once the oldest pending write has waited for 15 s', async () => {
  const { clock, answer, admit, told, notices } = await setup({}, 60_000, 'timedOut');
  answer({ kind: 'accepted' }, 60 * MiB);
  answer({ kind: 'accepted' }, 120 * MiB);
  told.gauge = null;
  told.pending = [null, 3000, 9000];
  const waiting = admit();
  await clock.advance(60_000);
  expect(waiting.at).toBeNull();
  // A vnode with 180 MiB of rows may take 18 s more.
  expect(told.flushes[1]).toBe(Math.ceil((3000 + 15_000 + 18 * 1024) / 250) * 250);
  expect(new Set(notices.map(({ kind }) => kind))).toEqual(new Set(['flush-blocked']));
});

test('a load waits for a flush of the target, or only for the interval between two flushes', async () => {
  const { clock, side, answer, admit } = await setup({}, 100);
  const holding = [side.holding];
  for (const at of [0, 200]) {
    await clock.advance(at);
    answer({ kind: 'accepted' }, 140 * MiB);
    admit();
    await clock.advance(0);
    holding.push(side.holding);
  }
  await clock.advance(3000);
  expect([...holding, side.holding]).toEqual([null, 'target', 'targetMemory', null]);
});

test('wide rows of an admitted batch take room until the batch is settled', async () => {
  const { clock, side, admit } = await setup({}, 500, 'done', undefined, 1, 1, null, wide);
  const attempt: Attempt = { verdict: { kind: 'accepted' }, endpoint: 'e', latencyMs: 1, sentBytes: 20 };
  // A byte of a body becomes 1.6 MiB of rows, so the rows of two batches exceed the room.
  side.observe(attempt, 20, { ...batchOf(20), points: 0, slots: 2 * MiB, values: 2 * MiB });
  await clock.advance(1000);
  const [first, second] = [admit(), admit()];
  await clock.advance(1000);
  expect([first.at, second.at]).toEqual([1000, null]);
  side.settled({ ...batchOf(1000), points: 0 });
  await clock.advance(1000);
  expect(second.at).toBeNull();
  side.settled(batchOf(1000));
  await clock.advance(0);
  expect(second.at).toBe(3000);
});

test('a batch whose time buckets exceed --target-memory is refused, and ends the load', async () => {
  const { clock, side, ends } = await setup({}, 500, 'done', undefined, 1, 2);
  const part = batchOf(100).buckets[0]!;
  const buckets = Array.from({ length: 5000 }, (_, bucket) => ({ ...part, bucket }));
  const refused = expect(side.admit({ ...batchOf(100), buckets })).rejects.toThrow(/--target-memory/);
  await clock.advance(0);
  await refused;
  expect(ends).toHaveLength(1);
});

test('a rinse of wide rows leaves the bodies their size', async () => {
  const { clock, side, admit } = await setup({}, 500, 'done', undefined, 1, 2, null, wide);
  const attempt: Attempt = { verdict: { kind: 'accepted' }, endpoint: 'e', latencyMs: 1, sentBytes: MiB };
  for (const [bucket, bodies] of [[0, 215] as const, [1, 1] as const]) {
    const batch = { ...batchOf(MiB, bucket), bodyEnd: () => 8 };
    for (let i = 0; i < bodies; i += 1) side.observe(attempt, MiB, batch);
  }
  const before = side.bodyBytes;
  admit();
  await clock.advance(1000);
  expect([side.account().rinses, side.bodyBytes]).toEqual([1, before]);
});

test('a gauge counts as many resident bytes as the rows that it counts a part of', async () => {
  const { clock, side, told } = await setup({});
  const batch = batchOfLines(Array.from({ length: 1000 }, () => 'm f=1 1\n'));
  const { body } = batch;
  // A row of one field takes 160 bytes, and the gauge counts 48, and 106 of the series.
  side.observe({ verdict: { kind: 'accepted' }, endpoint: 'e', latencyMs: 1, sentBytes: 8 }, body.length, batch);
  told.gauge = 30 * MiB;
  await clock.advance(10_100);
  const resident = (30 * MiB * 160_000) / (48_000 + 106);
  expect(side.account().gaugeDifferenceBytes! / resident).toBeCloseTo(1 - 160_000 / resident, 2);
});

test('a gauge of a load that has sent nothing counts as it is, and one that is unknown changes nothing', async () => {
  for (const [gauge, expected] of [
    [30 * MiB, 30 * MiB],
    [null, null],
  ]) {
    const { clock, side, told } = await setup({});
    told.gauge = gauge!;
    await clock.advance(10_100);
    expect(side.account().gaugeDifferenceBytes).toBe(expected);
  }
});

test('a worker of a fleet counts its rows once, when the log brings them back', async () => {
  const events: MemoryEvent[] = [];
  let apply: (event: MemoryEvent) => void = () => {};
  const log: MemoryLog = {
    append: (event) => events.push(event),
    follow: async (follower) => {
      apply = (event) => follower.apply(event, false);
    },
    unfollow: () => {},
    beginFlush: async () => false,
    beginRinse: async () => false,
    end: () => {},
  };
  const { side, answer } = await setup({}, 500, 'done', undefined, 1, 1, log);
  await side.join();
  const idle = side.account().estimatedBytesPerNode;
  answer({ kind: 'accepted' }, 10 * MiB);
  expect(side.account().estimatedBytesPerNode).toBe(idle);
  for (const event of events) apply(event);
  expect(events.map(({ kind }) => kind)).toContain('body');
  expect(side.account().estimatedBytesPerNode).toBe(Math.round((110 + 3.55 + 10 + 11) * MiB));
});
