// Makes batches whose points remain in the format's memory. The request body is sent from that memory, without a copy.

import { LF } from '../core/ascii.js';
import type { Batch, BatchSpan, Points } from '../core/types/index.js';
import { LENGTH, LINE, POINT_WORDS, SOURCE_LENGTH, SOURCE_START, START } from '../core/types/index.js';
import { BucketParts } from './points/bucket-parts.js';
import { type PlainPoints, type PlainRules, plainPoints } from './points/plain-points.js';

/** Largest size of a request body in bytes, and largest number of points in a request. */
export interface BatchLimits {
  readonly bytes: number;
  readonly points: number;
}

/**
 * Finds plain points for one batch, from index `from` on and before index `to`. Returns null if these points fill less
 * than half a batch. Chooses the size of the batch so that the points up to `to` fill batches of equal size. A small
 * last batch would have to be copied.
 */
export function stretchInPlace(
  run: Points,
  from: number,
  to: number,
  limits: BatchLimits,
  rules: PlainRules,
): PlainPoints | null {
  const { index } = run;
  const isSmall = (bytes: number, points: number): boolean => bytes * 2 < limits.bytes && points * 2 < limits.points;
  if (from >= to) return null;
  const [first, final] = [from * POINT_WORDS, (to - 1) * POINT_WORDS];
  const start = index[first + START]!;
  const all = index[final + START]! + index[final + LENGTH]! + 1 - start;
  if (isSmall(all, to - from)) return null;
  const parts = Math.max(1, Math.ceil(all / limits.bytes), Math.ceil((to - from) / limits.points));
  const bytes = Math.min(limits.bytes, Math.ceil(all / parts));
  const room = { last: start - 1, line: index[first + LINE]! - 1, bytes, sourceBytes: Number.POSITIVE_INFINITY };
  const found = plainPoints(run, from, Math.min(to, from + limits.points), room, rules);
  return isSmall(found.bytes, found.count) || run.bytes[found.last] !== LF ? null : found;
}

/**
 * Makes a batch of the points that `stretchInPlace` found. The format does not reuse the memory of these points until
 * the batch is released.
 */
export function batchInPlace(
  run: Points & { readonly hold: () => () => void },
  from: number,
  found: PlainPoints,
  { ordinal, span, bucketUnits }: { ordinal: number; span: Omit<BatchSpan, 'firstLine'>; bucketUnits: number },
): Batch {
  const { bytes, index, firstLine, origin, deadLetterFormat } = run;
  const word = (i: number, which: number): number => index[(from + i) * POINT_WORDS + which]!;
  const start = word(0, START);
  const parts = new BucketParts(bucketUnits);
  parts.addRun(run, from, found.count, 0, 0);
  return {
    ...{ ordinal, deadLetterFormat, points: found.count, values: found.values, slots: found.slots },
    buckets: parts.all,
    body: bytes.subarray(start, found.last + 1),
    bodyEnd: (i) => word(i, START) + word(i, LENGTH) + 1 - start,
    source: (i) => {
      const at = word(i, SOURCE_START);
      const source = bytes.subarray(at, at + word(i, SOURCE_LENGTH));
      return { bytes: source, line: firstLine + word(i, LINE), byteOffset: origin + at };
    },
    rejects: [],
    introduces: null,
    span: { ...span, firstLine: firstLine + word(0, LINE) },
    cut: 'bytes',
    release: run.hold(),
  };
}
