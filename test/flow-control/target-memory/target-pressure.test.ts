import { expect, test } from 'vitest';
import { UnavailableError } from '../../../src/core/errors.js';
import type { Attempt, FlushOutcome, Notice, Verdict } from '../../../src/core/types/index.js';
import { TargetPressure, type TargetPressureOptions } from '../../../src/flow-control/target-memory/target-pressure.js';
import { VirtualClock } from '../../support/clock.js';

const KiB = 1024;
const MiB = 1024 * KiB;
const done: FlushOutcome = { kind: 'done', tookMs: 100, reason: null };

/** Creates the pressure of a node that has room for 100 MiB of rows and retains four bodies. */
function setUp(more: Partial<TargetPressureOptions> = {}, outcome: FlushOutcome = done) {
  const clock = new VirtualClock();
  const notices: Notice[] = [];
  const flushes: number[] = [];
  const gauges: { now: readonly (number | null)[] } = { now: [null] };
  const stop = new AbortController();
  const ends: unknown[] = [];
  const pressure = new TargetPressure({
    share: 1,
    relieve: true,
    nodes: 1,
    log: null,
    bodyBytesUnflushed: 128 * KiB,
    bodyBytes: MiB,
    caches: { bytes: 0, atWorst: 0, bucketCount: 10 },
    plan: { marks: () => ({ dueBytes: 50 * MiB, holdBytes: 100 * MiB }), bodiesBeside: () => MiB, countsSent: true },
    weigh: (kept, rows) => 1000 + kept + rows,
    clock,
    signal: stop.signal,
    abort: stop.signal,
    pendingSince: () => null,
    flush: async (_, signal) => {
      flushes.push(clock.monotonic());
      await clock.sleep(outcome.tookMs, signal).catch(() => {});
      return signal.aborted
        ? { kind: 'failed', tookMs: clock.monotonic() - flushes.at(-1)!, reason: 'stopped' }
        : outcome;
    },
    gauges: () => Promise.resolve(gauges.now),
    notify: (notice) => notices.push(notice),
    end: (error) => ends.push(error),
    ...more,
  });
  return { clock, pressure, notices, flushes, gauges, stop, ends };
}

const overloaded = (change: Partial<Extract<Verdict, { kind: 'overloaded' }>> = {}): Verdict => ({
  kind: 'overloaded',
  reason: 'busy',
  retryAfterMs: null,
  mayBeApplied: false,
  memory: false,
  timedOut: false,
  ...change,
});
const attempt = (verdict: Verdict): Attempt => ({ verdict, endpoint: 'http://a', latencyMs: 10, sentBytes: 1000 });
const accepted: Verdict = { kind: 'accepted' };

test.each<[string, Verdict, number]>([
  ['memory exhausted halves the bodies', overloaded({ memory: true }), 512],
  ['a timeout halves the bodies', overloaded({ timedOut: true }), 512],
  ['a lost connection halves the bodies', { kind: 'dropped', reason: 'reset', mayBeApplied: true }, 512],
  ['any other overload keeps the bodies', overloaded(), 1024],
  ['an unreachable endpoint keeps the bodies', { kind: 'unreachable', reason: 'refused' }, 1024],
  ['an acknowledgement keeps the bodies', accepted, 1024],
])('%s', (_, verdict, kib) => {
  const { pressure, notices } = setUp();
  pressure.observe(attempt(verdict), MiB, MiB);
  expect(pressure.bodyBytes).toBe(kib * KiB);
  const expected: Notice = {
    level: 'warn',
    kind: 'smaller-batches',
    message: 'the target is short of memory or time: request bodies are now at most 512 KiB',
  };
  expect(notices).toEqual(kib === 512 ? [expected] : []);
});

test('bodies that grow back are reported at debug level', async () => {
  const { clock, pressure, notices } = setUp();
  pressure.observe(attempt(overloaded({ memory: true })), MiB, MiB);
  for (let i = 0; i < 16; i++) {
    await clock.advance(500);
    pressure.observe(attempt(accepted), 512 * KiB, 0);
  }
  expect(pressure.bodyBytes).toBe(640 * KiB);
  expect(notices.slice(1)).toEqual([
    {
      level: 'debug',
      kind: 'larger-batches',
      message: 'the target has accepted all recent writes: request bodies are now at most 640 KiB',
    },
  ]);
});

