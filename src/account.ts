// What a run shows of itself: a snapshot while it goes on, the parts of its summary at the end. Reads, never changes.

import type { SizeLimit } from './deliver/sizes.js';
import type { Ledger } from './ledger/ledger.js';
import type { Meter } from './ledger/meter.js';
import type { Clock, Input, Snapshot, Summary } from './model.js';
import type { MemoryPlan } from './plan.js';
import type { Governor } from './pressure/contract.js';
import { peakResident } from './pressure/resident.js';
import type { Reading } from './reading.js';
import type { TargetSide } from './target-side.js';

/** The parts of a run that have something to tell; null: it never got so far. */
export interface Told {
  readonly inputs: readonly Input[];
  readonly clock: Clock;
  /** Monotonic: the wall clock may be set meanwhile. */
  readonly begunMs: number;
  readonly ledger: Ledger;
  readonly meter: Meter;
  readonly memory: MemoryPlan | null;
  readonly reading: Reading | null;
  readonly governor: Governor | null;
  readonly sizes: SizeLimit | null;
  readonly side: TargetSide | null;
  readonly inFlight: number;
  readonly rssBytes: number;
}

export function snapshotOf(told: Told): Snapshot {
  const { inputs, clock, ledger, meter, memory, reading, governor } = told;
  const { read, loaded, rejected } = ledger.total;
  const bytes = reading?.bytes ?? { read: 0, decoded: 0 };
  const { p50, p99 } = meter.latencyMs();
  return {
    at: clock.now(),
    seconds: (clock.monotonic() - told.begunMs) / 1000,
    points: { read, loaded, rejected },
    values: { loaded: ledger.values },
    bytes: { ...bytes, total: totalSize(inputs), sent: meter.bytesSent },
    inputs: { done: reading?.inputs.done ?? 0, total: inputs.length, current: reading?.inputs.current ?? null },
    inFlight: told.inFlight,
    writers: { limit: governor?.writers ?? 0, max: memory?.slots ?? 0 },
    memory: { rssBytes: told.rssBytes, limitBytes: memory?.limitBytes ?? 0, level: governor?.level ?? 'normal' },
    latencyMs: { p50, p99 },
    requests: { ...meter.requests },
    heldBackBy: governor?.heldBackBy ?? null,
  };
}

export function memoryOf(told: Told): Summary['memory'] {
  const { memory, governor } = told;
  const account = governor?.account();
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
export function peakRss({ governor }: Told): number {
  return Math.max(governor?.account().peakRssBytes ?? 0, peakResident());
}

export function pressureOf({ memory, governor, sizes, side }: Told): Summary['pressure'] {
  const account = governor?.account();
  const held = side?.account();
  // Fewer writers and a wait for a flush often hold at once: the longer of the two, and not their sum.
  const target = Math.max(account?.heldBack.target ?? 0, held?.flushSeconds ?? 0);
  const ownMemory = account?.heldBack.ownMemory ?? 0;
  return {
    workers: memory?.slots ?? 0,
    limitMin: account?.limitMin ?? 0,
    limitFinal: account?.limitFinal ?? 0,
    bodyBytesMin: sizes?.least ?? 0,
    bodyBytesFinal: sizes?.current ?? 0,
    throttledSeconds: target + ownMemory,
    heldBackBy: {
      target,
      ownMemory,
      input: 0,
      rateLimit: held?.rateLimitSeconds ?? 0,
    },
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
