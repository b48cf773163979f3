// Options that only `audit` has.

import { UsageError } from '../../core/errors.js';
import type { Problem } from '../../core/problem.js';

export interface AuditOptions {
  readonly repair: boolean;
  /**
   * Time range to compare, in nanoseconds since 1970. If `since` is null, the range begins at the earliest time in the
   * inputs. If `until` is null, the range includes the latest time in the inputs.
   */
  readonly since: bigint | null;
  readonly until: bigint | null;
}

/** Parses --repair, --since and --until. Throws UsageError with all problems. */
export function auditOptions({ repair, since, until }: Readonly<Record<string, unknown>>): AuditOptions {
  const problems: Problem[] = [];
  const [from, to] = [timeOption('--since', since, problems), timeOption('--until', until, problems)];
  if (from !== null && to !== null && from >= to)
    problems.push({ tried: '--until', expected: 'a time after --since', found: String(until), fix: '' });
  if (problems.length > 0) throw new UsageError(problems);
  return { repair: repair === true, since: from, until: to };
}

function timeOption(flag: string, text: unknown, problems: Problem[]): bigint | null {
  if (text === undefined) return null;
  const time = typeof text === 'string' ? instant(text) : null;
  if (time === null) {
    const expected = 'a year, a date or a time in UTC, such as 2024, 2024-01-31 or 2024-01-31T12:00:00.5Z';
    problems.push({ tried: flag, expected, found: JSON.stringify(text), fix: '' });
  }
  return time;
}

/** Parses a year, a date, or an RFC 3339 time with up to nine decimals of a second; null for any other text. */
function instant(text: string): bigint | null {
  const found = /^(\d{4}(?:-\d\d(?:-\d\d(?:T\d\d:\d\d(?::\d\d)?)?)?)?)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?$/.exec(text);
  if (found === null) return null;
  const [, whole = '', fraction = '', zone] = found;
  const ms = Date.parse(whole.includes('T') ? `${whole}${zone ?? 'Z'}` : whole);
  if (Number.isNaN(ms) || (!whole.includes('T') && (fraction !== '' || zone !== undefined))) return null;
  return BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}
