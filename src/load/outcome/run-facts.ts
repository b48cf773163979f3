// Builds snapshots of a running load, and the figures for its summary.

import type { LimitingFactor } from '../../core/limiting-factors.js';
import type { Clock, EndpointTotals, Input, Summary, TargetDescription, VerifyReport } from '../../core/types/index.js';
import type { MemoryPlan } from '../../flow-control/own-memory/memory-plan.js';
import type { Watchdog } from '../../flow-control/own-memory/watchdog.js';
import type { TargetThrottle } from '../../flow-control/target-memory/target-throttle.js';
import type { FormatSet } from '../../formats/format-set.js';
import type { Snapshot } from '../../reporting/figures.js';
import type { Catalogue } from '../../schema/catalogue.js';
import type { Ledger } from '../ledger/ledger.js';
import type { Meter } from '../ledger/meter.js';
import { type SummaryInput, summarize } from '../ledger/summarize.js';
import type { ResumeState } from '../resume/resume-state.js';
import type { ReadStatus } from '../stages/read-status.js';
import type { WriteStage } from '../stages/write-stage.js';
import { percentDone } from './load-progress.js';
import type { RunPhases } from './run-phases.js';

/** Parts of a run. A part is null until the run has created it. */
export interface RunFacts {
  readonly inputs: readonly Input[];
  readonly clock: Clock;
  /** Start of the run, monotonic ms. */
  readonly startedAt: number;
  readonly ledger: Ledger;
  readonly meter: Meter;
  readonly resume: Pick<ResumeState, 'earlier'>;
  readonly status: ReadStatus;
  readonly phases: RunPhases;
  /** Number of points that --limit allows; null for no limit. */
  readonly limit: number | null;
  readonly endpoints: () => readonly EndpointTotals[];
  readonly rssBytes: () => number;
  memory: MemoryPlan | null;
  watchdog: Watchdog | null;
  description: TargetDescription | null;
  catalogue: Catalogue | null;
  formats: FormatSet | null;
  throttle: TargetThrottle | null;
  writer: WriteStage | null;
  verified: VerifyReport | null;
}

/** Facts of a run that may send points. */
export type SendingFacts = RunFacts & {
  readonly memory: MemoryPlan;
  readonly watchdog: Watchdog;
  readonly throttle: TargetThrottle;
  readonly writer: WriteStage;
};

export function snapshotOf(facts: SendingFacts): Snapshot {
  const { inputs, clock, ledger, meter, memory, status, writer, throttle } = facts;
  const { read, loaded, rejected } = ledger.total;
  const { p50, p99 } = meter.latencyMs();
  const { flushes, rinses, estimatedBytesPerNode } = throttle.account();
  const now = clock.monotonic();
  return {
    at: clock.now(),
    seconds: (now - facts.startedAt) / 1000,
    phase: facts.phases.current,
    percent: percentDone({
      inputs,
      totals: ledger.inputs,
      settledPoints: loaded + rejected,
      limit: facts.limit,
      isRead: (i) => status.isRead(i),
      positionIn: (i) => status.positionIn(i),
      settledBefore: (i) => facts.resume.earlier.settledBefore(i),
    }),
    points: { read, loaded, rejected },
    values: { loaded: ledger.values },
    bytes: { ...status.bytes, total: totalSize(inputs), sent: meter.bytesSent },
    inputs: { ...status.inputs, total: inputs.length },
    inFlight: writer.inFlight.count,
    writers: { limit: writer.governor.writers, max: memory.slots },
    memory: { rssBytes: facts.rssBytes(), limitBytes: memory.limitBytes, level: facts.watchdog.level },
    latencyMs: { p50, p99 },
    requests: { ...meter.requests },
    heldBackBy: heldBackBy(facts),
    heldBack: heldBack(facts),
    target: { flushes, rinses, nodeBytes: estimatedBytesPerNode },
    endpoints: facts.endpoints().map(({ url, loaded, openSeconds }) => ({
      url,
      loaded,
      openSeconds,
      ...meter.endpoint(url, now),
    })),
    fleet: null,
  };
}

/**
 * Returns the factor that limits the load now; null if nothing limits the load. If all batches wait, returns the cause
 * of this wait. Otherwise, a reduced number of writers has precedence over a wait for an input.
 */
function heldBackBy({ writer, throttle, status }: SendingFacts): LimitingFactor | null {
  return (
    throttle.holding ??
    (writer.rate.waiting ? 'rateLimit' : null) ??
    writer.governor.heldBackBy ??
    (status.waits.going ? 'input' : null)
  );
}

/** Returns for how many seconds each factor has limited the load. */
function heldBack({ writer, throttle, status }: RunFacts): Record<LimitingFactor, number> {
  const by = writer?.governor.account().heldBack;
  const held = throttle?.account();
  // `pacedSeconds` is the time of waits for the end of the minimum interval between two flushes. The user's limit for
  // the target's memory causes these waits, so they do not count as waits for the target.
  const targetMemory = held?.pacedSeconds ?? 0;
  return {
    // The number of writers is often reduced during a wait for a flush, so only the longer of the two times counts.
    target: Math.max(0, Math.max(by?.target ?? 0, held?.flushSeconds ?? 0) - targetMemory),
    targetMemory,
    ownMemory: by?.ownMemory ?? 0,
    input: status.waits.seconds,
    rateLimit: writer?.rate.waitedSeconds ?? 0,
  };
}

type RunFigures = Pick<
  SummaryInput,
  'endedMs' | 'seconds' | 'phases' | 'bytes' | 'memory' | 'pressure' | 'throttle' | 'endpoints'
>;

/** Builds the summary from the figures of the run and from further facts. */
export function summaryOf(facts: RunFacts, others: Omit<SummaryInput, keyof RunFigures>): Summary {
  return summarize(facts.ledger, facts.meter, { ...others, ...figuresOf(facts) });
}

function figuresOf(facts: RunFacts): RunFigures {
  const { clock, startedAt, status, throttle, endpoints, phases } = facts;
  const { starting, sending, verifying } = phases.seconds;
  return {
    endedMs: clock.now(),
    seconds: (clock.monotonic() - startedAt) / 1000,
    phases: { startSeconds: starting, sendSeconds: sending, verifySeconds: verifying },
    bytes: status.bytes,
    memory: memoryOf(facts),
    pressure: pressureOf(facts),
    throttle: throttle?.account() ?? null,
    endpoints: endpoints(),
  };
}

function memoryOf(facts: RunFacts): Summary['memory'] {
  const { memory, watchdog } = facts;
  const account = watchdog?.account;
  return {
    limitBytes: memory?.limitBytes ?? 0,
    limitSource: memory?.limitSource ?? '',
    peakRssBytes: Math.max(account?.peakRssBytes ?? 0, facts.rssBytes()),
    slots: memory?.slots ?? 0,
    slotBytes: memory?.slotBytes ?? 0,
    highSeconds: account?.highSeconds ?? 0,
    criticalSeconds: account?.criticalSeconds ?? 0,
    forcedGcs: account?.forcedGcs ?? 0,
  };
}

function pressureOf(facts: RunFacts): Summary['pressure'] {
  const { memory, writer } = facts;
  const account = writer?.governor.account();
  const held = heldBack(facts);
  return {
    workers: memory?.slots ?? 0,
    limitMin: account?.limitMin ?? 0,
    limitFinal: account?.limitFinal ?? 0,
    bodyBytesMin: writer?.sizes.min ?? 0,
    bodyBytesFinal: writer?.sizes.current ?? 0,
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
