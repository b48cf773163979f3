// Searches for bad points in a batch: at the positions that the target names, or by halving. All functions are pure.

import type { Batch, PointRange } from '../core/types/index.js';

/** Ranges of a batch that still have to be sent, and whether the positions that the target names can be trusted. */
export interface Search {
  /** Ranges without a final result. The last range is sent first. */
  readonly open: readonly PointRange[];
  /** Index in the batch of the point that the target named last; -1 before the target named a point. */
  readonly suspect: number;
  /** True after the target named a wrong point. From then on, the search splits ranges in the middle. */
  readonly misled: boolean;
}

/** Starts a search over all points of a batch. */
export function searchOf(points: number): Search {
  return { open: points === 0 ? [] : [{ from: 0, to: points }], suspect: -1, misled: false };
}

/** Splits a range in the middle. The first half comes last in the result, because the last open range is sent first. */
export function halves({ from, to }: PointRange): PointRange[] {
  const middle = from + Math.ceil((to - from) / 2);
  return [
    { from: middle, to },
    { from, to: middle },
  ];
}

/**
 * Splits a range into the points after `point`, the point itself, and the points before it. The last range is sent
 * first, so points are sent in order: of two points with the same series and time, the later must win. The point is
 * sent in a separate request, because the target may have named the wrong point.
 */
export function isolate({ from, to }: PointRange, point: number): PointRange[] {
  return [
    { from: point + 1, to },
    { from: point, to: point + 1 },
    { from, to: point },
  ].filter((range) => range.from < range.to);
}

/**
 * Returns true if the target named the wrong point: the target accepted a request with only the suspect, or did not
 * accept a range before the suspect. If the search followed further positions that such a target names, it could need
 * one request for each point of the batch.
 * @param loaded true if the target accepted the range
 */
export function wasMisled({ from, to }: PointRange, suspect: number, loaded: boolean): boolean {
  return loaded ? from === suspect && to === from + 1 : to <= suspect;
}

/** Returns the index of the point at `offset` of the batch's body. The point must be in `range`. */
export function pointAt(batch: Pick<Batch, 'bodyEnd'>, range: PointRange, offset: number): number {
  let low = range.from;
  let high = range.to - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (batch.bodyEnd(middle) > offset) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * Position of a bad point, as the target named it: index in the sent range, or byte offset in the sent body. Both
 * positions are null or absent if the target named no position.
 */
export interface NamedPlace {
  readonly point?: number | null;
  readonly offset: number | null;
}

/**
 * Returns the index in the batch of the point that the target named; null if the target named no point of this range.
 */
export function namedPoint(batch: Pick<Batch, 'bodyEnd'>, range: PointRange, named: NamedPlace): number | null {
  const { point, offset } = named;
  if (typeof point === 'number' && point < range.to - range.from) return range.from + point;
  const start = startOf(batch, range);
  const inside = offset !== null && offset >= 0 && offset < batch.bodyEnd(range.to - 1) - start;
  return inside ? pointAt(batch, range, start + offset) : null;
}

/** Returns the offset in the body at which a range begins. */
export function startOf(batch: Pick<Batch, 'bodyEnd'>, { from }: PointRange): number {
  return from === 0 ? 0 : batch.bodyEnd(from - 1);
}