test.each<[string, Verdict, boolean]>([
  ['memory exhausted', overloaded({ memory: true }), true],
  ['an overload for another reason', overloaded(), false],
])('only %s begins relief: %j', async (_, verdict, relieved) => {
  const { clock, pressure, notices, flushes } = setUp({ plan: null });
  pressure.observe(attempt(verdict), MiB, MiB);
  await clock.advance(31_000);
  expect(flushes).toHaveLength(relieved ? 1 : 0);
  expect(notices.filter(({ kind }) => kind === 'relief').map(({ message }) => message)).toEqual(
    relieved
      ? ['the target has answered only "memory exhausted" for 30s: asking the target to flush (COMPACT DATABASE)']
      : [],
  );
});

test('another answer between two memory exhausted ones restarts the 30 s before relief', async () => {
  const { clock, pressure, flushes } = setUp({ plan: null });
  pressure.observe(attempt(overloaded({ memory: true })), MiB, MiB);
  await clock.advance(20_000);
  pressure.observe(attempt(overloaded()), MiB, MiB);
  pressure.observe(attempt(overloaded({ memory: true })), MiB, MiB);
  await clock.advance(20_000);
  expect(flushes).toEqual([]);
  pressure.observe(attempt({ kind: 'dropped', reason: 'reset', mayBeApplied: true }), MiB, MiB);
  pressure.observe(attempt({ kind: 'unreachable', reason: 'refused' }), MiB, MiB);
  await clock.advance(11_000);
  expect(flushes).toEqual([30_000 + 20_000]);
});

test.each<[string, FlushOutcome, string]>([
  ['fails', { kind: 'failed', tookMs: 10, reason: 'no leader' }, 'the request to flush the target failed: no leader'],
  [
    'gets no answer',
    { kind: 'timedOut', tookMs: 15_000, reason: null },
    'the request to flush the target failed: no answer within 15s; the target may still be flushing',
  ],
])('relief that %s is reported', async (_, outcome, message) => {
  const { clock, pressure, notices } = setUp({ plan: null }, outcome);
  pressure.observe(attempt(overloaded({ memory: true })), MiB, MiB);
  await clock.advance(50_000);
  expect(notices.filter(({ kind }) => kind === 'relief-failed').map((each) => each.message)).toEqual([message]);
});

test('sending waits at the limit until the flush has ended, and the flush is counted', async () => {
  const { clock, pressure, flushes } = setUp();
  pressure.observe(attempt(accepted), MiB, 60 * MiB);
  pressure.observe(attempt(accepted), MiB, 50 * MiB);
  let admitted = false;
  const admission = pressure.admit(MiB).then(() => {
    admitted = true;
  });
  await clock.advance(99);
  expect(admitted).toBe(false);
  await clock.advance(2);
  await admission;
  expect([flushes.length, pressure.flushes, pressure.pacing.held]).toEqual([1, 1, false]);
});

test('the first body is sent at once', async () => {
  const { pressure } = setUp();
  await pressure.admit(MiB);
  expect(pressure.pacing.heldSeconds).toBe(0);
});

test('rows of bodies on their way take room until their batches are settled', async () => {
  const { clock, pressure, flushes } = setUp();
  pressure.observe(attempt(accepted), MiB, 30 * MiB);
  let admitted = 0;
  const admit = () => void pressure.admit(MiB).then(() => (admitted += 1));
  for (let i = 0; i < 4; i += 1) admit();
  await clock.advance(1000);
  expect(admitted).toBe(2);
  pressure.settled(MiB);
  await clock.advance(1);
  expect([admitted, flushes.length]).toEqual([3, 0]);
});

test('a body with more rows than the room is sent alone', async () => {
  const { clock, pressure } = setUp();
  pressure.observe(attempt(accepted), MiB, 30 * MiB);
  let admitted = 0;
  for (let i = 0; i < 2; i += 1) void pressure.admit(4 * MiB).then(() => (admitted += 1));
  await clock.advance(1000);
  expect(admitted).toBe(1);
});

test('the rows of a body fill a quarter of the room at most', async () => {
  const { clock, pressure } = setUp();
  pressure.observe(attempt(accepted), MiB, 25 * MiB, 25 * MiB);
  await clock.advance(300);
  expect(pressure.bodyBytes).toBe(512 * KiB);
  pressure.observe(attempt(accepted), KiB, 50 * MiB);
  expect(pressure.bodyBytes).toBe(32 * KiB);
});

test('the rows of a body from another worker of a fleet limit the next bodies as well', async () => {
  const { clock, pressure } = setUp();
  pressure.acknowledged(MiB, 25 * MiB, 25 * MiB);
  await clock.advance(300);
  expect(pressure.bodyBytes).toBe(512 * KiB);
});

const endless: FlushOutcome = { kind: 'timedOut', tookMs: 60_000, reason: null };

