// What a snapshot shows while a load runs.

import { expect, test } from 'vitest';
import type { Input } from '../../../src/core/types/index.js';
import { Ledger } from '../../../src/load/ledger/ledger.js';
import { Meter } from '../../../src/load/ledger/meter.js';
import { type RunFacts, summaryOf } from '../../../src/load/outcome/run-facts.js';
import type { Snapshot } from '../../../src/reporting/figures.js';
import { DeadLetters } from '../../../src/state/dead-letters/dead-letters.js';
import { bytesSource } from '../../formats/support.js';
import { VirtualClock } from '../../support/clock.js';
import { accepted, loadText, points } from '../custom-load.js';

const bad = 'm f=x 1640995200000000000\n';
const pipe = (name: string): Input => ({
  ...{ name, path: null, size: null, open: () => Promise.resolve(bytesSource(Buffer.from(points(1)))) },
});

/** Takes a snapshot 1.5 s after the start of a load that sends a point a second. */
async function halfway(more: Parameters<typeof loadText>[0]): Promise<Snapshot> {
  const seen: Snapshot[] = [];
  await loadText({
    ...{ text: points(3), ...more },
    flags: { batchPoints: 1, workers: 1, ratePoints: 1, ...more.flags },
    during: async (clock, snapshot) => {
      await clock.advance(1500);
      seen.push(snapshot());
      await clock.advance(60_000);
    },
  });
  return seen[0]!;
}

test('a snapshot has the time, the points and the size of a load so far', async () => {
  const snapshot = await halfway({});
  expect(snapshot).toMatchObject({
    ...{ seconds: 1.5, phase: 'sending', points: { read: 3, loaded: 2, rejected: 0 }, heldBackBy: 'rateLimit' },
    ...{ bytes: { total: points(3).length }, inputs: { total: 1 }, inFlight: 1, writers: { limit: 1, max: 1 } },
  });
  expect(snapshot.percent).toBeCloseTo(66.66, 1);
});

test('the size of a load with a pipe is unknown, and so is its progress', async () => {
  const snapshot = await halfway({ others: [pipe('-')] });
  expect(snapshot).toMatchObject({ bytes: { total: null }, percent: null });
});

test('rejected points count for the progress to --limit', async () => {
  expect((await halfway({ flags: { limit: 4 }, text: bad + points(5) })).percent).toBe(75);
});

test('nothing limits a load while its only request is answered', async () => {
  const factors: unknown[] = [];
  const write: typeof accepted = async (...sent) => {
    factors.push(snapshotNow().heldBackBy);
    return await accepted(...sent);
  };
  let snapshotNow = (): Snapshot => expect.unreachable('no snapshot yet');
  await loadText({
    own: { write },
    during: (_, snapshot) => {
      snapshotNow = snapshot;
      return Promise.resolve();
    },
  });
  expect(factors).toEqual([null]);
});

test('a load that waits for an input says so', async () => {
  const factors: unknown[] = [];
  const slow = pipe('-');
  let isWaiting = true;
  const waiting: Input['open'] = async (...args) => ({
    ...(await slow.open(...args)),
    read: async () => {
      while (isWaiting) await new Promise((resolve) => setImmediate(resolve));
      return 0;
    },
  });
  await loadText({
    ...{ others: [{ ...slow, open: waiting }], flags: { format: 'lp' } },
    during: async (clock, snapshot) => {
      await clock.advance(10_000);
      factors.push(snapshot().heldBackBy);
      isWaiting = false;
    },
  });
  expect(factors).toEqual(['input']);
});

/** Returns the seconds that each factor limited a load whose parts report the given seconds. */
function limits(flushSeconds: number, pacedSeconds: number, target: number) {
  const clock = new VirtualClock();
  const governor = { account: () => ({ limitMin: 1, limitFinal: 2, heldBack: { target, ownMemory: 4 } }) };
  const facts = {
    ...{ clock, startedAt: 0, meter: new Meter(), memory: null, watchdog: null, rssBytes: () => 1 },
    ledger: new Ledger([], new DeadLetters('/none', '0123456789ab'), { count: 0 }),
    status: { bytes: { read: 0, decoded: 0 }, waits: { seconds: 7 } },
    phases: { seconds: { starting: 1, sending: 2, verifying: 3 } },
    throttle: { account: () => ({ flushSeconds, pacedSeconds }) },
    writer: { governor, rate: { waitedSeconds: 8 }, sizes: { min: 10, current: 20 } },
    endpoints: () => [],
  } as unknown as RunFacts;
  const others = { startedMs: 0, inputs: [], introduced: { tables: 0, columns: 0 }, shard: null, deadLetters: null };
  const { pressure } = summaryOf(facts, { ...others, error: null } as unknown as Parameters<typeof summaryOf>[1]);
  return { ...pressure.heldBackBy, throttled: pressure.throttledSeconds };
}

test('waits for the interval between flushes count for --target-memory, and other waits for flushes for the target', () => {
  const others = { ownMemory: 4, input: 7, rateLimit: 8 };
  expect(limits(5, 2, 1)).toEqual({ ...others, target: 3, targetMemory: 2, throttled: 9 });
  expect(limits(5, 2, 6)).toEqual({ ...others, target: 4, targetMemory: 2, throttled: 10 });
  expect(limits(1, 2, 0)).toEqual({ ...others, target: 0, targetMemory: 2, throttled: 6 });
  expect(limits(0, 0, 0)).toEqual({ ...others, target: 0, targetMemory: 0, throttled: 4 });
});
