// Results of SQL as JSON, NDJSON, CSV and TSV, formatted as CnosDB formats them.

export type Cell = string | number | bigint | boolean | null | Timestamp | Double;

/** A time in nanoseconds since 1970, UTC. */
interface Timestamp {
  readonly nanos: bigint;
}

/** A floating-point number. Unlike an integer, such a number is always formatted with a fraction or an exponent. */
interface Double {
  readonly double: number;
}

export interface Result {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

export type ResultFormat = 'json' | 'nd-json' | 'csv' | 'tsv';

export function resultOf(columns: readonly string[], rows: readonly (readonly Cell[])[]): Result {
  return { columns, rows };
}

/** Formats a result. Without rows, the JSON is an empty text and the CSV consists of the header. */
export function formatResult(result: Result, format: ResultFormat): string {
  if (format === 'csv' || format === 'tsv') return separated(result, format === 'csv' ? ',' : '\t');
  const order = result.columns.map((_, i) => i).sort((a, b) => (result.columns[a] < result.columns[b] ? -1 : 1));
  const names = result.columns.map((name) => JSON.stringify(name));
  const objects = result.rows.map((row) => {
    const members = order.map((i) => member(names[i], row[i])).filter((text) => text !== null);
    return `{${members.join(',')}}`;
  });
  if (format === 'nd-json') return objects.map((object) => `${object}\n`).join('');
  return objects.length === 0 ? '' : `[${objects.join(',')}]`;
}

function member(name: string, cell: Cell): string | null {
  if (cell === null) return null;
  if (typeof cell === 'string') return `${name}:${JSON.stringify(cell)}`;
  if (typeof cell !== 'object') return `${name}:${cell}`;
  if ('nanos' in cell) return `${name}:"${showTime(cell.nanos, false)}"`;
  return Number.isFinite(cell.double) ? `${name}:${showDouble(cell.double)}` : null;
}

function separated(result: Result, separator: string): string {
  const quoted = (text: string): string =>
    text.includes(separator) || /["\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const line = (texts: readonly string[]): string => `${texts.map(quoted).join(separator)}\n`;
  return line(result.columns) + result.rows.map((row) => line(row.map(cellText))).join('');
}

/** Formats a value as plain text, as in CSV. Null becomes an empty text. */
export function cellText(cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell !== 'object') return String(cell);
  return 'nanos' in cell ? showTime(cell.nanos, true) : showDouble(cell.double);
}

const BILLION = 1_000_000_000n;

/** Formats a time as `2022-01-01T00:00:00.000000001`. Unless `full`, shortens `.500000000` at the end to `.500`. */
function showTime(nanos: bigint, full: boolean): string {
  const fraction = ((nanos % BILLION) + BILLION) % BILLION;
  const seconds = (nanos - fraction) / BILLION;
  const text = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  const digits = fraction.toString().padStart(9, '0');
  return `${text}${full ? `.${digits}` : shortFraction(digits)}`;
}

function shortFraction(digits: string): string {
  if (digits === '000000000') return '';
  if (digits.endsWith('000000')) return `.${digits.slice(0, 3)}`;
  return digits.endsWith('000') ? `.${digits.slice(0, 6)}` : `.${digits}`;
}

/** Formats a number with the fewest digits that parse to the same number, in the layout of CnosDB. */
function showDouble(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? 'inf' : '-inf';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  if (value === 0) return `${sign}0.0`;
  const [mantissa, power] = Math.abs(value).toExponential().split('e');
  const digits = mantissa.replace('.', '');
  const point = Number(power) + 1;
  return sign + layOut(digits, point);
}

function layOut(digits: string, point: number): string {
  if (digits.length <= point && point <= 16) return `${digits.padEnd(point, '0')}.0`;
  if (point > 0 && point <= 16) return `${digits.slice(0, point)}.${digits.slice(point)}`;
  if (point > -5 && point <= 0) return `0.${'0'.repeat(-point)}${digits}`;
  return `${digits.length === 1 ? digits : `${digits[0]}.${digits.slice(1)}`}e${point - 1}`;
}
