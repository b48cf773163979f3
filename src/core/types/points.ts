// Format → batch: points where they lie, and the contract of whoever finds them.

import type { ByteSource, FormatName } from './input.js';
import type { Position } from './position.js';
import type { Shape } from './shape.js';

/** `Points.index` holds this many 32-bit words per point. */
export const POINT_WORDS = 8;
/** Offset in `Points.bytes` of the point as it is to be sent. */
export const START = 0;
/** Its length in bytes, without line terminator or trailing blanks. */
export const LENGTH = 1;
/** Offset in `Points.bytes` of the original; equal to START unless the point was rewritten. */
export const SOURCE_START = 2;
/** Length of the original, without line terminator. */
export const SOURCE_LENGTH = 3;
/** Physical line of its first byte, relative to `Points.firstLine`. */
export const LINE = 4;
/** Low 31 bits: shape number, or UNCOUNTED_SHAPE. Top bit set: the point has no timestamp. */
export const SHAPE = 5;
/** Timestamp as a signed 64-bit integer in the unit of the input, low word; 0 where there is none. */
export const TIME_LOW = 6;
/** … and high word. */
export const TIME_HIGH = 7;

export const NO_TIMESTAMP = 0x8000_0000;
/** The table of shapes is full: ask `Points.shapeOf(i)` about each such point. */
export const UNCOUNTED_SHAPE = 0x7fff_ffff;

/** A point refused for its content, found by us before sending. */
export interface FormatReject {
  /** How many entries of the same run's index precede it. */
  readonly before: number;
  /** Offset and length in `Points.bytes` of its original bytes, without line terminator. */
  readonly start: number;
  readonly length: number;
  /** Relative to `Points.firstLine`. */
  readonly line: number;
  /** One of a closed list, kebab-case: `no-fields`, `bad-number`, `too-long`, … */
  readonly reason: string;
  /** For people: what was found, what would have been right. */
  readonly message: string;
  /** A point longer than the window arrives in parts; only `whole` and `last` are counted as a point. */
  readonly part: 'whole' | 'first' | 'middle' | 'last';
}

/** The file in which rejected points are kept with their original bytes, so that it can be loaded as they were. */
export interface DeadLetterFormat {
  /** `.lp`, `.csv` … */
  readonly ending: string;
  /** What comes before the first of them, such as a header with its line end. Files with other heads are other files. */
  readonly head: Uint8Array;
}

/** That of line protocol. */
export const lineProtocolDeadLetters: DeadLetterFormat = { ending: '.lp', head: new Uint8Array(0) };

/** A run of points in the format's own memory. Valid, all of it, only until the next run is pulled. */
export interface Points {
  readonly bytes: Uint8Array;
  readonly index: Uint32Array;
  /** Valid points in `index`. */
  readonly count: number;
  /** In order of their place in the input. */
  readonly rejects: readonly FormatReject[];
  /** Physical line (from 1) that LINE = 0 stands for. */
  readonly firstLine: number;
  /** The same object for all runs with the same head. */
  readonly deadLetterFormat: DeadLetterFormat;
  /** Decoded byte offset that offset 0 of `bytes` stands for; may be negative. */
  readonly origin: number;
  /**
   * Decoded bytes of the input wholly dealt with once this run is, blank lines and comments included. Reading can go on
   * from there, but for the middle of a point that comes in parts.
   */
  readonly end: number;
  /** Physical line (from 1) of the byte at `end`. */
  readonly endLine: number;
  /** Shape of a number from the index; the object is the same for the same number. */
  shape(number: number): Shape;
  /** Shape of point `i` of this run, parsed anew each time. For UNCOUNTED_SHAPE. */
  shapeOf(i: number): Shape;
}

/**
 * Turns inputs into points, one input after another, in memory of its own that it takes at construction. Shape numbers
 * stay valid over its life.
 */
export interface Format {
  readonly name: FormatName;
  /** Bytes it takes, all of them at construction. */
  readonly memoryBytes: number;
  /**
   * It reads the file below its source, at random, and what it decodes counts as decoded: offsets are of that. It begins
   * at the line of the place it is given.
   */
  readonly isRandom?: true;
  /**
   * What its rows are read from, where that is not the input's bytes as they are; offsets count in it. `source` is at the
   * input's first byte and stays the caller's; `points` and places are of what is returned.
   * `name` of the input, for errors.
   */
  reads?(source: ByteSource, name: string): ByteSource;
  /**
   * For formats whose rows mean nothing without the beginning of their input, before `points` with a start behind it:
   * reads from the input's first byte what the rows at `start` need. The source stays the caller's.
   */
  recall?(head: ByteSource, start: Position, signal: AbortSignal): Promise<void>;
  /**
   * Runs of points, in order, of the whole input. A run is valid until the next is pulled. Complete points are handed on
   * as soon as they have been read. Rejects with what `source.read` rejects with, after everything read before, and with
   * UsageError when the input and what was said of it contradict each other.
   * The source stays the caller's: it has to be closed before another input is begun. One input at a time.
   * @param start what the source's first byte is
   */
  points(source: ByteSource, signal: AbortSignal, start?: Position): AsyncGenerator<Points, void>;
  /** For formats that hold more than memory. Nothing may be pulled any more. */
  close?(): Promise<void>;
}
