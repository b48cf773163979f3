// Builds a snapshot of a load over a fleet, from the recorded pieces and from the status of workers that load pieces.

import type { Settings } from '../../../config/settings.js';
import type { Clock } from '../../../core/types/index.js';
import type { FleetPlan } from '../../../fleet/plan-file.js';
import type { Snapshot } from '../../../reporting/figures.js';
import type { FleetFollow } from './fleet-follow.js';
import type { FleetTotals, PlacedPiece } from './fleet-totals.js';

export interface FleetFacts {
  readonly clock: Clock;
  /** Monotonic ms at which the run began. */
  readonly startedAt: number;
  readonly totals: FleetTotals;
  readonly follow: FleetFollow;
  readonly pieces: ReadonlyMap<string, PlacedPiece>;
  readonly plan: FleetPlan;
  readonly settings: Settings;
  /** Memory limit of the coordinator, bytes. */
  readonly limitBytes: number;
}

export function snapshotOfFleet({
  clock,
  startedAt,
  totals,
  follow,
  pieces,
  plan,
  settings,
  limitBytes,
}: FleetFacts): Snapshot {
  const { run } = totals;
  const working = follow.workers.filter(({ piece }) => piece !== null && !totals.isBooked(piece));
  const points = { read: totals.points.read, loaded: totals.points.loaded, rejected: totals.points.rejected };
  const bytes = { ...run.bytes };
  let settledBytes = totals.settledBytes;
  for (const worker of working) {
    for (const key of ['read', 'loaded', 'rejected'] as const) points[key] += worker.points[key];
    for (const key of ['read', 'decoded', 'sent'] as const) bytes[key] += worker.bytes[key];
    const whole = pieces.get(worker.piece!)?.bytes ?? 0;
    const acknowledged = worker.points.read === 0 ? 0 : worker.points.loaded / worker.points.read;
    settledBytes += Math.min(whole, worker.bytes.decoded) * acknowledged;
  }
  const total = plan.inputs.reduce((sum, input) => sum + input.pieces.reduce((n, piece) => n + piece.bytes, 0), 0);
  const share = total === 0 ? 0 : Math.min(99.99, Math.floor((settledBytes * 10_000) / total) / 100);
  const sum = (of: (worker: (typeof working)[number]) => number): number => working.reduce((n, w) => n + of(w), 0);
  const nodeBytes = working.map((worker) => worker.nodeBytes ?? 0);
  return {
    at: clock.now(),
    seconds: (clock.monotonic() - startedAt) / 1000,
    phase: follow.isDone ? 'ending' : 'sending',
    percent: follow.isDone ? 100 : share,
    points,
    values: { loaded: totals.values },
    bytes: { ...bytes, total },
    inputs: { done: totals.inputsDone, total: plan.inputs.length, current: null },
    inFlight: sum(({ inFlight }) => inFlight),
    writers: { limit: sum(({ writers }) => writers), max: settings.workers },
    memory: { rssBytes: process.memoryUsage.rss(), limitBytes, level: 'normal' },
    latencyMs: { p50: run.latencyMs.p50, p99: run.latencyMs.p99 },
    requests: { ...run.requests },
    heldBackBy: null,
    heldBack: run.pressure.heldBackBy,
    target: {
      flushes: run.target.flushes,
      rinses: run.target.rinses,
      nodeBytes: nodeBytes.length === 0 ? null : Math.max(...nodeBytes) || null,
    },
    endpoints: [],
    fleet: {
      workers: follow.workers.length,
      pieces: { settled: totals.settledPieces, active: follow.counts.active, waiting: follow.counts.waiting },
    },
  };
}
