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
    /** `off` to ignore folders such as `host=a`. Default: `auto`, which makes such folders columns. */
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
 * Result of detection by the first bytes of an input. `certain` has priority over the file name. `possible` counts only
 * if the file name decides nothing. Null if the bytes do not suggest the format.
 */
export type Detection = 'certain' | 'possible' | null;

/** Settings and shared memory for creating a format. */
export interface FormatContext {
  readonly options: FormatOptions;
  readonly mode: ReadMode;
  /** Memory for formats with random access; undefined without a limit. */
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
  /** Tests whether the options imply this format, because an option that is set exists only for this format. */
  isImplied?(options: FormatOptions): boolean;
  sniff(head: InputHead): Detection;
  create(context: FormatContext): Promise<Format>;
}
