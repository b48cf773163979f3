// Input → format: what is read, and how it is opened.

import type { ByteRange } from './position.js';
import type { ColumnType } from './shape.js';

/**
 * An open input, decompressed. Pull-into: the caller owns the memory, so reading a plain file allocates nothing.
 */
export interface ByteSource {
  /**
   * Fills `into` from its start with at least one byte and returns how many; 0 means the end was reached.
   * Rejects with the signal's reason when it aborts (also while waiting for an idle pipe) and with an
   * `InputError` when the input cannot be read or decompressed to its end. One call at a time.
   * After an abort the source may only be closed; `into` may still be written to until `close` has resolved.
   */
  read(into: Uint8Array, signal: AbortSignal): Promise<number>;
  /** Idempotent; resolves when nothing is pending any more. */
  close(): Promise<void>;
  /** Bytes of the file or pipe consumed so far (compressed ones, when it is compressed). */
  readonly bytesRead: number;
  readonly compression: 'none' | 'gzip' | 'zstd';
  /** The regular file or object below, for whoever has to know it again; absent where there is none. Usable until `close`. */
  readonly file?: FileBytes;
  /** Goes on from a decoded offset; before the first read only. Absent where what comes before has to be decoded. */
  seek?(to: number): void;
}

/** The bytes of a file as they lie on the disk, or of an object as a server has them. */
export interface FileBytes {
  /** Bytes when it was opened. */
  readonly size: number;
  /** Bytes [from, to); fewer where the file ends before. Rejects with the system's error, or an `InputError`. */
  bytes(from: number, to: number): Promise<Uint8Array>;
  /** Where looking is dear: a block a little before `to` that is at hand; null when none is. */
  near?(to: number): ByteRange | null;
}

/** What decompression may hold at most. */
export interface MemoryBudget {
  readonly bytes: number;
  /** The limit of our own memory that would leave room for so many, as one would type it; null: none would. */
  limitFor(bytes: number): string | null;
}

/** A named input, not yet open. `size` is in file bytes, null when unknown (a pipe). */
export interface Input {
  readonly name: string;
  /** Canonical absolute path, or URL without anything secret; null for standard input. */
  readonly path: string | null;
  readonly size: number | null;
  /** Throws InputError. A file is read to its size at open and not beyond. Without `room` decompression takes what it asks for. */
  open(signal: AbortSignal, room?: MemoryBudget): Promise<ByteSource>;
}

export type FormatName = 'lp' | 'csv' | 'tsv' | 'ndjson' | 'json' | 'parquet';

/** A column that is a tag, and the tag's name. */
export interface TagMapping {
  readonly name: string;
  readonly as: string;
}

/** A column that is a field, and the field's type and name. `type` null: its first value decides. */
export interface FieldMapping extends TagMapping {
  readonly type: Exclude<ColumnType, 'tag'> | null;
}

export type Precision = 'ns' | 'us' | 'ms';
export type InputPrecision = Precision | 's';
