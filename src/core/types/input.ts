// Inputs, and the byte sources from which formats read.

import type { PrefixChecksum } from '../io/prefix-checksum.js';
import type { ByteRange, InputPiece } from './position.js';
import type { ColumnType } from './shape.js';

/** An open, decompressed input. Reads write into memory of the caller, so reading a plain file allocates no memory. */
export interface ByteSource {
  /**
   * Fills `into` from its start and returns the number of bytes, at least one; 0 at the end. Rejects with the signal's
   * reason on abort, even while the read waits for an idle pipe. Rejects with an `InputError` if the input cannot be
   * read or decompressed to its end. Only one call may be pending. After an abort the source may only be closed; `into`
   * may change until `close` has resolved.
   */
  read(into: Uint8Array, signal: AbortSignal): Promise<number>;
  /** Closes the source. Resolves when a pending read has ended. Idempotent. */
  close(): Promise<void>;
  /** Bytes of the file or pipe read so far, before decompression. */
  readonly bytesRead: number;
  readonly compression: 'none' | 'gzip' | 'zstd';
  /** Encoding of the input, if `read` converts its text to UTF-8; absent if `read` does not change the bytes. */
  readonly encoding?: string;
  /** The underlying regular file or object, for fingerprints; absent for pipes. Usable until `close`. */
  readonly file?: FileBytes;
  /** ETag or date of an object whose server does not send a size; null or absent if unknown. */
  readonly version?: string | null;
  /** Moves to a decoded offset. Allowed only before the first read. Absent if all earlier bytes must be decoded. */
  seek?(to: number): void;
}

/** The raw bytes of a file on disk or of an object on a server. */
export interface FileBytes {
  /** Size of the file at the time of opening, bytes. */
  readonly size: number;
  /**
   * A value that changes with the content: modification time of a file, ETag or date of an object; null or absent if
   * unknown.
   */
  readonly version?: string | null;
  /** Checksum of the bytes that were read in order; absent for objects on a server. */
  readonly checksum?: PrefixChecksum;
  /** Descriptor of a local file, which other threads can read; absent for objects on a server. */
  readonly descriptor?: number;
  /** Reads bytes [from, to), fewer at the end of the file. Rejects with a system error or an `InputError`. */
  bytes(from: number, to: number): Promise<Uint8Array>;
  /**
   * Returns a cached range that ends at or shortly before `to`; null if such a range is not cached. Absent if reads are
   * cheap.
   */
  near?(to: number): ByteRange | null;
}

/** The memory that decompression may use. */
export interface MemoryBudget {
  readonly bytes: number;
  /** True if a large gzip file may be decoded on its own thread, which uses 18 MiB of this memory. Default: false. */
  readonly hasThread?: boolean;
  /**
   * Returns the `--memory-limit` that would allow `bytes`, as a user types the option; null if a larger limit would not
   * help.
   */
  limitFor(bytes: number): string | null;
}

/** A named input that is not open yet. `size` is the size of the file before decompression, bytes; null for a pipe. */
export interface Input {
  readonly name: string;
  /** Canonical absolute path, or URL without secrets; null for standard input. */
  readonly path: string | null;
  readonly size: number | null;
  /** Columns that the folders of the input's path add to each row. Absent if the folders add nothing. */
  readonly folderColumns?: readonly FolderColumn[];
  /** The part of the input to read; absent for the whole input. `size` and `path` then describe this part. */
  readonly piece?: InputPiece;
  /**
   * Opens the whole input, not only its piece. Reads a file up to the size that it has when it is opened. Without
   * `room`, decompression may use unlimited memory. Throws InputError.
   */
  open(signal: AbortSignal, room?: MemoryBudget): Promise<ByteSource>;
}

/** A column whose value is the same in all rows of an input. If `value` is null, the column is empty in every row. */
export interface FolderColumn {
  readonly name: string;
  readonly value: string | null;
}

/** A section of an InfluxDB export, `DB` or `DB/RP`, and the database for the points of the section. */
export interface ContextTarget {
  readonly context: string;
  readonly db: string;
}

/** A column that becomes a tag, and the name of the tag. */
export interface TagMapping {
  readonly name: string;
  readonly as: string;
}

/** A column that becomes a field. If `type` is null, the type is derived from the values. */
export interface FieldMapping extends TagMapping {
  readonly type: Exclude<ColumnType, 'tag'> | null;
}

export type Precision = 'ns' | 'us' | 'ms';
export type InputPrecision = Precision | 's';

/** Range of timestamps in the unit of an input, both ends included. */
export interface TimestampRange {
  readonly first: bigint;
  readonly last: bigint;
}

/** Number of string values, and bytes of their text. */
export interface StringTotals {
  readonly count: number;
  readonly bytes: number;
}

/**
 * Totals of sampled lines. `slots`: number of fields if each point had all fields of its table. `series`: number of
 * distinct series. `rowsPerPoint`: number of rows divided by the number of points, if points with the same series and
 * time form one row.
 */
export interface SampledRows {
  readonly points: number;
  readonly slots: number;
  /** Number of field values. */
  readonly values: number;
  readonly rowsPerPoint: number;
  readonly strings: StringTotals;
  readonly bytes: number;
  readonly series: number;
}
