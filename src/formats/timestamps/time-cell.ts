// Reads the time in a cell, in any supported form, and writes the time as a whole number in the precision of the load.
// Rejects a time with more decimal places than the precision allows, unless the user chose to truncate it.

import { DOT, MINUS, PLUS, SPACE, ZERO } from '../../core/ascii.js';
import { UsageError } from '../../core/errors.js';
import type { InputPrecision } from '../../core/types/index.js';
import { unitDecimals } from '../../core/units.js';
import { code } from '../rows/values/put-value.js';
import { Instant } from './instant.js';
import { readRfc3339 } from './rfc3339.js';
import { compile, type Pattern } from './time-pattern.js';
import { type Ambiguity, type Zone, zone } from './zone.js';

export interface TimeOptions {
  readonly precision: InputPrecision;
  /** `auto`, a unit such as `ms` for numbers, `rfc3339`, `excel`, or a strptime pattern with `%`. */
  readonly timeFormat: string;
  readonly timezone: string;
  readonly ambiguousTime: Ambiguity;
  /** Treatment of a time with more decimal places than the precision allows. */
  readonly timeRounding: 'reject' | 'truncate';
}

/** Longest accepted number with an exponent, bytes. */
const maxExponential = 200;
const badTimestamp = code('bad-timestamp');
const inexact = code('inexact-time');
const range = code('timestamp-range');
const ambiguous = code('ambiguous-time');

export class TimeCell {
  readonly #bytes: Uint8Array;
  readonly #options: TimeOptions;
  readonly #zone: Zone;
  readonly #pattern: Pattern | null;
  /** Numbers are multiplied by 10^`#shift` to get the precision of the load. Null if numbers are not accepted. */
  readonly #shift: number | null;
  readonly #instant = new Instant();

  /** Throws UsageError if the time format is invalid. */
  constructor(bytes: Uint8Array, options: TimeOptions) {
    const { timeFormat, precision, timezone } = options;
    this.#bytes = bytes;
    this.#options = options;
    this.#zone = zone(timezone);
    this.#pattern = timeFormat.includes('%') ? compile(timeFormat) : null;
    if (this.#pattern === null && !['auto', 'rfc3339', 'excel', ...Object.keys(unitDecimals)].includes(timeFormat)) {
      throw new UsageError([
        {
          tried: 'reading --time-format',
          expected: 'auto, s, ms, us, ns, rfc3339, excel, or a pattern such as %Y-%m-%d %H:%M:%S',
          found: timeFormat,
          fix: 'correct --time-format',
        },
      ]);
    }
    const unit = timeFormat === 'auto' ? precision : timeFormat;
    this.#shift = isUnit(unit) ? unitDecimals[precision] - unitDecimals[unit] : null;
  }

