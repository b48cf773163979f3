// Computes the current rates of a run from the differences between snapshots of the last seconds.

import { type LimitingFactor, limitingFactors } from '../../core/limiting-factors.js';
import type { Answers } from '../../core/types/index.js';
import { answerKinds } from '../answers.js';

const windowSeconds = 15;
/**
 * A factor is named only if it limits the load for at least this share of 15 s, because every run sometimes waits for
 * its input.
 */
const minLimitedShare = 0.2;

/** The part of a snapshot from which rates are computed. */
export interface PaceSample {
  readonly seconds: number;
  /** Progress of the whole load, 0 to 100; null while unknown. */
  readonly percent: number | null;
  readonly points: { readonly loaded: number };
  readonly bytes: { readonly decoded: number };
  readonly heldBack: Readonly<Record<LimitingFactor, number>>;
  readonly endpoints: readonly { readonly answers: Answers; readonly openSeconds: number }[];
}

export interface LoadPace {
  /** Acknowledged points per second. */
  readonly pointsPerSecond: number;
  /** Decoded bytes per second. */
  readonly bytesPerSecond: number;
  /** Time to 100 percent at the current rate; null while the total is unknown or nothing is acknowledged. */
  readonly etaSeconds: number | null;
  /**
   * The factor that limited the load longest in the last 15 s; null if every factor limited the load for less than 3 s.
   */
  readonly limitedBy: LimitingFactor | null;
  /** The most frequent kind of trouble in the responses of the last 15 s; null without trouble. */
  readonly trouble: keyof Answers | null;
  /** Number of endpoints whose circuit was open at any time since the previous snapshot. */
  readonly openCircuits: number;
}

const noPace: LoadPace = {
  pointsPerSecond: 0,
  bytesPerSecond: 0,
  etaSeconds: null,
  limitedBy: null,
  trouble: null,
  openCircuits: 0,
};

/**
 * Returns the snapshots for the next measurement: the new snapshot, the other snapshots of the last 15 s, and the last
 * snapshot before these 15 s.
 */
export function remember<T extends PaceSample>(samples: readonly T[], latest: T): T[] {
  const all = [...samples, latest];
  const first = all.findIndex(({ seconds }) => latest.seconds - seconds < windowSeconds);
  return all.slice(Math.max(0, first - 1));
}

/** Computes the rates between the first and the last sample; with one sample, the average since the start. */
export function pace(samples: readonly PaceSample[]): LoadPace {
  const last = samples.at(-1);
  const first = samples.length > 1 ? samples[0] : undefined;
  const seconds = last === undefined ? 0 : last.seconds - (first?.seconds ?? 0);
  if (last === undefined || seconds <= 0) return noPace;
  return {
    pointsPerSecond: (last.points.loaded - (first?.points.loaded ?? 0)) / seconds,
    bytesPerSecond: (last.bytes.decoded - (first?.bytes.decoded ?? 0)) / seconds,
    etaSeconds: eta(last, first, seconds),
    limitedBy: limitedBy(last, first, seconds),
    trouble: trouble(last, first),
    openCircuits: openCircuits(last, samples.at(-2)),
  };
}

function eta(last: PaceSample, first: PaceSample | undefined, seconds: number): number | null {
  if (last.percent === null) return null;
  const perSecond = (last.percent - (first?.percent ?? 0)) / seconds;
  return perSecond > 0 ? (100 - last.percent) / perSecond : null;
}

/** Finds the factor that limited the load longest in the last 15 s. The factor of one moment would change too often. */
function limitedBy(last: PaceSample, first: PaceSample | undefined, seconds: number): LimitingFactor | null {
  const shareOf = (key: LimitingFactor): number => (last.heldBack[key] - (first?.heldBack[key] ?? 0)) / seconds;
  const [strongest] = limitingFactors.map(({ key }) => key).sort((a, b) => shareOf(b) - shareOf(a));
  return strongest !== undefined && shareOf(strongest) >= minLimitedShare ? strongest : null;
}

function trouble(last: PaceSample, first: PaceSample | undefined): LoadPace['trouble'] {
  const times = (kind: keyof Answers): number => total(last, kind) - (first === undefined ? 0 : total(first, kind));
  const [most] = answerKinds
    .filter(({ isTrouble, kind }) => isTrouble && times(kind) > 0)
    .sort((a, b) => times(b.kind) - times(a.kind));
  return most?.kind ?? null;
}

function total({ endpoints }: PaceSample, kind: keyof Answers): number {
  return endpoints.reduce((sum, { answers }) => sum + answers[kind], 0);
}

function openCircuits(last: PaceSample, before: PaceSample | undefined): number {
  return last.endpoints.filter(({ openSeconds }, i) => openSeconds > (before?.endpoints[i]?.openSeconds ?? 0)).length;
}
