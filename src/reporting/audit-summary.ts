// Formats the result of an audit for people.

import { count, duration, plural, printable, size, someOf } from '../core/text.js';
import type { AuditDifference, AuditSummary } from '../core/types/index.js';
import { row, wrappedRow } from './summary.js';

const maxShown = 5;

/**
 * Formats the result as lines, each ended by LF.
 * @param width columns at which lines wrap between words; null means unlimited width
 */
export function auditText(summary: AuditSummary, width: number | null = null): string {
  const { inputs, target, windows, memory, range, otherTables } = summary;
  const others =
    otherTables.length === 0
      ? []
      : [row('not read', `${tables(otherTables.length)} without a point in the inputs: ${someOf(otherTables)}`)];
  return [
    `${auditSentence(summary)}${summary.exitCode === 0 ? '' : ` (exit code ${summary.exitCode})`}`,
    ...(range === null ? [] : [row('range', `${range.from} until ${range.to}, exclusive`)]),
    row('inputs', `${plural(inputs.points, 'point')}, ${plural(inputs.values, 'value')}${inputNotes(inputs)}`),
    row('target', `${plural(target.points, 'point')}, ${plural(target.values, 'value')}`),
    row('windows', `${count(windows.total)}, ${count(windows.differing)} of them compared point by point`),
    ...differenceRows(summary),
    ...(summary.repair === null ? [] : [row('repair', repairText(summary.repair))]),
    ...others,
    row('time', duration(summary.seconds)),
    row('memory', `peak ${size(memory.peakRssBytes)} of ${size(memory.limitBytes)}`),
  ]
    .flatMap((line) => (width === null ? printable(line) : wrappedRow(printable(line), width)))
    .map((line) => `${line}\n`)
    .join('');
}

/** Returns the closing sentence of an audit. */
export function auditSentence({ outcome, repair }: AuditSummary): string {
  if (outcome !== 'complete') return 'The target differs from the inputs.';
  return repair === null
    ? 'Equal: the target holds exactly the values of the inputs.'
    : 'Repaired: the target now holds exactly the values of the inputs.';
}

function tables(n: number): string {
  return plural(n, 'table');
}

function inputNotes({ rejected, overwritten }: AuditSummary['inputs']): string {
  const notes = [
    ...(overwritten > 0 ? [`${plural(overwritten, 'point')} changed by later lines`] : []),
    ...(rejected > 0 ? [`${plural(rejected, 'point')} rejected, as in a load`] : []),
  ];
  return notes.map((note) => `; ${note}`).join('');
}

/** Formats the result of a repair: `97 points loaded again; nothing differs now`. */
export function repairText({ points, differingWindows }: NonNullable<AuditSummary['repair']>): string {
  const now =
    differingWindows === 0
      ? 'nothing differs now'
      : `${plural(differingWindows, 'window still differs', 'windows still differ')}`;
  return `${plural(points, 'point')} loaded again; ${now}`;
}

/** Formats numbers of differences: `12 missing, 3 extra, 85 different, 0 outdated`. */
export function differenceCounts({ missing, extra, different, overwritten }: AuditSummary['differences']): string {
  return `${count(missing)} missing, ${count(extra)} extra, ${count(different)} different, ${count(overwritten)} outdated`;
}

/** Returns the number of points that differ. */
export function differenceTotal({ missing, extra, different, overwritten }: AuditSummary['differences']): number {
  return missing + extra + different + overwritten;
}

/** Formats the series of a point: `cpu,host=a`. */
export function seriesOf({ table, tags }: AuditDifference): string {
  return [table, ...Object.entries(tags).map(([name, value]) => `${name}=${value}`)].join(',');
}

function differenceRows({ differences }: AuditSummary): string[] {
  const total = differenceTotal(differences);
  if (total === 0) return [];
  const shown = differences.listed.slice(0, maxShown).map((each) => row('', differenceText(each)));
  const more = total - shown.length;
  return [
    row('differ', differenceCounts(differences)),
    ...shown,
    ...(more > 0 ? [row('', `and ${plural(more, 'more point')}: see --summary and --report`)] : []),
  ];
}

/** Formats a difference: `cpu,host=a 2022-01-01T00:00:00.000000000Z usage: expected 1, found 2`. */
export function differenceText(difference: AuditDifference): string {
  const { kind, time, fields } = difference;
  const series = seriesOf(difference);
  if (kind === 'missing') return `${series} ${time} is missing`;
  if (kind === 'extra') return `${series} ${time} is only in the target`;
  const origin = kind === 'overwritten' ? ', which is the value of an earlier line of the inputs' : '';
  const parts = fields.map(
    ({ name, expected, found }) => `${name}: expected ${expected ?? 'nothing'}, found ${found ?? 'nothing'}${origin}`,
  );
  return `${series} ${time} ${parts.join('; ')}`;
}
