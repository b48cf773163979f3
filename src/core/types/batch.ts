// Batch → deliver → ledger: what travels, and what became of it.

import type { DeadLetterFormat, FormatReject } from './points.js';
import type { ByteRange, Position } from './position.js';
import type { Shape } from './shape.js';

/** Where a batch came from: one input, contiguous, rejects and comments included. */
export interface BatchSpan {
  /** Index into the load's inputs. */
  readonly input: number;
  readonly firstLine: number;
  /** Decoded bytes. */
  readonly byteOffset: number;
  readonly bytes: number;
  /** Points of the load before its first one. */
  readonly ordinal: number;
  /** Physical line of the first byte behind it. */
  readonly endLine: number;
}

/** Where an input is taken up, and what of the rest is accounted for already: points that begin there are left out. */
export interface ResumePoint {
  readonly place: Position;
  /** Ascending, disjoint, behind `place`. */
  readonly covered: readonly ByteRange[];
}

/** Why a batch was closed. `shape`: the next point introduces a table or column and must not ride along. */
export type Cut = 'points' | 'bytes' | 'inputEnd' | 'idle' | 'shape';

/** A reject with its bytes copied out of the format's memory into the batch's slot. */
export interface BatchReject {
  readonly bytes: Uint8Array;
  readonly line: number;
  /** Decoded, absolute. */
  readonly byteOffset: number;
  readonly reason: string;
  readonly message: string;
  readonly part: FormatReject['part'];
}

/**
 * The unit of sending. All its memory belongs to one slot of the arena and goes back with `release`, once,
 * after it has been settled. May hold no point at all (only rejects): then it is settled without being sent.
 */
export interface Batch {
  readonly ordinal: number;
  readonly points: number;
  /** Field values in it. */
  readonly values: number;
  /** One contiguous request body, every point ended by LF. */
  readonly body: Uint8Array;
  /** Offset in `body` just past point i's LF. */
  bodyEnd(i: number): number;
  /** The original bytes, physical line and decoded offset of point i. */
  source(i: number): { bytes: Uint8Array; line: number; byteOffset: number };
  readonly rejects: readonly BatchReject[];
  readonly deadLetterFormat: DeadLetterFormat;
  /** Shapes in it that bring a table or column the target was not known to have; null when there are none. */
  readonly introduces: readonly Shape[] | null;
  readonly span: BatchSpan;
  readonly cut: Cut;
  /** The batches of several inputs that travel in this one, in order; absent where it is one of its own. */
  readonly parts?: readonly Batch[];
  release(): void;
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

/** The fate of every point of a batch; the three parts are disjoint and cover it. */
export interface Receipt {
  readonly loaded: readonly PointRange[];
  readonly rejected: readonly PointReject[];
  readonly undelivered: readonly PointRange[];
}
