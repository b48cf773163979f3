// What a person needs in the morning: whether all is there, what is not, where it is, and how to go on.

import { outcomes } from '../core/outcomes.js';
import { printable } from '../core/printable.js';
import { count, duration, latency, plural, size } from '../core/text.js';
import type { Summary } from '../core/types/index.js';
import { wrapped } from './progress/wrap.js';

/** Of a load that an earlier run began. */
const usageLater = 'Nothing was sent in this run: the options or the inputs are not right.';

/** Of those that `--verify` found. */
const differencesShown = 5;
/** More inputs than this are shown only where something went wrong with them. */
const inputsShown = 20;
const nameWidth = 10;
/** Whole, however long it is. */
const toBeCopied = /^ {2}(run again|checkpoint|see) /;

type InputSummary = Summary['inputs'][number];

/** `--summary`: one JSON document, all keys always present. */
export function summaryJson(summary: Summary): string {
  return `${JSON.stringify(summary, null, 2)}\n`;
}

/**
 * Several lines for people, each ended by LF. `examples`: per reason the first reject, as text. Lines are broken between
 * words at `width`, where there is one. `writtenTo`: in words, what took the points of a dry run.
 */
export function summaryText(
  summary: Summary,
  examples: Readonly<Record<string, string>> = {},
  width: number | null = null,
  writtenTo: string | null = null,
): string {
  return [
    outcome(summary, writtenTo),
    ...account(summary),
    ...inputs(summary.inputs),
    ...speed(summary),
    ...held(summary),
    ...rejects(summary, examples),
    ...verified(summary),
    ...onwards(summary),
  ]
    .flatMap((line) => (width === null || toBeCopied.test(line) ? printable(line) : foldedRow(printable(line), width)))
    .map((line) => `${line}\n`)
    .join('');
}

/** What stands behind a name goes on below its own beginning. */
export function foldedRow(line: string, width: number): string[] {
  return wrapped(line, width, line.startsWith('  ') ? nameWidth + 3 : 0);
}

/** `  points     1 read = …` */
export function row(name: string, text: string): string {
  return `  ${name.padEnd(nameWidth)} ${text}`;
}

function balance(points: Summary['points']): string {
  const parts = [`${count(points.loaded)} loaded`, `${count(points.rejected)} rejected`];
  return `${count(points.read)} read = ${parts.join(' + ')} + ${count(points.undelivered)} undelivered`;
}

/** How it ended, in one sentence. `writtenTo` as for `summaryText`: nobody acknowledges what is written there. */
export function sentenceOf(summary: Summary, writtenTo: string | null): string {
  const { outcome: kind, rejects: found, points } = summary;
  if (kind === 'usage' && points.loaded + points.rejected > 0) return usageLater;
  const clean = kind === 'complete' && points.rejected === 0 && Object.keys(found.byReason).length === 0;
  const sentence = clean ? 'Complete: every point read was acknowledged.' : outcomes[kind].closingSentence;
  return writtenTo === null ? sentence : sentence.replace('acknowledged', () => `written to ${writtenTo}`);
}

function outcome(summary: Summary, writtenTo: string | null): string {
  const { reason, exitCode } = summary;
  return `${sentenceOf(summary, writtenTo)}${reason === null ? '' : ` ${reason}`}${exitCode === 0 ? '' : ` (exit code ${exitCode})`}`;
}

function account({ points, thisRun, values }: Summary): string[] {
  const resumed = thisRun.read !== points.read || thisRun.loaded !== points.loaded;
  const run = `${count(thisRun.read)} read, ${count(thisRun.loaded)} loaded, ${count(thisRun.rejected)} rejected`;
  return [
    row('points', `${balance(points)}, ${plural(values.loaded, 'value')}`),
    ...(resumed ? [row('this run', run)] : []),
  ];
}

function inputs(all: readonly InputSummary[]): string[] {
  const troubled = all.filter((each) => each.error !== null || each.rejected > 0 || each.undelivered > 0);
  const listed = all.length === 1 ? all.filter((each) => each.error !== null) : troubled;
  const shown = all.length > 1 && all.length <= inputsShown ? all : listed.slice(0, inputsShown);
  const more = shown === all ? 0 : listed.length - shown.length;
  return [
    ...shown.map((each) =>
      row('input', `${each.name}: ${balance(each)}${each.error === null ? '' : ` — ${each.error}`}`),
    ),
    ...(more > 0 ? [row('', `and ${plural(more, 'more input')} with rejects or trouble: see --summary`)] : []),
  ];
}

function speed({ seconds, rate, bytes, latencyMs, requests }: Summary): string[] {
  const ended = `${count(rate.pointsPerSecond)} points/s, ${size(rate.decodedBytesPerSecond)}/s`;
  const times = (['p50', 'p95', 'p99', 'max'] as const).map((name) => `${name} ${latency(latencyMs[name])}`);
  const refusals = (['overloaded', 'unreachable', 'rejected', 'refused'] as const)
    .filter((name) => requests[name] > 0)
    .map((name) => `, ${count(requests[name])} ${name}`);
  return [
    row('time', `${duration(seconds)}, ${ended}`),
    row('bytes', `${size(bytes.read)} read, ${size(bytes.decoded)} decoded, ${size(bytes.sent)} sent`),
    row('requests', `${count(requests.sent)} sent, ${count(requests.retried)} retried${refusals.join('')}`),
    ...(requests.accepted > 0 ? [row('latency', times.join(', '))] : []),
  ];
}

