// The contract between a format and the registry.

import type { Format, MemoryBudget } from '../core/types/index.js';
import type { CsvDialectOptions } from './csv/csv-dialect.js';
import type { LineProtocolOptions, ReadMode } from './line-protocol/lines-layout.js';
import type { RowFormatMemory, RowOptions } from './rows/rows.js';

/** The settings that decide how inputs are read. */
export type FormatOptions = RowOptions &
  CsvDialectOptions &
  Pick<
    LineProtocolOptions,
    'maxPointBytes' | 'precision' | 'missingTimestamp' | 'names' | 'contexts' | 'contextMap'
  > & {
    /** `auto` (default): a folder such as `host=a` becomes a column. `off`: such folders are ignored. */
    readonly hivePartitioning?: 'auto' | 'off';
    /** The name of a format, or `auto`. */
    readonly format: string;
    /** Path of the rows, such as `data.items`; null if the text itself is the list of rows. */
    readonly jsonPath: string | null;
  };

/** The first bytes of an input: its first line or more. */
export interface InputHead {
  /** The bytes as Latin-1 text, without a byte order mark. */
  readonly text: string;
  /** The first line that is not blank and not a comment. */
  readonly firstLine: string;
}

/**
 * What the first bytes of an input say about its format. `certain`: the input has this format, whatever its file name.
 * `possible`: it has this format if the file name shows no format. Null: the bytes do not suggest this format.
 */
export type Detection = 'certain' | 'possible' | null;

/** Settings and shared memory for creating a format. */
export interface FormatContext {
  readonly options: FormatOptions;
  readonly mode: ReadMode;
  /** Memory that formats with random access may use; undefined if there is no limit. */
  readonly budget: MemoryBudget | undefined;
  /** The memory that all formats of rows share. */
  readonly rows: () => Promise<RowFormatMemory>;
}

/** A format in the registry. Descriptors are small; `create` imports the code of the parser. */
export interface FormatDescriptor {
  readonly name: string;
  readonly title: string;
  /** Extensions of file names, without the dot. */
  readonly extensions: readonly string[];
  /** True if the format reads files at random positions. Such files must not be compressed. */
  readonly randomAccess: boolean;
  /** Formats with the same pool use the same memory. */
  readonly memoryPool: 'lines' | 'rows';
  /** Bytes of memory that the format allocates in addition to its memory pool. */
  readonly ownBytes?: number;
  /** Tests whether the user set an option that exists only for this format. Such an option implies the format. */
  isImplied?(options: FormatOptions): boolean;
  sniff(head: InputHead): Detection;
  create(context: FormatContext): Promise<Format>;
}
