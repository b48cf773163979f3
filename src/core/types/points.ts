// Points in the memory of a format, and the contract of a format.

import type { ByteSource } from './input.js';
import type { Position } from './position.js';
import type { Shape } from './shape.js';

/**
 * Number of 32-bit words that `Points.index` contains for each point. The constants below are the offsets of these
 * words.
 */
export const POINT_WORDS = 8;
/** Offset in `Points.bytes` of the point to send. */
export const START = 0;
/** Length of the point in bytes, without line terminator or trailing blanks. */
export const LENGTH = 1;
/** Offset of the original point in `Points.bytes`; equal to START unless the point was rewritten. */
export const SOURCE_START = 2;
/** Length of the original point, without line terminator. */
export const SOURCE_LENGTH = 3;
/** Line number of the point's first byte, minus `Points.firstLine`. */
export const LINE = 4;
/** Low 31 bits: number of the point's `Shape`, or UNCOUNTED_SHAPE. Top bit: set if the point lacks a timestamp. */
export const SHAPE = 5;
/** Low word of the timestamp, a signed 64-bit integer in the unit of the input; 0 without a timestamp. */
export const TIME_LOW = 6;
/** High word of the timestamp. */
export const TIME_HIGH = 7;

export const NO_TIMESTAMP = 0x8000_0000;
/**
 * Marks a point whose `Shape` lacks a number because the table of shapes is full. `Points.shapeOf(i)` parses the shape
 * of such a point.
 */
export const UNCOUNTED_SHAPE = 0x7fff_ffff;

/** A point that is rejected for its content before sending. */
export interface FormatReject {
  /** Number of points in the same `Points.index` before the reject. */
  readonly before: number;
  /** Offset and length of the original bytes in `Points.bytes`, without line terminator. */
  readonly start: number;
  readonly length: number;
  /** Line number in the file, minus `Points.firstLine`. */
  readonly line: number;
  /** Name of the broken rule, in kebab-case: `no-fields`, `bad-number`, `too-long`, … */
  readonly reason: string;
  /** Explanation for people: the found and the expected content. */
  readonly message: string;
  /** A point too long for the format's memory arrives in parts. Only `whole` and `last` count as a point. */
  readonly part: 'whole' | 'first' | 'middle' | 'last';
}

/** Tests whether a reject counts as a point: of a point that arrives in parts, only the last part counts. */
export function isCounted({ part }: Pick<FormatReject, 'part'>): boolean {
  return part === 'whole' || part === 'last';
}

/** Layout of a dead-letter file. The file contains original bytes, so it can be loaded as an input. */
export interface DeadLetterFormat {
  /** Suffix of the file's name: `.lp`, `.csv`. */
  readonly suffix: string;
  /** Bytes before the first point, such as a header with its line end. Each different head has its own file. */
  readonly head: Uint8Array;
  /**
   * Folders of the input whose names contain column values, such as `host=a`. Absent or empty for an input without such
   * folders.
   */
  readonly folder?: string;
}

/** Dead letters of line protocol. */
export const lineProtocolDeadLetters: DeadLetterFormat = { suffix: '.lp', head: new Uint8Array(0) };

/**
 * Facts about all points of one `Points`. A worker thread has checked these facts. Each point ends with an LF. The next
 * point follows directly in `Points.bytes`.
 */
export interface RunSummary {
  /**
   * True if all points were rewritten, in the order of their originals. False if all points are unchanged, one on each
   * line.
   */
  readonly isRewritten: boolean;
  /** SHAPE of all points; null if not all points have the same SHAPE. */
  readonly shape: number | null;
  /** Smallest and largest TIME_HIGH, as signed numbers. */
  readonly minHigh: number;
  readonly maxHigh: number;
}

/**
 * A run of points: consecutive points in the memory of the format. Valid only until the caller requests the next
 * `Points`.
 */