function held({ memory, pressure, seconds: all, target: { advice } }: Summary): string[] {
  const { target, targetMemory, ownMemory, input, rateLimit } = pressure.heldBackBy;
  const causes = Object.entries({
    'the target': target,
    '--target-memory': targetMemory,
    'own memory': ownMemory,
    'the input': input,
    'the rate limit': rateLimit,
  });
  // Some waiting for bytes is in every run: only what takes a tenth of it is worth a word.
  const least = (cause: string): number => (cause === 'the input' ? Math.max(0.05, all / 10) : 0.05);
  const by = causes
    .filter(([cause, seconds]) => seconds >= least(cause))
    .map(([cause, seconds]) => `${cause} ${duration(seconds)}`);
  const levels = [
    memory.highSeconds > 0 ? `, high for ${duration(memory.highSeconds)}` : '',
    memory.criticalSeconds > 0 ? `, critical for ${duration(memory.criticalSeconds)}` : '',
    memory.forcedGcs > 0 ? `, ${plural(memory.forcedGcs, 'forced collection')}` : '',
  ];
  const peak = `${size(memory.peakRssBytes)} at most, of ${size(memory.limitBytes)} (${memory.limitSource})`;
  const { limitFinal, limitMin, workers: most } = pressure;
  const fewest = limitMin < limitFinal ? `, ${limitMin} at the fewest once under way` : '';
  const writers = `${limitFinal} of ${most} at the end${fewest}`;
  // Several causes may hold at once: their times do not add up to that of the run.
  const overlap = by.length > 1 ? ' (these may overlap)' : '';
  return [
    row('memory', peak + levels.join('')),
    row('writers', `${writers}${by.length > 0 ? `; held back${overlap} by ${by.join(', ')}` : ''}`),
    ...(advice === null ? [] : [row('advice', advice)]),
  ];
}

function rejects({ rejects: found }: Summary, examples: Readonly<Record<string, string>>): string[] {
  const byReason = Object.entries(found.byReason).sort(([, a], [, b]) => b - a);
  const shown = byReason.map(([reason, points]) => {
    const example = examples[reason];
    return row(
      'rejected',
      `${reason}: ${plural(points, 'point')}${example === undefined ? '' : `; first: ${example}`}`,
    );
  });
  return [
    ...shown,
    ...(found.deadLetters ?? []).map((path) => row('see', `${path} (the points, loadable again)`)),
    ...(found.reasons === null ? [] : [row('see', `${found.reasons} (where and why)`)]),
  ];
}

function verified({ verify, points, thisRun }: Summary): string[] {
  if (verify === null) return [];
  const { sampled, found, equal, differences, tables } = verify;
  const wrong = differences.slice(0, differencesShown).map(({ table, time, tags, field, expected, got }) => {
    const series = [table, ...Object.entries(tags).map(([name, value]) => `${name}=${value}`)].join(',');
    const what = field === null ? 'is missing' : `${field}: sent ${expected}, found ${got ?? 'nothing'}`;
    return row('differs', `${series} ${time} ${what}`);
  });
  const counts = tables.map(({ table, countBefore, countAfter }) => {
    const before = countBefore === null ? 'an unknown number' : count(countBefore);
    return row('', `${table}: ${before} before, ${countAfter === null ? 'gone' : count(countAfter)} after`);
  });
  const check = `${plural(sampled, 'point')} read back, ${count(found)} found, ${count(equal)} equal`;
  const shown = counts.length > inputsShown ? [] : counts;
  return [
    row('verified', `${check}; ${chance(sampled, points.loaded)}`),
    ...wrong,
    ...shown,
    ...fewer(tables, thisRun.loaded),
  ];
}

/** Why the tables may have grown by less than was loaded; nothing where a count is missing. */
function fewer(tables: NonNullable<Summary['verify']>['tables'], loaded: number): string[] {
  if (tables.length === 0 || tables.some((each) => each.countBefore === null || each.countAfter === null)) return [];
  const grown = tables.reduce((sum, { countBefore, countAfter }) => sum + countAfter! - countBefore!, 0);
  const why = 'points of the same series and time overwrite each other';
  return grown < loaded ? [row('', `${count(grown)} more than before, fewer than loaded: ${why}`)] : [];
}

/** How sure the sample makes one: the chance that it misses all of k wrong points among n is (1 - k/n) to its size. */
export function chance(sampled: number, loaded: number): string {
  if (sampled >= loaded) return 'that is all of them';
  const missed = (wrong: number): string => (100 * (1 - wrong) ** sampled).toPrecision(2);
  return `1 wrong point in 100 would be missed with a chance of ${missed(0.01)}%, 1 in 1,000 with ${missed(0.001)}%`;
}

function onwards({ continueWith, checkpoint }: Summary): string[] {
  return [
    ...(checkpoint === null ? [] : [row('checkpoint', checkpoint)]),
    ...(continueWith === null ? [] : [row('run again', continueWith)]),
  ];
}