test('a flush that blocks the writes of a held load is cancelled and sent again', async () => {
  const pending = { since: null as number | null };
  const { clock, pressure, notices, flushes } = setUp({ pendingSince: () => pending.since }, endless);
  pressure.observe(attempt(accepted), MiB, 120 * MiB);
  // No write is pending, so one batch tests whether the flush blocks.
  const tested = pressure.admit(MiB).then(() => {
    pending.since = clock.monotonic();
  });
  await clock.advance(4_000);
  await tested;
  await clock.advance(16_000);
  expect([flushes.length, pressure.save().isFlushing]).toEqual([1, true]);
  await clock.advance(500);
  expect(flushes).toEqual([0, 20_250]);
  expect(notices.map(({ message }) => message)).toEqual([
    'the target answers neither COMPACT DATABASE nor writes: the load cancels the statement after 20s and sends the statement again',
  ]);
});

test.each<[string, number | null, (pressure: TargetPressure) => void]>([
  ['while writes are acknowledged', 0, (pressure) => pressure.observe(attempt(accepted), MiB, 0)],
  ['while writes of other workers are acknowledged', 0, (pressure) => pressure.acknowledged(MiB, 0)],
  ['while memory is exhausted', 0, (pressure) => pressure.observe(attempt(overloaded({ memory: true })), MiB, 0)],
  ['without a pending write', null, () => {}],
])('a long flush is not cancelled %s', async (_, since, answer) => {
  const { clock, pressure, flushes } = setUp({ pendingSince: () => since }, endless);
  pressure.observe(attempt(accepted), MiB, 60 * MiB);
  for (let second = 0; second < 59; second += 1) {
    await clock.advance(1_000);
    answer(pressure);
  }
  expect([flushes.length, pressure.save().isFlushing]).toEqual([1, true]);
});

test('a wait for only the interval between two flushes counts as paced', async () => {
  const { clock, pressure } = setUp();
  pressure.observe(attempt(accepted), MiB, 60 * MiB);
  await clock.advance(200);
  pressure.observe(attempt(accepted), MiB, 110 * MiB);
  const admission = pressure.admit(MiB);
  await clock.advance(800);
  expect(pressure.pacing.held).toBe(true);
  await clock.advance(1100);
  await admission;
  expect(pressure.flushes).toBe(2);
  expect(pressure.pacing.heldSeconds).toBeCloseTo(1.8, 1);
  expect(pressure.pacing.bytesPerSecond).toBe(MiB / 2);
});

test('the estimate of a node counts retained bodies and unflushed rows, and its peak survives a flush', async () => {
  const caches = { bytes: 0, atWorst: 0, bucketCount: 1 };
  const { clock, pressure } = setUp({ caches });
  expect([pressure.nodeBytes, pressure.peakBytes]).toEqual([1000, 1000]);
  caches.bytes = MiB;
  pressure.observe(attempt(accepted), MiB, 60 * MiB);
  expect(pressure.nodeBytes).toBe(1000 + 61 * MiB);
  await clock.advance(300);
  expect([pressure.nodeBytes, pressure.peakBytes]).toEqual([1000 + MiB, 1000 + 61 * MiB]);
});

test('rows that a rinse writes again count as unflushed, and leave the bodies their size', () => {
  const { pressure } = setUp();
  pressure.acknowledged(0, MiB);
  expect([pressure.nodeBytes, pressure.bodyBytes]).toEqual([1000 + MiB, MiB]);
});

test('the largest difference of a gauge from the estimates of its time is kept', async () => {
  const { clock, pressure, gauges } = setUp();
  expect(pressure.flushing.gaugeDifference).toBeNull();
  gauges.now = [0];
  await clock.advance(10_000);
  expect(pressure.flushing.gaugeDifference).toBe(0);
  pressure.observe(attempt(accepted), MiB, 20 * MiB);
  gauges.now = [22 * MiB];
  await clock.advance(10_000);
  expect(pressure.flushing.gaugeDifference).toBe(2 * MiB);
  gauges.now = [26 * MiB];
  await clock.advance(10_100);
  expect(pressure.flushing.gaugeDifference).toBe(6 * MiB);
  gauges.now = [17 * MiB];
  await clock.advance(30_000);
  expect(pressure.flushing.gaugeDifference).toBe(6 * MiB);
});

test('gauges are read every 10 s only if flushes are planned', async () => {
  const reads = { planned: 0, unplanned: 0 };
  const planned = setUp({ gauges: () => Promise.resolve([reads.planned++]) });
  const unplanned = setUp({ plan: null, gauges: () => Promise.resolve([reads.unplanned++]) });
  await planned.clock.advance(30_000);
  await unplanned.clock.advance(30_000);
  expect(reads).toEqual({ planned: 3, unplanned: 0 });
});

