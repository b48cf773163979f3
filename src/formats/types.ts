// What a format offers to the registry.

import type { Format, MemoryBudget } from '../core/types/index.js';
import type { CsvDialectOptions } from './csv/csv-dialect.js';
import type { LineProtocolOptions, ReadMode } from './line-protocol/lines-layout.js';
import type { RowFormatMemory, RowOptions } from './rows/rows.js';

/** The settings that say how inputs are read. */
export type FormatOptions = RowOptions &
  CsvDialectOptions &
  Pick<
    LineProtocolOptions,
    'maxPointBytes' | 'precision' | 'missingTimestamp' | 'names' | 'contexts' | 'contextMap'
  > & {
    /** Whether folders such as `host=a` are columns. Default: auto. */
    readonly hivePartitioning?: 'auto' | 'off';
    /** The name of a format, or `auto`. */
    readonly format: string;
    /** `data.items`; null when the text itself is the list of rows. */
    readonly jsonPath: string | null;
  };

/** The first bytes of an input: its first line or more. */
export interface InputHead {
  /** Latin-1, without a byte order mark. */
  readonly text: string;
  /** The first line that is neither blank nor a comment. */
  readonly firstLine: string;
}

/** `certain` wins over the file name; `possible` counts only when the name leaves the format open. */
export type Detection = 'certain' | 'possible' | null;

/** What a format is created with. */
export interface FormatContext {
  readonly options: FormatOptions;
  readonly mode: ReadMode;
  /** For inputs read at random; undefined without a limit. */
  readonly budget: MemoryBudget | undefined;
  /** The memory that all formats of rows share. */
  readonly rows: () => Promise<RowFormatMemory>;
}

/** A format in the registry. Descriptors are small; `create` imports the code that reads. */
export interface FormatDescriptor {
  readonly name: string;
  readonly title: string;
  /** Of file names, without the dot. */
  readonly extensions: readonly string[];
  /** Reads the file at random positions, so it needs a file that is not compressed. */
  readonly randomAccess: boolean;
  /** Formats with the same pool share its memory. */
  readonly memoryPool: 'lines' | 'rows';
  /** Bytes of its own beside the pool. */
  readonly ownBytes?: number;
  /** An option that only this format has chooses it. */
  isImplied?(options: FormatOptions): boolean;
  sniff(head: InputHead): Detection;
  create(context: FormatContext): Promise<Format>;
}
