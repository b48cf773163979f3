// Iterates over those points of a line-protocol block whose times are in a given range.

import type { InputPrecision, TimeSpan } from '../../core/types/index.js';
import { PointHasher } from './point-hash.js';
import { TableNames } from './table-names.js';

const billion = 1_000_000_000n;

/**
 * A point: the line in `bytes` from `start` to `end`, LF included. `reader` contains the hashes and the time of the
 * point.
 */
export interface AuditPoint {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly table: string;
  readonly reader: PointHasher;
}

/**
 * Calls `take` for the selected points of a block. A point is valid only until `take` returns. Returns the number of
 * all points in the block, selected or not.
 */
export type EachPoint = (block: Uint8Array, take: (point: AuditPoint) => void) => number;

/** Returns true for points that `take` of `EachPoint` must receive. */
export type PointFilter = (table: string, time: AuditTime) => boolean;

/**
 * Returns a function that iterates over the points of a block.
 * @param span selects points with times in this range; null to select points of all times
 * @param isWanted returns true for each point to select; absent to select every point in `span`
 */
export function eachPoint(precision: InputPrecision, span: TimeSpan | null, isWanted?: PointFilter): EachPoint {
  const reader = new PointHasher(precision);
  const names = new TableNames();
  const bounds = span && { from: secondsOf(span.from), to: secondsOf(span.to) };
  const isInside = (): boolean => bounds === null || (!isBefore(reader, bounds.from) && isBefore(reader, bounds.to));
  return (bytes, take) => {
    let points = 0;
    for (let start = 0; start < bytes.length; points += 1) {
      const end = isWanted === undefined ? reader.read(bytes, start) : reader.locate(bytes, start);
      if (isInside()) {
        const table = names.of(bytes, reader);
        const isTaken = isWanted === undefined || isWanted(table, reader);
        if (isTaken && isWanted !== undefined) reader.read(bytes, start);
        if (isTaken) take({ bytes, start, end, table, reader });
      }
      start = end;
    }
    return points;
  };
}

/** A time since 1970 as whole seconds and nanoseconds. */
export interface AuditTime {
  readonly seconds: number;
  readonly nanos: number;
}

export function isBefore(a: AuditTime, b: AuditTime): boolean {
  return a.seconds < b.seconds || (a.seconds === b.seconds && a.nanos < b.nanos);
}

export function nanosecondsOf({ seconds, nanos }: AuditTime): bigint {
  return BigInt(seconds) * billion + BigInt(nanos);
}

/** Splits a time in nanoseconds since 1970 into seconds and nanoseconds. */
export function secondsOf(time: bigint): AuditTime {
  const nanos = ((time % billion) + billion) % billion;
  return { seconds: Number((time - nanos) / billion), nanos: Number(nanos) };
}