test('a gauge above the estimate raises it', async () => {
  const { clock, pressure, gauges } = setUp();
  gauges.now = [40 * MiB];
  await clock.advance(10_100);
  expect(pressure.nodeBytes).toBe(1000 + 40 * MiB);
});

test.each<[string, FlushOutcome, RegExp]>([
  [
    'refused for lack of privilege',
    { kind: 'notPermitted', tookMs: 1, reason: 'no' },
    /not permitted: no; request bodies are now at most 128 KiB, and nodes may exceed --target-memory/,
  ],
  [
    'too slow',
    { kind: 'done', tookMs: 11_000, reason: null },
    /two consecutive flushes took more than 10s; request bodies are now at most 128 KiB, and before a node exceeds --target-memory, the load waits until the target/,
  ],
])('planned flushes that are %s end with smaller bodies and one warning', async (_, outcome, message) => {
  const { clock, pressure, notices } = setUp({}, outcome);
  pressure.observe(attempt(accepted), MiB, 60 * MiB);
  await clock.advance(12_000);
  pressure.observe(attempt(accepted), MiB, 60 * MiB);
  await clock.advance(12_000);
  expect(pressure.bodyBytes).toBe(128 * KiB);
  const warnings = notices.filter(({ kind }) => kind === 'flush');
  expect(warnings).toHaveLength(1);
  expect(warnings[0]!.message).toMatch(message);
});

test('a load whose target does not flush for two minutes ends with the figures, and never exceeds its memory', async () => {
  const { clock, pressure, ends } = setUp({}, { kind: 'timedOut', tookMs: 60_000, reason: null });
  pressure.observe(attempt(accepted), MiB, 110 * MiB);
  await clock.advance(170_000);
  expect(ends).toEqual([]);
  await clock.advance(15_000);
  expect(ends[0]).toBeInstanceOf(UnavailableError);
  expect(String(ends[0])).toMatch(/a flush within 2 minutes.*a node with about 110 MiB of rows/);
});

test('a stage flushes after the running flush and waits for its end', async () => {
  const { clock, pressure, flushes } = setUp();
  pressure.observe(attempt(accepted), MiB, 60 * MiB);
  await clock.advance(2_000);
  const flushed = pressure.flushNow();
  await clock.advance(200);
  await flushed;
  expect(flushes).toEqual([0, 2_000]);
});

test('a stage flushes although the timer of its wait ends early', async () => {
  const { clock, pressure, flushes } = setUp();
  const sleep = clock.sleep.bind(clock);
  clock.sleep = (ms, signal) => sleep(ms > 1 ? ms - 0.4 : ms, signal);
  await Promise.all([pressure.flushNow(), clock.advance(100)]);
  const flushed = pressure.flushNow();
  await clock.advance(2_500);
  expect(await flushed).toMatchObject({ kind: 'done' });
  expect(flushes).toHaveLength(2);
});

test('an aborted load releases its waiting batches with the reason and stops all timers', async () => {
  const { clock, pressure, stop } = setUp({ flush: () => new Promise(() => {}) });
  pressure.observe(attempt(accepted), MiB, 110 * MiB);
  const admission = expect(pressure.admit(MiB)).rejects.toThrow('stopped');
  stop.abort(new Error('stopped'));
  await admission;
  expect(clock.waiting).toBe(0);
  const late = setUp();
  late.pressure.close();
  late.pressure.observe(attempt(accepted), MiB, 110 * MiB);
  await late.pressure.admit(MiB);
  expect([late.flushes, late.pressure.nodeBytes]).toEqual([[], 1000]);
});

test('a planned flush that fails is not reported as failed relief', async () => {
  const { clock, pressure, notices } = setUp({}, { kind: 'failed', tookMs: 10, reason: 'no leader' });
  pressure.observe(attempt(accepted), MiB, 60 * MiB);
  await clock.advance(100);
  expect(notices).toEqual([]);
});

test('relief that succeeds is not reported as failed', async () => {
  const { clock, pressure, notices } = setUp({ plan: null });
  pressure.observe(attempt(overloaded({ memory: true })), MiB, MiB);
  await clock.advance(40_000);
  expect(notices.map(({ kind }) => kind)).toEqual(['smaller-batches', 'relief']);
});

test('only acknowledged bodies count as retained, and their rows limit the next bodies', async () => {
  const { clock, pressure } = setUp();
  pressure.observe(attempt(overloaded()), MiB, 50 * MiB);
  await clock.advance(300);
  expect([pressure.nodeBytes, pressure.bodyBytes]).toEqual([1000, MiB]);
});

