// The dialect of a CSV or TSV file: its delimiter, quote and escape.

export interface CsvDialectOptions {
  /** The delimiter, one byte; null for the default: a comma in CSV, a tab in TSV. */
  readonly delimiter: string | null;
  readonly quote: string | null;
  /** The escape character; null for inputs without escapes. */
  readonly escape: string | null;
  readonly noHeader: boolean;
  readonly decimal: string;
  readonly thousands: string | null;
  readonly skipLines: number;
  readonly skipAfterHeader: number;
  /**
   * True if the first rows decide the types. Tests of the fast path set false: a field's first value then decides its
   * type. Default: true.
   */
  readonly infersTypes?: boolean;
}

export interface CsvDialect {
  delimiter: number;
  /** The quote byte; -1 for inputs without quotes. */
  readonly quote: number;
  /** The escape byte; -1 for inputs without an escape character. */
  readonly escapeByte: number;
  /** True if cells without quotes may contain escapes as in the language C, such as `\n` for a line feed. */
  readonly hasLetterEscapes: boolean;
}

export function dialectOf(options: CsvDialectOptions, name: 'csv' | 'tsv'): CsvDialect {
  const { delimiter, quote } = options;
  // Some tools call the quote the escape character and mean doubled quotes, which need no escape character here.
  const isDoubled = options.escape === quote;
  return {
    delimiter: (delimiter ?? (name === 'csv' ? ',' : '\t')).charCodeAt(0),
    quote: quote === null ? -1 : quote.charCodeAt(0),
    escapeByte: options.escape === null || isDoubled ? -1 : options.escape.charCodeAt(0),
    hasLetterEscapes: name === 'tsv' || quote === null,
  };
}
