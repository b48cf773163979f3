// Searches for bad points in a batch, by the positions that the target names or by halving. All functions are pure.

import type { Batch, PointRange } from '../core/types/index.js';

/** Ranges that still have to be sent, and facts about the positions that the target names. */
export interface Search {
  /** Ranges without a final result. The last range is sent first. */
  readonly open: readonly PointRange[];
  /** The point that the target named last; -1 before the first. */
  readonly suspect: number;
  /** True after the target named a wrong point. From then on, the search splits ranges in the middle. */
  readonly misled: boolean;
}

/** Starts a search over all points of a batch. */
export function searchOf(points: number): Search {
  return { open: points === 0 ? [] : [{ from: 0, to: points }], suspect: -1, misled: false };
}

/** Splits a range in the middle, so that its first half is sent first. */
export function halves({ from, to }: PointRange): PointRange[] {
  const middle = from + Math.ceil((to - from) / 2);
  return [
    { from: middle, to },
    { from, to: middle },
  ];
}

/**
 * Splits a range around a suspect. Keeps the order, because the later of two points with the same series and time must
 * win. The suspect is sent in a separate request, because the target may name the wrong point.
 */
export function isolate({ from, to }: PointRange, point: number): PointRange[] {
  return [
    { from: point + 1, to },
    { from: point, to: point + 1 },
    { from, to: point },
  ].filter((range) => range.from < range.to);
}

/**
 * Returns true if the target named the wrong point: the suspect itself is good, or points before it are bad. Following
 * further positions of the target could cost one request for each point of the batch.
 */
export function wasMisled({ from, to }: PointRange, suspect: number, loaded: boolean): boolean {
  return loaded ? from === suspect && to === from + 1 : to <= suspect;
}

/** Returns the point of a range that contains an offset of the batch's body. */
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

/** The place of a bad point in a body, as the target named it: number of the point, byte offset, or neither. */
export interface NamedPlace {
  readonly point?: number | null;
  readonly offset: number | null;
}

/** Returns the point that the target named within a range; null if the target named no point of the range. */
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
