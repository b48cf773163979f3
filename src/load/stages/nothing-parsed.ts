// Builds the error of an input without a valid point: the input has another format, or all its points break the same
// rule.

import { InputError } from '../../core/errors.js';
import type { Problem } from '../../core/problem.js';
import { alternatives, excerpt, plural } from '../../core/text.js';
import { type Reason, reasons } from '../../formats/reasons.js';
import { formats } from '../../formats/registry.js';

class NothingParsedError extends InputError {
  constructor(message: string | Problem) {
    super(message, { retryHelps: false });
  }
}

/** Tests whether the error means that an input has no valid point. */
export function isNothingParsed(error: unknown): error is InputError {
  return error instanceof NothingParsedError;
}

/** Matches a line that looks like line protocol, even if it breaks a rule: a name, then fields or a timestamp. */
export const lineShape = /^[^\s<]\S* (?:\S+=\S|-?\d{9,20}\s*$)/;

/** Reject reasons of lines or rows that have the right format. */
const parsedReasons: ReadonlySet<string> = new Set([
  ...['no-timestamp', 'bad-timestamp', 'timestamp-range', 'cut-short', 'too-long', 'series-key-too-long'],
]);

/** Reject reasons that suggest that the input has a different format. */
const formatReasons: ReadonlySet<string> = new Set([
  ...['bad-json', 'ragged-row', 'bad-quote', 'invalid-utf8', 'control-character'],
]);

/**
 * Reject reasons that occur only in line protocol. If a text is rejected for another reason, it may have another
 * format.
 */
const lineReasons: ReadonlySet<string> = new Set([
  ...['bad-escape', 'bad-string-escape', 'column-named-time', 'tag-and-field-same-name'],
  ...['duplicate-tag', 'duplicate-field', 'too-many-columns', 'non-finite', 'integer-range'],
]);

/** Returns a problem if all points have the right format and break the same rule; otherwise null. */
function brokenRule(name: string, units: string, { reason, rejects, areLines, message }: BrokenRule): Problem | null {
  const rows = rejects === 1 ? `the only ${units}` : `all ${plural(rejects, units)}`;
  if (units === 'line' && !areLines && !lineReasons.has(reason)) return null;
  if (reason === 'bad-timestamp' && units === 'line')
    return {
      tried: `reading the times of ${name}`,
      expected: 'line protocol, where a timestamp is a whole number in --precision',
      found: `timestamps of another format in ${rows}`,
      fix: 'convert the timestamps to numbers',
    };
  if (reason === 'bad-timestamp') return otherTimes(name, rows, message);
  if (!isReason(reason) || parsedReasons.has(reason) || formatReasons.has(reason)) return null;
  const expected = `${units}s that follow this rule: ${reasons[reason]}`;
  const fix = `change the ${units}s, or check --format`;
  return { tried: `reading ${name}`, expected, found: `${reason} in ${rows}`, fix };
}

/** Returns the problem of an input in which no time has the expected form. */
function otherTimes(name: string, rows: string, message: string): Problem {
  const [, found, expected] = /^found (.*); expected (.*?)(?:;|$)/s.exec(message) ?? [];
  const pattern = patternOf(/^"(.*)" in column /s.exec(found ?? '')?.[1] ?? '');
  return {
    tried: `reading the times of ${name}`,
    expected: expected ?? 'times in the format of --time-format',
    found: `times of another format in ${rows}${found === undefined ? '' : `, such as ${found}`}`,
    fix:
      pattern === null
        ? "set the format with --time-format, such as '%d.%m.%Y %H:%M:%S'"
        : `use --time-format '${pattern}', and --timezone if the times are not in UTC`,
  };
}

/** Returns the --time-format of an unambiguous date, with or without a time of day; null for other text. */
function patternOf(text: string): string | null {
  const [, date = '', time = ''] = /^(\S+)( \d\d?:\d\d(?::\d\d)?)?$/.exec(text) ?? [];
  const day = /^\d\d?\.\d\d?\.\d{4}$/.test(date) ? '%d.%m.%Y' : /^\d{4}\/\d\d?\/\d\d?$/.test(date) ? '%Y/%m/%d' : null;
  return day === null ? null : `${day}${time === '' ? '' : time.split(':').length > 2 ? ' %H:%M:%S' : ' %H:%M'}`;
}

interface BrokenRule {
  readonly reason: string;
  readonly rejects: number;
  /** True if all rejects look like line protocol. */
  readonly areLines: boolean;
  /** Message of the first reject: what was found, and what was expected; an empty text if unknown. */
  readonly message: string;
}

interface FirstReject {
  readonly text: string;
  readonly message: string;
}

function isReason(text: string): text is Reason {
  return Object.hasOwn(reasons, text);
}

/**
 * Builds the error of an input without a valid point. Returns null if the input has no rejects, or if the reason of a
 * reject shows that the format is right.
 * @param lines number of rejects that look like line protocol; null if unknown
 * @param compression compression of the input
 * @param first beginning of the first reject, and its message; empty texts if unknown
 */
export function nothingParsed(
  name: string,
  format: string,
  byReason: Iterable<readonly [reason: string, count: number]>,
  lines: number | null = null,
  compression = '',
  first: FirstReject = { text: '', message: '' },
): InputError | null {
  const found = [...byReason];
  const rejects = found.reduce((sum, [, n]) => sum + n, 0);
  const units = format === 'lp' ? 'line' : 'row';
  const broken =
    found.length === 1
      ? brokenRule(name, units, { reason: found[0]![0], rejects, areLines: lines === rejects, message: first.message })
      : null;
  if (broken !== null) return new NothingParsedError(broken);
  const isText = format === 'lp' && lines === 0;
  if (rejects === 0 || (!isText && found.some(([reason]) => parsedReasons.has(reason)))) return null;
  const noUnit = rejects === 1 ? `the only ${units}` : `none of the ${plural(rejects, units)}`;
  const verb = rejects === 1 ? 'is not' : 'is';
  const wanted = format === 'lp' ? 'line protocol' : `a valid row of ${format}`;
  const markup = /^\s*<(?:(\?xml)|!doctype html|html)/i.exec(first.text);
  if (markup !== null) {
    const kind = markup[1] === undefined ? 'HTML' : 'XML';
    const expected = `one of the formats ${alternatives(formats.map(({ title }) => title))}`;
    const fix = `convert the file: bulk-load does not read ${kind}`;
    return new NothingParsedError({ tried: `reading ${name}`, expected, found: kind, fix });
  }
  const [, packed] = /\.(gz|zst)$/i.exec(name) ?? [];
  if (packed !== undefined && compression === 'none')
    return new NothingParsedError({
      tried: `reading ${name}`,
      expected: `compressed data (because the file name ends with .${packed}) or ${wanted}`,
      found:
        first.text === ''
          ? 'other content'
          : `other content; the first line is ${JSON.stringify(excerpt(first.text, 60))}`,
      fix: 'look at the file, which may be an error page; then fetch the file again',
    });
  return new NothingParsedError(`${noUnit} of ${name} ${verb} ${wanted}; is --format right?`);
}

/** Throws InputError if an input that was read to its end has no valid point. */
export function assertParsed(
  name: string,
  format: string,
  { points, rejects }: { readonly points: number; readonly rejects: ReadonlyMap<string, number> },
): void {
  const error = points === 0 ? nothingParsed(name, format, rejects) : null;
  if (error !== null) throw error;
}
