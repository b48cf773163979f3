// How fast it goes just now: the difference of two snapshots, taken over the last seconds so that figures do not jump.

import type { Snapshot } from '../model.js';

const windowSeconds = 15;

export interface Pace {
  /** Loaded points. */
  readonly pointsPerSecond: number;
  /** Decoded bytes. */
  readonly bytesPerSecond: number;
  /** From file bytes; null while the total is unknown or nothing moves. */
  readonly etaSeconds: number | null;
}

/** Snapshots to measure from: the new one, those of the last 15 s, and the one just before them. */
export function remember(looks: readonly Snapshot[], snapshot: Snapshot): Snapshot[] {
  const all = [...looks, snapshot];
  const first = all.findIndex((look) => snapshot.seconds - look.seconds < windowSeconds);
  return all.slice(Math.max(0, first - 1));
}

/** With a single look the average since the start. */
export function pace(looks: readonly Snapshot[]): Pace {
  const last = looks.at(-1);
  const first = looks.length > 1 ? looks[0] : undefined;
  const seconds = last === undefined ? 0 : last.seconds - (first?.seconds ?? 0);
  if (last === undefined || seconds <= 0) return { pointsPerSecond: 0, bytesPerSecond: 0, etaSeconds: null };
  const fileBytes = (last.bytes.read - (first?.bytes.read ?? 0)) / seconds;
  const left = last.bytes.total === null ? null : Math.max(0, last.bytes.total - last.bytes.read);
  return {
    pointsPerSecond: (last.points.loaded - (first?.points.loaded ?? 0)) / seconds,
    bytesPerSecond: (last.bytes.decoded - (first?.bytes.decoded ?? 0)) / seconds,
    etaSeconds: left === null || fileBytes <= 0 ? null : left / fileBytes,
  };
}
