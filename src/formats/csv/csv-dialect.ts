// How a file of cells is written: what stands between them and around them.

export interface CsvDialectOptions {
  /** One byte each; null: the format's own, and none. */
  readonly delimiter: string | null;
  readonly quote: string | null;
  readonly noHeader: boolean;
  readonly skipLines: number;
  readonly encoding: 'utf-8' | 'latin1';
}

export interface CsvDialect {
  readonly delimiter: number;
  /** -1 for none. */
  readonly quote: number;
  readonly latin1: boolean;
}

export function dialectOf({ delimiter, quote, encoding }: CsvDialectOptions, name: 'csv' | 'tsv'): CsvDialect {
  return {
    delimiter: (delimiter ?? (name === 'csv' ? ',' : '\t')).charCodeAt(0),
    quote: quote === null ? -1 : quote.charCodeAt(0),
    latin1: encoding === 'latin1',
  };
}