test('the marks count the series from before and since the last flush', async () => {
  const series: number[] = [];
  const marks = (_: number, seriesBytes: number) => {
    series.push(seriesBytes);
    return { dueBytes: 50 * MiB, holdBytes: 100 * MiB };
  };
  const { clock, pressure } = setUp({ plan: { marks, bodiesBeside: () => MiB, countsSent: true } });
  pressure.observe(attempt(accepted), MiB, 60 * MiB, 10);
  pressure.observe(attempt(accepted), MiB, 0, 5);
  await clock.advance(0);
  pressure.observe(attempt(accepted), MiB, 0, 5);
  expect(series.at(-1)).toBe(15);
});

test('rows count with their share on the node, and with the factor by which gauges exceed the estimate', async () => {
  const shared = setUp({ share: 0.5 });
  shared.pressure.observe(attempt(accepted), MiB, 100 * MiB);
  await shared.clock.advance(300);
  expect(shared.pressure.bodyBytes).toBe(512 * KiB);
  const { clock, pressure, gauges } = setUp();
  pressure.observe(attempt(accepted), MiB, 20 * MiB);
  gauges.now = [40 * MiB];
  await clock.advance(10_000);
  pressure.observe(attempt(accepted), MiB, 25 * MiB);
  await clock.advance(300);
  expect(pressure.bodyBytes).toBe(512 * KiB);
});

test('the rows between two flushes count with their share in the size of the bodies', async () => {
  const rows: number[] = [];
  const bodiesBeside = (bytes: number): number => rows.push(bytes) * MiB;
  const marks = () => ({ dueBytes: 50 * MiB, holdBytes: 100 * MiB });
  const { clock, pressure } = setUp({ share: 0.5, plan: { marks, bodiesBeside, countsSent: false } });
  pressure.observe(attempt(accepted), MiB, 120 * MiB);
  await clock.advance(1000);
  pressure.observe(attempt(accepted), MiB, 120 * MiB);
  await clock.advance(1500);
  // 60 MiB in two seconds, times 1.5 for the rows that arrive during the flush.
  expect(rows.at(-1)).toBeCloseTo(90 * MiB, -1);
});

test('gauges that take longer than ten seconds are not read twice at once', async () => {
  let reads = 0;
  const gauges = (): Promise<never> => {
    reads += 1;
    return new Promise(() => {});
  };
  const { clock } = setUp({ gauges });
  await clock.advance(30_000);
  expect(reads).toBe(1);
});

test('rejected bodies do not make bodies larger', async () => {
  const { clock, pressure } = setUp();
  pressure.observe(attempt(overloaded({ memory: true })), MiB, MiB);
  for (let i = 0; i < 20; i++) {
    await clock.advance(500);
    pressure.observe(attempt({ kind: 'rejected', reason: 'no', point: null } as never), 512 * KiB, 0);
  }
  expect(pressure.bodyBytes).toBe(512 * KiB);
});

test('relief of a node that flushes too slowly says why', async () => {
  const { clock, pressure, notices } = setUp({}, { kind: 'done', tookMs: 11_000, reason: null });
  pressure.observe(attempt(accepted), MiB, 60 * MiB);
  await clock.advance(12_000);
  pressure.observe(attempt(accepted), MiB, 60 * MiB);
  await clock.advance(12_000);
  pressure.observe(attempt(accepted), MiB, 120 * MiB);
  await clock.advance(1000);
  expect(notices.find(({ kind }) => kind === 'relief')?.message).toMatch(/^the unflushed rows of a node have reached/);
});

test('relief without planned flushes that is not permitted changes neither bodies nor notices about flushes', async () => {
  const { clock, pressure, notices } = setUp({ plan: null }, { kind: 'notPermitted', tookMs: 1, reason: 'no' });
  pressure.observe(attempt(overloaded({ memory: true })), MiB, MiB);
  await clock.advance(40_000);
  expect(pressure.bodyBytes).toBe(512 * KiB);
  expect(notices.map(({ kind }) => kind)).toEqual(['smaller-batches', 'relief', 'relief-failed']);
});

test('a flush under way is saved, and a worker that takes over goes on waiting for it', async () => {
  const { pressure, clock } = setUp();
  pressure.observe(attempt(accepted), MiB, 60 * MiB);
  const saved = pressure.save();
  expect(saved.isFlushing).toBe(true);
  const other = setUp().pressure;
  other.restore(saved);
  expect(other.save().isFlushing).toBe(true);
  await clock.advance(200);
  expect(pressure.save().isFlushing).toBe(false);
  other.restore(pressure.save());
  expect(other.save().isFlushing).toBe(false);
});
