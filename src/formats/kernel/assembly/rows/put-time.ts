// Writes times as digits in the precision of the load. Reads whole numbers in this precision, and RFC 3339 dates.
// TypeScript (timestamps/time-cell.ts) reads all other times.

import { DOT, MINUS, SPACE } from '../byte-marks';
import { digitMask, wholeNumber } from '../digits';
import { COLON } from './row-memory';
import { copy } from './put-values';
import { timeDates, timeLimit, timeNumbers, timePlaces, timeUtc } from './row-settings';

/**
 * Calls TypeScript, which reads the time in [from, to) and writes its digits at `out`.
 * @returns the output position after the digits; negative for an invalid time
 */
@external('env', 'time')
declare function otherTime(from: u32, to: u32, out: u32): i32;

/** Longest cell that may be a time, bytes. */
const LONGEST: usize = 64;
const DAY: i64 = 86_400;

/** The last time written, in the precision of the load. */
export let timestamp: i64 = 0;

let dateHead: u64 = 0;
let dateTail: u32 = 0;
/** Seconds since 1970 at the start of the day that `readDate` read last. */
let dateSeconds: i64 = 0;

/** Writes a time. @returns the output position after its digits; 0 if the encoder in TypeScript must read the row */
export function putTime(from: usize, to: usize, out: usize): usize {
  const length = to - from;
  if (length - 1 >= LONGEST || load<u8>(from) == SPACE || load<u8>(to - 1) == SPACE) return 0;
  const isDate = timeDates && (!timeNumbers || load<u8>(from, 4) == MINUS);
  let end = isDate ? putDate(from, to, out) : timeNumbers ? putNumber(from, to, out) : 0;
  if (end != 0) return end;
  const other = otherTime(u32(from), u32(to), u32(out));
  if (other < 0) return 0;
  end = usize(other);
  return read(out, end) ? end : 0;
}

/**
 * Copies a time that already consists of digits in the precision of the load.
 * @returns the output position after the copied digits; 0 if the bytes are not such a time
 */
export function putNumber(from: usize, to: usize, out: usize): usize {
  return read(from, to) ? copy(out, from, to - from) : 0;
}

/**
 * Reads 1 to 19 digits with an optional minus into `timestamp`. Returns false for other bytes, and for a value beyond
 * `timeLimit`.
 */
function read(from: usize, to: usize): bool {
  const negative = load<u8>(from) == MINUS;
  const p = from + usize(negative);
  const value = wholeNumber(p, to - p);
  if (value > timeLimit) return false;
  timestamp = negative ? -i64(value) : i64(value);
  return true;
}

@inline
function two(p: usize): u32 {
  return u32(load<u8>(p) - 0x30) * 10 + u32(load<u8>(p, 1) - 0x30);
}

/**
 * Writes the time of a date such as `2024-01-31T12:34:56.789Z`. Returns 0 for any other text, and outside 2001 to 2286,
 * because the number of seconds then does not have 10 digits.
 */
function putDate(from: usize, to: usize, out: usize): usize {
  // Tests that digits stand in the same places as in `2024-01-31T12:34:56`.
  if (to - from < 19 || (digitMask(from) & 0xdb6f) != 0xdb6f || (digitMask(from + 16) & 6) != 6) return 0;
  const separator = u32(load<u8>(from, 10));
  if (separator != SPACE && (separator | 0x20) != 0x74) return 0;
  if (load<u8>(from, 4) != MINUS || load<u8>(from, 7) != MINUS) return 0;
  if (load<u8>(from, 13) != COLON || load<u8>(from, 16) != COLON) return 0;
  const hour = two(from + 11);
  const minute = two(from + 14);
  const second = two(from + 17);
  if (hour > 23 || minute > 59 || second > 59 || !readDate(from)) return 0;
  let p = from + 19;
  let nanos: u32 = 0;
  if (p < to && load<u8>(p) == DOT) {
    const fraction = p + 1;
    const digits = min<usize>(ctz(~digitMask(fraction)), to - fraction);
    if (digits - 1 >= 9) return 0;
    for (let i: usize = 0; i < 9; i++) nanos = nanos * 10 + (i < digits ? u32(load<u8>(fraction + i) - 0x30) : 0);
    p = fraction + digits;
  }
  const ahead = offset(p, to);
  if (ahead == i32.MIN_VALUE) return 0;
  const seconds = dateSeconds + i64(hour * 3600 + minute * 60 + second) - i64(ahead);
  return seconds < 1_000_000_000 || seconds > 9_999_999_999 ? 0 : putInstant(seconds, nanos, out);
}

/**
 * Returns the UTC offset in seconds that ends a date, such as `Z` or `+01:00`. An empty text means UTC if `timeUtc` is
 * true. Returns i32.MIN_VALUE for any other text.
 */
function offset(p: usize, to: usize): i32 {
  if (p == to) return timeUtc ? 0 : i32.MIN_VALUE;
  const sign = u32(load<u8>(p));
  if ((sign | 0x20) == 0x7a) return to == p + 1 ? 0 : i32.MIN_VALUE;
  if ((sign != 0x2b && sign != MINUS) || to != p + 6) return i32.MIN_VALUE;
  if ((digitMask(p) & 0x36) != 0x36 || load<u8>(p, 3) != COLON) return i32.MIN_VALUE;
  const hours = two(p + 1);
  const minutes = two(p + 4);
  if (hours > 23 || minutes > 59) return i32.MIN_VALUE;
  const ahead = i32(hours * 3600 + minutes * 60);
  return sign == MINUS ? -ahead : ahead;
}

/**
 * Reads a date into `dateSeconds`. Returns false for an invalid date. The last date is cached, because consecutive rows
 * mostly have the same date.
 */
function readDate(from: usize): bool {
  const head = load<u64>(from);
  const tail = u32(load<u16>(from, 8));
  if (head == dateHead && tail == dateTail) return true;
  const year = i32(two(from) * 100 + two(from + 2));
  const month = i32(two(from + 5));
  const day = i32(two(from + 8));
  const leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  const most = month == 2 ? 28 + i32(leap) : 30 + ((month + (month >> 3)) & 1);
  if (month < 1 || month > 12 || day < 1 || day > most) return false;
  // Days since 1970, with the same algorithm as in timestamps/instant.ts.
  const y = month <= 2 ? year - 1 : year;
  const era = y / 400;
  const yearOfEra = y - era * 400;
  const dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear;
  dateSeconds = i64(era * 146_097 + dayOfEra - 719_468) * DAY;
  dateHead = head;
  dateTail = tail;
  return true;
}

@inline
function putDigits(value: u32, places: u32, out: usize): void {
  let left = value;
  for (let p = out + places; p > out; left /= 10) store<u8>(--p, 0x30 + (left % 10));
}

function putInstant(seconds: i64, nanos: u32, out: usize): usize {
  let unit: u32 = 1;
  for (let i = timePlaces; i < 9; i++) unit *= 10;
  if (nanos % unit != 0) return 0;
  const value = seconds * i64(1_000_000_000 / unit) + i64(nanos / unit);
  if (u64(value) > timeLimit) return 0;
  timestamp = value;
  putDigits(u32(seconds / 100_000), 5, out);
  putDigits(u32(seconds % 100_000), 5, out + 5);
  putDigits(nanos / unit, timePlaces, out + 10);
  return out + 10 + timePlaces;
}
