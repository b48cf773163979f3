// The dialect of a CSV or TSV file: its delimiter and quote.

export interface CsvDialectOptions {
  /** One byte; null for the default of the format. */
  readonly delimiter: string | null;
  readonly quote: string | null;
  readonly noHeader: boolean;
  readonly decimal: string;
  readonly thousands: string | null;
  readonly skipLines: number;
  readonly skipAfterHeader: number;
  /** False: the first value of a field decides its type, as tests of the kernel need it. */
  readonly infersTypes?: boolean;
}

export interface CsvDialect {
  delimiter: number;
  /** -1 without quotes. */
  readonly quote: number;
}

export function dialectOf({ delimiter, quote }: CsvDialectOptions, name: 'csv' | 'tsv'): CsvDialect {
  return {
    delimiter: (delimiter ?? (name === 'csv' ? ',' : '\t')).charCodeAt(0),
    quote: quote === null ? -1 : quote.charCodeAt(0),
  };
}
