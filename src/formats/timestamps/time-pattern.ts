// Reads times with a strptime pattern such as `%d.%m.%Y %H:%M:%S,%f`. The pattern is compiled once into a list of
// functions.

import { UsageError } from '../../core/errors.js';
import { days, type Instant } from './instant.js';
import { number, readOffset } from './rfc3339.js';

/** Reads the time in [from, to) into `instant`. Returns false if the text does not match the pattern. */
export type Pattern = (bytes: Uint8Array, from: number, to: number, instant: Instant) => boolean;

/** The parts of a time that were read so far. */
interface TimeParts {
  year: number;
  month: number;
  day: number;
  /** Day of the year, from 1; -1 if the pattern has no `%j`. */
  dayOfYear: number;
  hour: number;
  /** Hours to add for am (0) or pm (12); -1 for a 24-hour clock. */
  half: number;
  minute: number;
  second: number;
  nanos: number;
  /** True if the text had a digit other than 0 after the ninth decimal place. */
  inexact: boolean;
  /** Seconds since 1970; null if the pattern has no `%s`. */
  epoch: number | null;
}

/** Reads one part of a time at `at`, before `to`. Returns the offset after the part; -1 if the text does not match. */
type PatternStep = (bytes: Uint8Array, at: number, to: number, parts: TimeParts, instant: Instant) => number;

const monthNames = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const longMonths = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];

const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const longWeekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];
/** Accepted time zone names. Other abbreviations are ambiguous and do not match. */
const utcNames = ['utc', 'gmt', 'z'];

const steps: Readonly<Record<string, PatternStep>> = {
  Y: digits(4, 4, (parts, value) => (parts.year = value)),
  y: digits(2, 2, (parts, value) => (parts.year = value < 69 ? 2000 + value : 1900 + value)),
  m: digits(1, 2, (parts, value) => (parts.month = value)),
  d: digits(1, 2, (parts, value) => (parts.day = value)),
  e: (bytes, at, to, parts, instant) => steps.d!(bytes, bytes[at] === 0x20 ? at + 1 : at, to, parts, instant),
  j: digits(1, 3, (parts, value) => (parts.dayOfYear = value)),
  H: digits(1, 2, (parts, value) => (parts.hour = value)),
  I: digits(1, 2, (parts, value) => (parts.hour = value)),
  M: digits(1, 2, (parts, value) => (parts.minute = value)),
  S: digits(1, 2, (parts, value) => (parts.second = value)),
  s: epoch,
  f: fraction,
  '.f': optionalFraction,
  a: word(weekdays, () => {}),
  A: word(longWeekdays, () => {}),
  Z: zoneName,
  p: word(['am', 'pm'], (parts, i) => (parts.half = i * 12)),
  b: word(monthNames, (parts, i) => (parts.month = i + 1)),
  B: word(longMonths, (parts, i) => (parts.month = i + 1)),
  z: (bytes, at, to, _, instant) => {
    let end = at;
    while (end < to && /[-+:0-9Zz]/.test(String.fromCharCode(bytes[end]!))) end++;
    return end > at && readOffset(bytes, at, end, instant) ? end : -1;
  },
};
const shorthands: Readonly<Record<string, string>> = { F: '%Y-%m-%d', T: '%H:%M:%S', R: '%H:%M', D: '%m/%d/%y' };

/** Letters that may follow `%` in a pattern. */
const patternLetters = [...Object.keys(steps), ...Object.keys(shorthands), '%'];

/** Describes why a pattern is invalid; null for a valid pattern. */
function patternProblem(pattern: string): string | null {
  const full = expanded(pattern);
  const unknown = [...full.matchAll(/%(\.f|.?)/gs)].find(([, letter]) => !patternLetters.includes(letter || '?'));
  if (unknown !== undefined) return `${unknown[0]}, which is not one of %${patternLetters.join(' %')}`;
  const has = (letter: string): boolean => full.replaceAll('%%', '').includes(`%${letter}`);
  const date = (has('Y') || has('y')) && (has('j') || ((has('m') || has('b') || has('B')) && (has('d') || has('e'))));
  return date || has('s') ? null : `${pattern}, which lacks a date`;
}

function expanded(pattern: string): string {
  return pattern.replace(/%(\.f|.)/gs, (whole, letter: string) => shorthands[letter] ?? whole);
}

