// Renders the file of `--results-file` as Go's json.MarshalIndent does: one space per level, without a newline at the
// end.

import type { GoValue } from './go/pflag.js';
import type { Totals } from './report-lines.js';

/** Keys in the order of the Go tool's struct. Other flags, such as credentials, are not in the file. */
const config = [
  'db-name',
  'batch-size',
  'workers',
  'limit',
  'do-load',
  'do-create-db',
  'do-abort-on-exist',
  'reporting-period',
  'hash-workers',
  'no-flow-control',
  'channel-capacity',
  'insert-intervals',
  'results-file',
  'file',
  'seed',
] as const;

/** Values that do not depend on the flags. */
const fixed: Record<string, GoValue> = { 'no-flow-control': false, 'channel-capacity': 0n, 'hash-workers': false };

/** Renders the file. Durations are in nanoseconds; `startMs` and `endMs` are ms since 1970. */
export function resultsJson(
  values: ReadonlyMap<string, GoValue>,
  startMs: number,
  endMs: number,
  { metrics, rows }: Totals,
): string {
  const seconds = (endMs - startMs) / 1000;
  const rate = (count: number): number => (seconds > 0 ? count / seconds : 0);
  const totals = { metricRate: rate(metrics), ...(rows > 0 ? { rowRate: rate(rows) } : {}) };
  return object(0, [
    ['ResultFormatVersion', '"0.1"'],
    [
      'RunnerConfig',
      object(
        1,
        config.map((name) => [name, scalar(fixed[name] ?? values.get(name)!)]),
      ),
    ],
    ['StartTime', String(Math.floor(startMs / 1000))],
    ['EndTime', String(Math.floor(endMs / 1000))],
    ['DurationMillis', String(Math.floor(endMs - startMs))],
    [
      'Totals',
      object(
        1,
        Object.entries(totals).map(([name, value]) => [name, JSON.stringify(value)]),
      ),
    ],
  ]);
}

function object(level: number, entries: readonly (readonly [name: string, json: string])[]): string {
  const indent = ' '.repeat(level + 1);
  return `{\n${entries.map(([name, json]) => `${indent}${JSON.stringify(name)}: ${json}`).join(',\n')}\n${' '.repeat(level)}}`;
}

/** Keeps all digits of 64-bit integers, and escapes the characters that Go escapes for HTML. */
function scalar(value: GoValue): string {
  if (typeof value === 'bigint') return String(value);
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
