// How fast it goes just now: the difference of two snapshots, taken over the last seconds so that figures do not jump.

import type { Answers, LimitingFactor, Snapshot } from '../../core/types/index.js';

const windowSeconds = 15;
/** Of the time looked at: some waiting for bytes is in every run, and is not worth a word. */
const heldShare = 0.2;
const troubles = ['overloaded', 'unreachable', 'dropped', 'forming', 'refused'] as const;

export interface LoadPace {
  /** Loaded points. */
  readonly pointsPerSecond: number;
  /** Decoded bytes. */
  readonly bytesPerSecond: number;
  /** From file bytes; null while the total is unknown or nothing moves. */
  readonly etaSeconds: number | null;
  /** What held the load back most, for a fifth of that time at least; null: nothing did. */
  readonly heldBackBy: LimitingFactor | null;
  /** What the target answered most often where it did not take what was sent; null: it took everything. */
  readonly trouble: (typeof troubles)[number] | null;
  /** Endpoints left alone since the look before. */
  readonly leftAlone: number;
}

/** Snapshots to measure from: the new one, those of the last 15 s, and the one just before them. */
export function remember(looks: readonly Snapshot[], snapshot: Snapshot): Snapshot[] {
  const all = [...looks, snapshot];
  const first = all.findIndex((look) => snapshot.seconds - look.seconds < windowSeconds);
  return all.slice(Math.max(0, first - 1));
}

/** With a single look the average since the start. */
export function pace(looks: readonly Snapshot[]): LoadPace {
  const last = looks.at(-1);
  const first = looks.length > 1 ? looks[0] : undefined;
  const seconds = last === undefined ? 0 : last.seconds - (first?.seconds ?? 0);
  if (last === undefined || seconds <= 0) {
    return { pointsPerSecond: 0, bytesPerSecond: 0, etaSeconds: null, heldBackBy: null, trouble: null, leftAlone: 0 };
  }
  const fileBytes = (last.bytes.read - (first?.bytes.read ?? 0)) / seconds;
  const left = last.bytes.total === null ? null : Math.max(0, last.bytes.total - last.bytes.read);
  return {
    pointsPerSecond: (last.points.loaded - (first?.points.loaded ?? 0)) / seconds,
    bytesPerSecond: (last.bytes.decoded - (first?.bytes.decoded ?? 0)) / seconds,
    etaSeconds: left === null || fileBytes <= 0 ? null : left / fileBytes,
    heldBackBy: heldBackBy(last, first, seconds),
    trouble: trouble(last, first),
    leftAlone: leftAlone(last, looks.at(-2)),
  };
}

/** Over some time, since what holds just now changes many times a second. */
function heldBackBy(last: Snapshot, first: Snapshot | undefined, seconds: number): LimitingFactor | null {
  const held = (cause: LimitingFactor): number => (last.heldBack[cause] - (first?.heldBack[cause] ?? 0)) / seconds;
  const [most] = byAmount(['target', 'targetMemory', 'ownMemory', 'rateLimit', 'input'], held);
  return most !== undefined && held(most) >= heldShare ? most : null;
}

function trouble(last: Snapshot, first: Snapshot | undefined): LoadPace['trouble'] {
  const answered = (kind: keyof Answers): number => of(last, kind) - (first === undefined ? 0 : of(first, kind));
  const [most] = byAmount(troubles, answered);
  return most !== undefined && answered(most) > 0 ? most : null;
}

function of({ endpoints }: Snapshot, kind: keyof Answers): number {
  return endpoints.reduce((sum, { answers }) => sum + answers[kind], 0);
}

function leftAlone(last: Snapshot, before: Snapshot | undefined): number {
  return last.endpoints.filter(({ openSeconds }, i) => openSeconds > (before?.endpoints[i]?.openSeconds ?? 0)).length;
}

/** The greatest first; among equals in the order given. */
function byAmount<T>(all: readonly T[], amount: (one: T) => number): T[] {
  return [...all].sort((a, b) => amount(b) - amount(a));
}
