// What a run shows of itself: a snapshot while it goes on, the parts of its summary at the end. Reads, never changes.

import type { LimitingFactor } from '../core/limiting-factors.js';
import type { Clock, EndpointTotals, Input, Summary } from '../core/types/index.js';
import type { MemoryPlan } from '../flow-control/own-memory/memory-plan.js';
import { peakResident } from '../flow-control/own-memory/resident.js';
import type { TargetThrottle } from '../flow-control/target-memory/target-throttle.js';
import type { Snapshot } from '../reporting/figures.js';
import type { Ledger } from './ledger/ledger.js';
import type { Meter } from './ledger/meter.js';
import { type SummaryInput, summarize } from './ledger/summarize.js';
import { percentDone } from './load-progress.js';
import type { ReadStage } from './read-stage.js';
import type { ResumeState } from './resume-state.js';
import type { RunPhases } from './run-phases.js';
import type { WriteStage } from './write-stage.js';

/** The parts of a run that have something to tell; null: it never got so far. */
export interface RunFacts {
  readonly inputs: readonly Input[];
  readonly clock: Clock;
  /** Monotonic: the wall clock may be set meanwhile. */
  readonly begunMs: number;
  readonly ledger: Ledger;
  readonly meter: Meter;
  readonly memory: MemoryPlan | null;
  readonly reading: ReadStage | null;
  readonly resume: Pick<ResumeState, 'settledBefore'>;
  readonly phases: RunPhases;
  /** Largest number of points, --limit; null for none. */
  readonly limit: number | null;
  readonly sending: WriteStage | null;
  readonly side: TargetThrottle | null;
  readonly endpoints: readonly EndpointTotals[];
  readonly rssBytes: number;
}

export function snapshotOf(told: RunFacts): Snapshot {
  const { inputs, clock, ledger, meter, memory, reading, sending, side } = told;
  const governor = sending?.governor;
  const { read, loaded, rejected } = ledger.total;
  const bytes = reading?.bytes ?? { read: 0, decoded: 0 };
  const { p50, p99 } = meter.latencyMs();
  const account = side?.account();
  const now = clock.monotonic();
  return {
    at: clock.now(),
    seconds: (now - told.begunMs) / 1000,
    phase: told.phases.current,
    percent: percentDone({
      inputs,
      totals: ledger.inputs,
      settledPoints: loaded + rejected,
      limit: told.limit,
      isRead: (i) => reading?.isRead(i) ?? false,
      positionIn: (i) => reading?.positionIn(i) ?? null,
      settledBefore: (i) => told.resume.settledBefore(i),
    }),
    points: { read, loaded, rejected },
    values: { loaded: ledger.values },
    bytes: { ...bytes, total: totalSize(inputs), sent: meter.bytesSent },
    inputs: { done: reading?.inputs.done ?? 0, total: inputs.length, current: reading?.inputs.current ?? null },
    inFlight: sending?.inFlight ?? 0,
    writers: { limit: governor?.writers ?? 0, max: memory?.slots ?? 0 },
    memory: { rssBytes: told.rssBytes, limitBytes: memory?.limitBytes ?? 0, level: governor?.level ?? 'normal' },
    latencyMs: { p50, p99 },
    requests: { ...meter.requests },
    heldBackBy: heldBackBy(told),
    heldBack: heldBack(told),
    target: { flushes: account?.flushes ?? 0, nodeBytes: account?.estimatedBytesPerNode ?? null },
    endpoints: told.endpoints.map(({ url, loaded, openSeconds }) => ({
      url,
      loaded,
      openSeconds,
      ...meter.endpoint(url, now),
    })),
  };
}

/** A wait of all batches weighs more than fewer writers than there might be; an input matters once nothing else holds. */
function heldBackBy({ sending, side, reading }: RunFacts): LimitingFactor | null {
  return (
    side?.holding ??
    (sending?.rate.waiting ? 'rateLimit' : null) ??
    sending?.governor.heldBackBy ??
    (reading?.waits.going ? 'input' : null)
  );
}

/** Seconds so far. */
function heldBack({ sending, side, reading }: RunFacts): Record<LimitingFactor, number> {
  const by = sending?.governor.account().heldBack;
  const held = side?.account();
  // Waiting for the time between two flushes to pass is nothing that the target does.
  const targetMemory = held?.pacedSeconds ?? 0;
  return {
    // Fewer writers and a wait for a flush often hold at once: the longer of the two, and not their sum.
    target: Math.max(0, Math.max(by?.target ?? 0, held?.flushSeconds ?? 0) - targetMemory),
    targetMemory,
    ownMemory: by?.ownMemory ?? 0,
    input: reading?.waits.seconds ?? 0,
    rateLimit: sending?.rate.waitedSeconds ?? 0,
  };
}

type FactsTold = Pick<
  SummaryInput,
  'endedMs' | 'seconds' | 'phases' | 'bytes' | 'memory' | 'pressure' | 'side' | 'endpoints'
>;

/** The account of the whole run. `facts`: what its parts do not tell. */
export function summaryOf(told: RunFacts, facts: Omit<SummaryInput, keyof FactsTold>): Summary {
  return summarize(told.ledger, told.meter, { ...facts, ...factsOf(told) });
}

function factsOf(told: RunFacts): FactsTold {
  const { clock, begunMs, reading, side, endpoints, phases } = told;
  const { starting, sending, verifying } = phases.seconds;
  return {
    endedMs: clock.now(),
    seconds: (clock.monotonic() - begunMs) / 1000,
    phases: { startSeconds: starting, sendSeconds: sending, verifySeconds: verifying },
    bytes: reading?.bytes ?? { read: 0, decoded: 0 },
    memory: memoryOf(told),
    pressure: pressureOf(told),
    side: side?.account() ?? null,
    endpoints,
  };
}

function memoryOf(told: RunFacts): Summary['memory'] {
  const { memory, sending } = told;
  const account = sending?.governor.account();
  return {
    limitBytes: memory?.limitBytes ?? 0,
    limitSource: memory?.limitSource ?? '',
    peakRssBytes: peakRss(told),
    slots: memory?.slots ?? 0,
    slotBytes: memory?.slotBytes ?? 0,
    highSeconds: account?.highSeconds ?? 0,
    criticalSeconds: account?.criticalSeconds ?? 0,
    forcedGcs: account?.forcedGcs ?? 0,
  };
}

/** Up to now. The kernel's own record knows of peaks between two looks. */
export function peakRss({ sending }: RunFacts): number {
  return Math.max(sending?.governor.account().peakRssBytes ?? 0, peakResident());
}

function pressureOf(told: RunFacts): Summary['pressure'] {
  const { memory, sending } = told;
  const account = sending?.governor.account();
  const held = heldBack(told);
  return {
    workers: memory?.slots ?? 0,
    limitMin: account?.limitMin ?? 0,
    limitFinal: account?.limitFinal ?? 0,
    bodyBytesMin: sending?.sizes.min ?? 0,
    bodyBytesFinal: sending?.sizes.current ?? 0,
    throttledSeconds: held.target + held.targetMemory + held.ownMemory,
    heldBackBy: held,
  };
}

function totalSize(inputs: readonly Input[]): number | null {
  let total = 0;
  for (const { size } of inputs) {
    if (size === null) return null;
    total += size;
  }
  return total;
}