export interface Points {
  readonly bytes: Uint8Array;
  readonly index: Uint32Array;
  /** Number of valid points in `index`. */
  readonly count: number;
  /** Rejects in the order of the input. */
  readonly rejects: readonly FormatReject[];
  /** Number of the physical line, from 1, of a point whose LINE is 0. */
  readonly firstLine: number;
  /** Format of the dead letters. Two `Points` with equal heads have the same object here. */
  readonly deadLetterFormat: DeadLetterFormat;
  /**
   * The offset of a byte in the decoded input is its index in `bytes` plus `origin`. `origin` is negative if `bytes` has
   * unused bytes before the first byte of the input.
   */
  readonly origin: number;
  /**
   * Offset in the decoded input after these points and the blank lines and comments that follow. When the points are
   * loaded or rejected, reading can resume at this offset, unless it lies inside a point that arrives in parts.
   */
  readonly end: number;
  /** Physical line, from 1, of the byte at `end`. */
  readonly endLine: number;
  /** Returns the shape with a number from `index`. Equal numbers always give the same object. */
  shape(number: number): Shape;
  /** Parses the shape of point `i`. Needed for a point whose SHAPE is UNCOUNTED_SHAPE. */
  shapeOf(i: number): Shape;
  /** Keeps these `Points` valid until the returned function is called. Absent if the next `Points` reuse the memory. */
  readonly hold?: (() => () => void) | undefined;
  /** Facts about all points; null or absent if the points must be checked one by one. */
  readonly summary?: RunSummary | null;
}

/** Rows of an input that are stored together, such as a row group of a Parquet file. */
export interface RowGroup {
  /** Index of the group's first row in the input. */
  readonly first: number;
  readonly rows: number;
  /** Number of bytes that the group takes in the file. */
  readonly bytes: number;
}

export interface InputOutline {
  readonly groups: readonly RowGroup[];
  /** Columns of the input's schema, with their types; null if each row names its own table. */
  readonly shape: Shape | null;
}

/** Rows of one table. Each line is a row, unless the line contains a byte of `marks`. */
export interface PlainRows {
  readonly table: string;
  /** Names of all tags and fields that the rows may have. The type of each one is known. */
  readonly columns: readonly string[];
  /** The bytes that quote or escape text. */
  readonly marks: readonly number[];
}

/**
 * A format turns inputs into points, one input after another. A format allocates all its memory at construction.
 * Numbers of `Shape`s remain valid as long as the format exists.
 */
export interface Format {
  /** The name in the registry of formats. */
  readonly name: string;
  /** Memory that the format allocates at construction, bytes. */
  readonly memoryBytes: number;
  /**
   * True if the format reads the file at any offset, as Parquet does. All offsets then count decoded bytes. `points`
   * begins at the row with the line number in `start`.
   */
  readonly isRandom?: true;
  /**
   * Returns a source that converts the bytes before `points` reads them. Offsets then count the converted bytes.
   * `source` is at the first byte of the input. The caller closes `source`. `name` is the name of the input, for
   * errors.
   */
  reads?(source: ByteSource, name: string): ByteSource;
  /**
   * Reads the start of the input, such as a header, before `points` resumes at `start`. `head` is a source at the first
   * byte of the input. The caller closes `head`. Absent for formats that do not need the start of an input.
   */
  recall?(head: ByteSource, start: Position, signal: AbortSignal): Promise<void>;
  /**
   * Describes an input that consists of row groups, without reading its rows. The caller closes `source`. Throws
   * InputError. Absent for formats without row groups.
   */
  outline?(source: ByteSource, name: string): Promise<InputOutline>;
  /**
   * Describes the rows that follow the last `Points`, if each line is one row. Returns null for other rows. Absent for
   * formats whose rows only a parser can separate.
   */
  plainRows?(): PlainRows | null;
  /**
   * Yields points in order, as soon as they are read. Each `Points` is valid until the caller requests the next
   * `Points`. Throws the errors of `source.read`, after yielding the points before the error. Throws UsageError if the
   * input contradicts the options. The caller closes the source before the next input. Only one input may be read at a
   * time.
   * @param start position of the first byte of the source
   */
  points(source: ByteSource, signal: AbortSignal, start?: Position): AsyncGenerator<Points, void>;
  /** Advice about the options for the last input, as a clause that follows the input's name; null without advice. */
  readonly advice?: string | null;
  /** Releases resources other than memory, such as a thread. The caller must not request points afterwards. */
  close?(): Promise<void>;
}
