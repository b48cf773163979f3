// Batches, which pass from batching through delivery to the ledger, and the receipts of batches.

import type { DeadLetterFormat, FormatReject } from './points.js';
import type { ByteRange, Position } from './position.js';
import type { Shape } from './shape.js';

/** The contiguous part of one input that a batch contains, including rejects and comments. */
export interface BatchSpan {
  /** Index into the load's inputs. */
  readonly input: number;
  readonly firstLine: number;
  /** Offset of the first byte in the decoded input. */
  readonly byteOffset: number;
  readonly bytes: number;
  /** Number of the load's points before the first point of the batch. */
  readonly ordinal: number;
  /** Physical line of the first byte after the batch. */
  readonly endLine: number;
}

/**
 * The position at which a load resumes an input. Points that begin inside `covered` are skipped, because earlier runs
 * loaded or rejected them.
 */
export interface ResumePoint {
  readonly place: Position;
  /** Ranges of bytes after `place`, in ascending order and without overlap. */
  readonly covered: readonly ByteRange[];
}

/**
 * Reason for closing a batch. `idle`: the input delivered no further points for a while. `shape`: the next point
 * introduces a column, so it needs another batch. `bucket`: the next point is the first of its time bucket.
 */
export type Cut = 'points' | 'bytes' | 'inputEnd' | 'idle' | 'shape' | 'bucket';

/** A rejected point whose bytes were copied from the format's memory into the memory of the batch. */
export interface BatchReject {
  readonly bytes: Uint8Array;
  readonly line: number;
  /** Offset of the point in the decoded input. */
  readonly byteOffset: number;
  readonly reason: string;
  readonly message: string;
  readonly part: FormatReject['part'];
}

/** Part of a batch that lies in one time bucket of the target. */
export interface BucketPart {
  /** Number of the time bucket: its start divided by its duration. */
  readonly bucket: number;
  /** Number of bytes that the part takes in the body. */
  readonly bytes: number;
  /** The last point of the part: its index in the batch, its offset in the body, and its length with LF. */
  readonly lastPoint: number;
  readonly lastStart: number;
  readonly lastBytes: number;
}

/** A time bucket, and the number of bytes in a body that belong to the points of the bucket. */
export type BodyPart = Pick<BucketPart, 'bucket' | 'bytes'>;

/**
 * The unit of sending. The memory of a batch belongs to the arena (memory for all batches) or to a format. When every
 * point of the batch is loaded, rejected or undelivered, its owner calls `release` once to return this memory. A batch
 * that contains only rejects is not sent.
 */
export interface Batch {
  readonly ordinal: number;
  readonly points: number;
  /** Number of field values. */
  readonly values: number;
  /**
   * Number of entries that the target stores for the batch. Each row counts as many entries as its table has fields.
   */
  readonly slots: number;
  /** Parts by time bucket: one part for a target without time buckets, an empty list for a batch without points. */
  readonly buckets: readonly BucketPart[];
  /** One contiguous request body; LF ends every point. */
  readonly body: Uint8Array;
  /** Offset in `body` after the LF of point i. */
  bodyEnd(i: number): number;
  /** Returns the original bytes of point i, their line in the input, and their offset in the decoded input. */
  source(i: number): { bytes: Uint8Array; line: number; byteOffset: number };
  readonly rejects: readonly BatchReject[];
  readonly deadLetterFormat: DeadLetterFormat;
  /** Shapes (table and columns) that the target may lack in whole or in part; null if the target has all columns. */
  readonly introduces: readonly Shape[] | null;
  readonly span: BatchSpan;
  readonly cut: Cut;
  /** Batches of several inputs that this batch combines, in order; absent for a batch of one input. */
  readonly parts?: readonly Batch[];
  release(): void;
}

/** A request body before its compression. */
export interface PlainBody {
  readonly bytes: Uint8Array;
  /**
   * Number of lines in the body divided by the number of points: 1, or less if one line has the fields of several
   * points.
   */
  readonly linesPerPoint: number;
}

/** Half-open range of points of one batch. */
export interface PointRange {
  readonly from: number;
  readonly to: number;
}

export interface PointReject {
  readonly point: number;
  readonly reason: string;
  readonly message: string;
  readonly endpoint: string | null;
}

/** The result for every point of a batch. Each point belongs to exactly one of the three lists. */
export interface Receipt {
  readonly loaded: readonly PointRange[];
  readonly rejected: readonly PointReject[];
  readonly undelivered: readonly PointRange[];
}
