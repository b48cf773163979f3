// A snapshot of a run and a summary, for tests to vary.

import { byFactor, type LimitingFactor } from '../../src/core/limiting-factors.js';
import type { Answers, Summary } from '../../src/core/types/index.js';
import type { Snapshot } from '../../src/reporting/figures.js';

const MiB = 1_048_576;

/** Seconds by limiting factor; 0 for the factors that are not named. */
export function limitedBy(seconds: Partial<Record<LimitingFactor, number>> = {}): Record<LimitingFactor, number> {
  return byFactor((key) => seconds[key] ?? 0);
}

/** A run after `seconds`: 10,000 points and 2 MiB per second, of a file of 200 MiB that takes 200 s. */
export function snapshotAt(seconds: number, change: Partial<Snapshot> = {}): Snapshot {
  return {
    at: Date.UTC(2022, 0, 1) + seconds * 1000,
    seconds,
    phase: 'sending',
    percent: Math.min(100, seconds / 2),
    points: { read: 10_500 * seconds, loaded: 10_000 * seconds, rejected: 0 },
    values: { loaded: 100_000 * seconds },
    bytes: { read: MiB * seconds, total: 200 * MiB, decoded: 2 * MiB * seconds, sent: MiB * seconds },
    inputs: { done: 0, total: 1, current: 'a.lp.gz' },
    inFlight: 5,
    writers: { limit: 6, max: 8 },
    memory: { rssBytes: 231 * MiB, limitBytes: 512 * MiB, level: 'normal' },
    latencyMs: { p50: 12, p99: 80 },
    requests: { sent: 1, accepted: 1, overloaded: 0, unreachable: 0, rejected: 0, refused: 0, retried: 0 },
    heldBackBy: null,
    heldBack: limitedBy({ input: 0.1 * seconds }),
    target: { flushes: 0, rinses: 0, nodeBytes: 200 * MiB },
    endpoints: [
      {
        url: 'http://a:8902',
        loaded: 10_000 * seconds,
        openSeconds: 0,
        answers: answers({ accepted: 10 * seconds }),
        p99Ms: 80,
      },
    ],
    fleet: null,
    ...change,
  };
}

export function answers(change: Partial<Answers> = {}): Answers {
  return {
    ...{ accepted: 0, overloaded: 0, forming: 0, unreachable: 0, dropped: 0, rejected: 0, refused: 0 },
    ...change,
  };
}

export function input(name: string, change: Partial<Summary['inputs'][number]> = {}): Summary['inputs'][number] {
  return {
    name,
    format: 'lp',
    read: 1000,
    loaded: 1000,
    rejected: 0,
    undelivered: 0,
    bytes: 100_000,
    resumedFromByte: 0,
    error: null,
    ...change,
  };
}

export function summaryOf(change: Partial<Summary> = {}): Summary {
  return {
    formatVersion: 1,
    version: '0.1.0',
    outcome: 'complete',
    exitCode: 0,
    reason: null,
    continueWith: null,
    startedAt: '2022-01-01T00:00:00.000Z',
    endedAt: '2022-01-01T00:01:23.000Z',
    seconds: 83,
    phases: { startSeconds: 0.5, sendSeconds: 82.4, verifySeconds: 0 },
    points: { read: 1_234_567, loaded: 1_234_567, rejected: 0, undelivered: 0 },
    values: { loaded: 9_876_536 },
    thisRun: { read: 1_234_567, loaded: 1_234_567, rejected: 0 },
    bytes: { read: 30 * MiB, decoded: 310 * MiB, sent: 312 * MiB },
    rate: { pointsPerSecond: 14_874.3, decodedBytesPerSecond: 3.7 * MiB },
    batches: { loaded: 310, alone: 2, cut: { points: 0, bytes: 309, inputEnd: 1, idle: 0, split: 0 } },
    requests: { sent: 310, accepted: 310, overloaded: 0, unreachable: 0, rejected: 0, refused: 0, retried: 0 },
    latencyMs: { p50: 12.4, p95: 30, p99: 55, max: 1250 },
    memory: {
      limitBytes: 512 * MiB,
      limitSource: 'default',
      peakRssBytes: 131 * MiB,
      slots: 9,
      slotBytes: 3 * MiB,
      highSeconds: 0,
      criticalSeconds: 0,
      forcedGcs: 0,
    },
    pressure: {
      workers: 8,
      limitMin: 8,
      limitFinal: 8,
      bodyBytesMin: MiB,
      bodyBytesFinal: MiB,
      throttledSeconds: 0,
      heldBackBy: limitedBy(),
    },
    target: {
      version: '2.4.3',
      planBytesPerNode: null,
      estimatedPeakBytesPerNode: null,
      flushes: 0,
      rinses: 0,
      nodeDeaths: 0,
      gaugeDifferenceBytes: null,
      advice: null,
      newTables: 2,
      newColumns: 20,
    },
    inputs: [input('a.lp.gz', { read: 1_234_567, loaded: 1_234_567 })],
    rejects: { byReason: {}, deadLetters: null, reasons: null },
    verify: null,
    endpoints: [{ url: 'http://a:8902', loaded: 1_234_567, failures: 0, openSeconds: 0 }],
    checkpoint: null,
    shard: null,
    machines: null,
    ...change,
  };
}