/** Compiles a pattern. Throws UsageError if the pattern is invalid or has no date. */
export function compile(pattern: string): Pattern {
  const problem = patternProblem(pattern);
  if (problem !== null)
    throw new UsageError([
      {
        tried: 'reading --time-format',
        expected: 'a pattern such as %Y-%m-%d %H:%M:%S',
        found: problem,
        fix: 'correct --time-format',
      },
    ]);
  const all = [...expanded(pattern).matchAll(/%(\.f|.)|([^%])/gsu)].map(([, letter, literal]) =>
    letter === undefined || letter === '%' ? text(literal ?? '%') : steps[letter]!,
  );
  return (bytes, from, to, instant) => {
    const parts: TimeParts = {
      year: 1970,
      month: 1,
      day: 1,
      dayOfYear: -1,
      hour: 0,
      half: -1,
      minute: 0,
      second: 0,
      nanos: 0,
      inexact: false,
      epoch: null,
    };
    instant.offset = null;
    let at = from;
    for (const step of all) {
      at = step(bytes, at, to, parts, instant);
      if (at < 0) return false;
    }
    return at === to && settle(parts, instant);
  };
}

function settle(parts: TimeParts, instant: Instant): boolean {
  const { year, month, day, dayOfYear, minute, second, nanos, epoch } = parts;
  instant.nanos = nanos;
  instant.inexact = parts.inexact;
  if (epoch !== null) {
    // Decimal places make a negative number of seconds earlier: `-1.25` is 2 s before 1970, plus 750,000,000 ns.
    const isBackward = (epoch < 0 || Object.is(epoch, -0)) && nanos > 0;
    instant.seconds = isBackward ? epoch - 1 : epoch;
    if (isBackward) instant.nanos = 1_000_000_000 - nanos;
    instant.offset = 0;
    return true;
  }
  const hour = hourOf(parts);
  const date = dayOfYear >= 0 ? inYear(year, dayOfYear) : days(year, month, day);
  if (date === null || hour === null || minute > 59 || second > 59) return false;
  instant.seconds = date * 86_400 + hour * 3600 + minute * 60 + second;
  return true;
}

function hourOf({ hour, half }: TimeParts): number | null {
  if (half < 0) return hour > 23 ? null : hour;
  return hour < 1 || hour > 12 ? null : (hour % 12) + half;
}

function inYear(year: number, day: number): number | null {
  const first = days(year, 1, 1)!;
  return day > 0 && first + day - 1 < days(year + 1, 1, 1)! ? first + day - 1 : null;
}

function text(literal: string): PatternStep {
  const wanted = Buffer.from(literal);
  return (bytes, at, to) => {
    const there = at + wanted.length <= to && wanted.every((byte, i) => bytes[at + i] === byte);
    return there ? at + wanted.length : -1;
  };
}

function digits(least: number, most: number, set: (parts: TimeParts, value: number) => void): PatternStep {
  return (bytes, at, to, parts) => {
    let end = at;
    while (end < to && end < at + most && bytes[end]! >= 0x30 && bytes[end]! <= 0x39) end++;
    if (end - at < least) return -1;
    set(parts, number(bytes, at, end - at));
    return end;
  };
}

/** Reads the seconds since 1970, which may be negative. */
function epoch(bytes: Uint8Array, at: number, to: number, parts: TimeParts): number {
  const first = bytes[at] === 0x2d ? at + 1 : at;
  let end = first;
  while (end < to && end < first + 11 && bytes[end]! >= 0x30 && bytes[end]! <= 0x39) end++;
  if (end === first) return -1;
  const seconds = number(bytes, first, end - first);
  parts.epoch = first > at ? -seconds : seconds;
  return end;
}

/** Reads optional decimal places after a dot or comma. */
function optionalFraction(bytes: Uint8Array, at: number, to: number, parts: TimeParts): number {
  return at < to && (bytes[at] === 0x2e || bytes[at] === 0x2c) ? fraction(bytes, at + 1, to, parts) : at;
}

function zoneName(bytes: Uint8Array, at: number, to: number, _: TimeParts, instant: Instant): number {
  const text = String.fromCharCode(...bytes.subarray(at, Math.min(to, at + 3))).toLowerCase();
  const name = utcNames.find((each) => text.startsWith(each));
  if (name === undefined) return -1;
  instant.offset = 0;
  return at + name.length;
}

/** Reads up to nine decimal places of a second. A further digit other than 0 makes the time inexact. */
function fraction(bytes: Uint8Array, at: number, to: number, parts: TimeParts): number {
  let end = at;
  while (end < to && bytes[end]! >= 0x30 && bytes[end]! <= 0x39) end++;
  const nanosEnd = Math.min(end, at + 9);
  for (let p = nanosEnd; p < end; p++) if (bytes[p] !== 0x30) parts.inexact = true;
  if (end === at) return -1;
  parts.nanos = number(bytes, at, nanosEnd - at) * 10 ** (9 - (nanosEnd - at));
  return end;
}

function word(names: readonly string[], set: (parts: TimeParts, index: number) => void): PatternStep {
  return (bytes, at, to, parts) => {
    const rest = String.fromCharCode(...bytes.subarray(at, Math.min(to, at + 9))).toLowerCase();
    // No name in the list is a prefix of another name, so at most one name can match.
    const found = names.findIndex((name) => rest.startsWith(name));
    if (found < 0) return -1;
    set(parts, found);
    return at + names[found]!.length;
  };
}
