// Tracks positions while batches are filled: in the input, and in the points that the format has parsed.

import type { ByteRange, Cut, Points } from '../core/types/index.js';
import { LINE, POINT_WORDS, SOURCE_START } from '../core/types/index.js';

/** Progress of reading and batching an input. */
export interface FillPosition {
  /** Offset in the decoded input at which the last finished batch ends. */
  batched: number;
  /** Offset (in the decoded input) and line of the next point or reject. */
  offset: number;
  line: number;
  /** Number of points of the load before the next point, including skipped points. */
  ordinal: number;
  /** Byte ranges that are still to be skipped, ascending. An earlier process loaded or rejected their points. */
  readonly covered: ByteRange[];
  /** Number of this input's points so far. Includes rejected points, excludes skipped points. */
  taken: number;
  /** Number of points that the format rejected, by reason. `taken` includes these points. */
  readonly unparsed: Map<string, number>;
  /** Number of points rejected for an unexpected timestamp, and the first of these points. */
  unexpected: number;
  firstUnexpected: { readonly timestamp: bigint; readonly line: number } | null;
}

/** Indices of the next point and of the next reject in a run of parsed points. */
export interface FillCursor {
  point: number;
  reject: number;
  /** Each point before this index has a time bucket that the load has entered. 0 until such points are searched. */
  seenTo: number;
}

/** A run of parsed points, the next point and reject in it, and the position in the input. */
export interface Filling {
  readonly run: Points;
  readonly cursor: FillCursor;
  readonly position: FillPosition;
}

/** Counts a point that is rejected for an unexpected timestamp. */
export function countUnexpected(position: FillPosition, timestamp: bigint, line: number): void {
  position.unexpected += 1;
  position.firstUnexpected ??= { timestamp, line };
}

/** Moves the cursor past the next point, or past the next reject if `isReject` is true. */
export function advance(cursor: FillCursor, isReject: boolean): void {
  if (isReject) cursor.reject += 1;
  else cursor.point += 1;
}

/** Returns the offset of the next point, or of the next reject, in the decoded input. */
export function startOf(run: Points, cursor: FillCursor, isReject: boolean): number {
  const start = isReject ? run.rejects[cursor.reject]!.start : run.index[cursor.point * POINT_WORDS + SOURCE_START]!;
  return run.origin + start;
}

/** Returns the index of the first point after the next reject; the number of points if no reject remains. */
export function beforeReject({ rejects, count }: Points, cursor: Filling['cursor']): number {
  return Math.min(rejects[cursor.reject]?.before ?? count, count);
}

/** Tests whether all points and rejects of a run of points have been added to batches or skipped. */
export function isUsedUp({ count, rejects }: Points, cursor: FillCursor): boolean {
  return cursor.point >= count && cursor.reject >= rejects.length;
}

/** Moves `position` to the end of the run of points. */
export function endAfter({ run, position }: Pick<Filling, 'run' | 'position'>): void {
  position.offset = run.end;
  position.line = run.endLine;
}

/** Moves `position` to the next point or reject, which does not enter the batch. Returns `cut` unchanged. */
export function endBefore({ run, cursor, position }: Filling, isReject: boolean, cut: Cut | null): Cut | null {
  const line = isReject ? run.rejects[cursor.reject]!.line : run.index[cursor.point * POINT_WORDS + LINE]!;
  position.offset = startOf(run, cursor, isReject);
  position.line = run.firstLine + line;
  return cut;
}
