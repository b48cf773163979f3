// Goes through the points of a block, and keeps those in a range of time.

import type { InputPrecision, TimeSpan } from '../../core/types/index.js';
import { PointHasher } from './point-hash.js';
import { TableNames } from './table-names.js';

const billion = 1_000_000_000n;

/** The point between two offsets of `bytes`, LF included, with its table and what the reader holds of it. */
export interface AuditPoint {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly table: string;
  readonly reader: PointHasher;
}

/** Calls `take` for each point of a block. The point is valid until `take` returns. */
export type EachPoint = (block: Uint8Array, take: (point: AuditPoint) => void) => void;

/** @param span points outside are passed over; null: all points are taken */
export function eachPoint(precision: InputPrecision, span: TimeSpan | null): EachPoint {
  const reader = new PointHasher(precision);
  const names = new TableNames();
  const bounds = span && { from: secondsOf(span.from), to: secondsOf(span.to) };
  return (bytes, take) => {
    for (let start = 0; start < bytes.length; ) {
      const end = reader.read(bytes, start);
      const isInside = bounds === null || (!isBefore(reader, bounds.from) && isBefore(reader, bounds.to));
      if (isInside) take({ bytes, start, end, table: names.of(bytes, reader), reader });
      start = end;
    }
  };
}

/** A time as seconds and nanoseconds. */
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

/** Splits a time in nanoseconds. */
export function secondsOf(time: bigint): AuditTime {
  const nanos = ((time % billion) + billion) % billion;
  return { seconds: Number((time - nanos) / billion), nanos: Number(nanos) };
}