  /**
   * Forms of times that the fast WebAssembly parser may read itself. `numbers`: whole numbers in the precision of the
   * load. `dates`: RFC 3339 times. `utc`: times without an offset are UTC.
   */
  get forms(): { readonly numbers: boolean; readonly dates: boolean; readonly utc: boolean } {
    const { timeFormat, timezone } = this.#options;
    const dates = timeFormat === 'auto' || timeFormat === 'rfc3339';
    return { numbers: this.#shift === 0, dates, utc: timezone === 'UTC' };
  }

  /** Describes the expected form of times, for messages. */
  get expected(): string {
    const { timeFormat, precision } = this.#options;
    if (timeFormat !== 'auto') return `a time in the format ${timeFormat}`;
    return `a number in ${precision} or a time such as 2024-01-31T12:00:00Z; set another format with --time-format`;
  }

  /**
   * Converts a time whose text is not in the format's memory, such as a time in a folder name. Returns the digits of
   * the converted time; an empty array for an empty text. Throws UsageError for a text that is not a time.
   */
  digits(text: Uint8Array): Uint8Array {
    if (text.length === 0) return text;
    const bytes = new Uint8Array(2 * text.length + 64);
    bytes.set(text);
    const end = new TimeCell(bytes, this.#options).put(0, text.length, text.length);
    if (end >= 0) return bytes.slice(text.length, end);
    throw new UsageError([
      {
        tried: 'reading the time in the name of a folder',
        expected: this.expected,
        found: Buffer.from(text).toString(),
        fix: 'set the time format with --time-format, or choose the time column with --time-column',
      },
    ]);
  }

  /**
   * Converts the time in [from, to) and writes its digits at `out`.
   * @returns the offset after the digits; if the time is rejected, the negative code of the reason
   */
  put(from: number, to: number, out: number): number {
    const bytes = this.#bytes;
    let start = from;
    let end = to;
    while (end > start && bytes[end - 1] === SPACE) end--;
    while (start < end && bytes[start] === SPACE) start++;
    if (this.#shift !== null) {
      const calendar = this.#options.timeFormat === 'auto' && start + 4 < end && bytes[start + 4] === MINUS;
      if (!calendar) return this.#number(start, end, out, this.#shift);
    }
    if (this.#options.timeFormat === 'excel') return this.#excel(start, end, out);
    const read = this.#pattern?.(bytes, start, end, this.#instant) ?? readRfc3339(bytes, start, end, this.#instant);
    return read ? this.#calendar(out) : badTimestamp;
  }

  /** Converts a number such as `-12`, `1.5` or `1.66e+12` from its unit to the precision. */
  #number(from: number, to: number, out: number, shift: number): number {
    const bytes = this.#bytes;
    let p = from;
    let o = out;
    if (bytes[p] === MINUS) bytes[o++] = bytes[p++]!;
    else if (bytes[p] === PLUS) p++;
    const first = p;
    const whole = digitsEnd(bytes, p, to);
    if (whole === first) return badTimestamp;
    const significant = shift < 0 ? Math.max(first, whole + shift) : whole;
    while (p < significant) bytes[o++] = bytes[p++]!;
    let isExact = zeros(bytes, significant, whole);
    let left = Math.max(0, shift);
    p = whole;
    if (p < to && bytes[p] === DOT) {
      for (p++; left > 0 && p < to && isDigit(bytes[p]!); left--) bytes[o++] = bytes[p++]!;
      const rest = digitsEnd(bytes, p, to);
      isExact &&= zeros(bytes, p, rest);
      p = rest;
    }
    if (p !== to) return (bytes[p]! | 0x20) === 0x65 ? this.#exponential(from, to, out, shift) : badTimestamp;
    if (!isExact && this.#options.timeRounding === 'reject') return inexact;
    for (; left > 0; left--) bytes[o++] = ZERO;
    if (significant === first && shift < 0) bytes[o++] = ZERO;
    return o;
  }

  /** Converts a number with an exponent. Few programs write such times, so this method need not be fast. */
  #exponential(from: number, to: number, out: number, shift: number): number {
    // Without a limit, a long text would take much time: converting n digits takes time in proportion to n squared.
    if (to - from > maxExponential) return badTimestamp;
    const text = Buffer.from(this.#bytes.subarray(from, to)).toString('latin1');
    const [, sign = '', whole = '', fraction = '', exponent = ''] =
      /^([+-]?)(\d+)(?:\.(\d*))?[eE]([+-]?\d{1,2})$/.exec(text) ?? [];
    if (whole === '') return badTimestamp;
    return this.#scaled(sign, whole + fraction, Number(exponent) - fraction.length + shift, out);
  }

  /** Writes `digits` times 10^`power` as a whole number. `timeRounding` decides what happens to decimal places. */
  #scaled(sign: string, digits: string, power: number, out: number): number {
    const value = BigInt(digits);
    const divisor = power < 0 ? 10n ** BigInt(-power) : 1n;
    const scaled = power < 0 ? value / divisor : value * 10n ** BigInt(power);
    if (value % divisor !== 0n && this.#options.timeRounding === 'reject') return inexact;
    const text = `${sign === '-' && scaled > 0n ? '-' : ''}${scaled}`;
    return text.length > 20 ? range : out + Buffer.from(this.#bytes.buffer).write(text, out, 'latin1');
  }

  /** Converts a serial date of Excel: days since 1899-12-30. Rounds to ms, because Excel stores no finer times. */
  #excel(from: number, to: number, out: number): number {
    const text = Buffer.from(this.#bytes.subarray(from, to)).toString('latin1');
    const [, whole = '', fraction = ''] = /^(\d{1,7})(?:\.(\d{1,20}))?$/.exec(text) ?? [];
    // Excel counts 1900-02-29, a day that never existed. Serial numbers before that day are shifted by one day, so they
    // are rejected.
    if (whole === '' || Number(whole) < 61) return badTimestamp;
    const scale = 10n ** BigInt(fraction.length);
    const ms = (BigInt(whole + fraction) * 86_400_000n + scale / 2n) / scale - 25_569n * 86_400_000n;
    const instant = this.#instant;
    instant.seconds = Number((ms - (((ms % 1000n) + 1000n) % 1000n)) / 1000n);
    instant.nanos = Number(((ms % 1000n) + 1000n) % 1000n) * 1_000_000;
    instant.offset = null;
    instant.inexact = false;
    return this.#calendar(out);
  }

  #calendar(out: number): number {
    const { precision, ambiguousTime } = this.#options;
    const instant = this.#instant;
    const seconds =
      instant.offset === null ? this.#zone(instant.seconds, ambiguousTime) : instant.seconds - instant.offset;
    if (seconds === null) return ambiguous;
    const unit = 10 ** (9 - unitDecimals[precision]);
    const isExact = instant.nanos % unit === 0 && !instant.inexact;
    if (!isExact && this.#options.timeRounding === 'reject') return inexact;
    return putInstant(this.#bytes, out, seconds, Math.floor(instant.nanos / unit), unitDecimals[precision]);
  }
}

/** Writes seconds and the `digits` digits of their fraction as one number: 12 s, fraction 5, 3 digits give `12005`. */
function putInstant(bytes: Uint8Array, out: number, seconds: number, fraction: number, digits: number): number {
  let o = out;
  let whole = seconds;
  let part = fraction;
  if (whole < 0) {
    bytes[o++] = MINUS;
    whole = part > 0 ? -whole - 1 : -whole;
    part = part > 0 ? 10 ** digits - part : 0;
  }
  if (whole > 99_999_999_999) return range;
  const end = o + (whole >= 1e9 && whole < 1e10 ? 10 : String(whole).length);
  for (let p = end - 1; p >= o; p--) {
    bytes[p] = ZERO + (whole % 10);
    whole = Math.floor(whole / 10);
  }
  for (let p = end + digits - 1; p >= end; p--) {
    bytes[p] = ZERO + (part % 10);
    part = Math.floor(part / 10);
  }
  return end + digits;
}

function isUnit(text: string): text is InputPrecision {
  return text in unitDecimals;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function digitsEnd(bytes: Uint8Array, from: number, to: number): number {
  let p = from;
  while (p < to && isDigit(bytes[p]!)) p++;
  return p;
}

function zeros(bytes: Uint8Array, from: number, to: number): boolean {
  for (let p = from; p < to; p++) if (bytes[p] !== ZERO) return false;
  return true;
}
