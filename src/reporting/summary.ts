// The summary of a run for people: how many points are loaded, where the other points are, and how to resume.

import { namedFactors } from '../core/limiting-factors.js';
import { type Outcome, outcomes } from '../core/outcomes.js';
import { count, duration, latency, plural, printable, size } from '../core/text.js';
import type { Summary } from '../core/types/index.js';
import { jsonParts } from './json-parts.js';
import { wrapped } from './wrap.js';

/** Replaces the closing sentence of the outcome `usage` if an earlier run of the load has sent points. */
const nothingSentNow = 'Nothing was sent in this run: an option or an input is wrong.';

const maxDifferences = 5;
/**
 * Largest number of inputs in the summary. For a load with more inputs, the summary lists only inputs with rejects or
 * problems.
 */
const maxInputs = 20;
const nameWidth = 10;
/** Matches rows that users copy. These rows are not wrapped on narrow terminals. */
const copiedRow = /^ {2}(run again|checkpoint|see) /;

type InputSummary = Summary['inputs'][number];

/** Yields in parts the JSON document that a command writes to `--summary`. */
export function* summaryJson(summary: object): Generator<string> {
  yield* jsonParts(summary, 2);
  yield '\n';
}

/**
 * Formats the summary as lines, each ended by LF.
 * @param examples first reject of each reason
 * @param width columns at which lines wrap between words; null means unlimited width
 * @param writtenTo name of the output of a dry run; null for a target
 */
export function summaryText(
  summary: Summary,
  examples: Readonly<Record<string, string>> = {},
  width: number | null = null,
  writtenTo: string | null = null,
): string {
  return [
    outcomeLine(summary, writtenTo),
    ...pointRows(summary),
    ...inputRows(summary.inputs, summary.outcome),
    ...rateRows(summary, writtenTo),
    ...limitRows(summary),
    ...machineRows(summary),
    ...rejectRows(summary, examples),
    ...verifyRows(summary),
    ...resumeRows(summary),
  ]
    .flatMap((line) => (width === null || copiedRow.test(line) ? printable(line) : wrappedRow(printable(line), width)))
    .map((line) => `${line}\n`)
    .join('');
}

/** Wraps a row. Aligns further lines of the row's text with the first line. */
export function wrappedRow(line: string, width: number): string[] {
  return wrapped(line, width, line.startsWith('  ') ? nameWidth + 3 : 0);
}

/** Formats a row: `  points     1 read = …`. */
export function row(name: string, text: string): string {
  return `  ${name.padEnd(nameWidth)} ${text}`;
}

function balance(points: Summary['points']): string {
  const parts = [`${count(points.loaded)} loaded`, `${count(points.rejected)} rejected`];
  return `${count(points.read)} read = ${parts.join(' + ')} + ${count(points.undelivered)} undelivered`;
}

/** Facts that decide the closing sentence. */
type ClosedRun = Pick<Summary, 'outcome' | 'points'> & {
  readonly rejects: { readonly byReason: Readonly<Record<string, number>> };
};

/**
 * Returns the closing sentence. If `writtenTo` names the output of a dry run, the sentence says "written" instead of
 * "acknowledged".
 */
export function closingSentence({ outcome, rejects, points }: ClosedRun, writtenTo: string | null): string {
  if (outcome === 'usage' && points.loaded + points.rejected > 0) return nothingSentNow;
  const clean = outcome === 'complete' && points.rejected === 0 && Object.keys(rejects.byReason).length === 0;
  if (!clean) {
    const sentence = outcomes[outcome].closingSentence;
    return writtenTo === null ? sentence : sentence.replace('acknowledged', () => `written to ${writtenTo}`);
  }
  return `Complete: every point read was ${writtenTo === null ? 'acknowledged' : `written to ${writtenTo}`}.`;
}

function outcomeLine(summary: Summary, writtenTo: string | null): string {
  const { exitCode, inputs, outcome } = summary;
  // With several inputs, the row of each input shows its error, so the first line omits the error.
  const reason = outcome === 'input' && inputs.length > 1 && inputs.some(hasError) ? null : summary.reason;
  // Only a phrase such as `reading a.csv` gets a capital letter; a name keeps its spelling.
  const why = reason === null ? '' : ` ${reason.replace(/^[a-z](?=[a-z]*ing )/, (letter) => letter.toUpperCase())}`;
  return `${closingSentence(summary, writtenTo)}${why}${exitCode === 0 ? '' : ` (exit code ${exitCode})`}`;
}

function pointRows({ points, thisRun, values }: Summary): string[] {
  const resumed = thisRun.read !== points.read || thisRun.loaded !== points.loaded;
  const run = `${count(thisRun.read)} read, ${count(thisRun.loaded)} loaded, ${count(thisRun.rejected)} rejected`;
  return [
    row('points', `${balance(points)}, ${plural(values.loaded, 'value')}`),
    ...(resumed ? [row('this run', run)] : []),
  ];
}

function hasError({ error }: InputSummary): boolean {
  return error !== null;
}

function inputRows(all: readonly InputSummary[], outcome: Outcome): string[] {
  // With one input and the outcome `input`, the first line of the summary already shows the error.
  if (all.length === 1)
    return outcome === 'input' ? [] : all.filter(hasError).map(({ name, error }) => row('input', `${name}: ${error}`));
  const troubled = all.filter((each) => each.error !== null || each.rejected > 0 || each.undelivered > 0);
  const shown = all.length <= maxInputs ? all : troubled.slice(0, maxInputs);
  const more = shown === all ? 0 : troubled.length - shown.length;
  return [
    ...shown.map((each) =>
      row('input', `${each.name}: ${balance(each)}${each.error === null ? '' : `; ${each.error}`}`),
    ),
    ...(more > 0 ? [row('', `and ${plural(more, 'more input')} with rejects or problems: see --summary`)] : []),
  ];
}

/** Formats the times of a run: `1m 23s (start 0.4s, sending 1m 20s, verify 2.0s)`. */
export function timeText({ seconds, phases }: Pick<Summary, 'seconds' | 'phases'>): string {
  const { startSeconds, sendSeconds, verifySeconds } = phases;
  const verify = verifySeconds > 0 ? [`verify ${duration(verifySeconds)}`] : [];
  const parts = [`start ${duration(startSeconds)}`, `sending ${duration(sendSeconds)}`, ...verify];
  return `${duration(seconds)} (${parts.join(', ')})`;
}

/** Formats time and bytes, and for a target also the requests. A dry run does not send requests. */
function rateRows(summary: Summary, writtenTo: string | null): string[] {
  const { rate, bytes, latencyMs, requests } = summary;
  const rates = `${count(rate.pointsPerSecond)} points/s, ${size(rate.decodedBytesPerSecond)}/s`;
  const times = (['p50', 'p95', 'p99', 'max'] as const).map((name) => `${name} ${latency(latencyMs[name])}`);
  const refusals = (['overloaded', 'unreachable', 'rejected', 'refused'] as const)
    .filter((name) => requests[name] > 0)
    .map((name) => `, ${count(requests[name])} ${name}`);
  const transfer = `${size(bytes.read)} read, ${size(bytes.decoded)} decoded, ${size(bytes.sent)}`;
  const time = row('time', `${timeText(summary)}, ${rates}`);
  if (writtenTo !== null) return [time, row('bytes', `${transfer} written`)];
  return [
    time,
    row('bytes', `${transfer} sent`),
    row('requests', `${count(requests.sent)} sent, ${count(requests.retried)} retried${refusals.join('')}`),
    ...(requests.accepted > 0 ? [row('latency', times.join(', '))] : []),
  ];
}

/** Formats the memory use of a run: `peak 131 MiB of 512 MiB (default), high for 12s`. */
export function memoryText({ memory }: Summary): string {
  return [
    `peak ${size(memory.peakRssBytes)} of ${size(memory.limitBytes)} (${memory.limitSource})`,
    ...(memory.highSeconds > 0 ? [`high for ${duration(memory.highSeconds)}`] : []),
    ...(memory.criticalSeconds > 0 ? [`critical for ${duration(memory.criticalSeconds)}`] : []),
    ...(memory.forcedGcs > 0 ? [plural(memory.forcedGcs, 'forced collection')] : []),
  ].join(', ');
}

/**
 * Formats the limiting factors: `limited by the target 1m 05s, the input 12s`. Returns null if the load was not
 * noticeably limited.
 */
export function limitText({ pressure, seconds }: Summary): string | null {
  const named = namedFactors(pressure.heldBackBy, seconds).map((each) => `${each.title} ${duration(each.seconds)}`);
  if (named.length === 0) return null;
  // Several factors may limit the load at once, so the sum of their times may exceed the time of the run.
  return `limited by ${named.join(', ')}${named.length > 1 ? ' (these times may overlap)' : ''}`;
}

function limitRows(summary: Summary): string[] {
  const { advice } = summary.target;
  return [
    row('memory', memoryText(summary)),
    // Each machine of a fleet has its own number of writers, so a load over a fleet has no row about writers.
    ...(summary.machines === null ? [writersRow(summary)] : []),
    ...(advice === null ? [] : [row('advice', advice)]),
  ];
}

function writersRow(summary: Summary): string {
  const { limitFinal, limitMin, workers } = summary.pressure;
  const fewest = limitMin < limitFinal ? `, minimum ${limitMin} after the start` : '';
  const limit = limitText(summary);
  return row('writers', `${limitFinal} of ${workers} at the end${fewest}${limit === null ? '' : `; ${limit}`}`);
}

function machineRows({ machines }: Summary): string[] {
  return (machines ?? []).map(({ name, pieces, loaded, seconds, peakRssBytes }) => {
    const work = `${plural(pieces, 'piece')}, ${plural(loaded, 'point')}, busy for ${duration(seconds)}`;
    return row('machine', `${name}: ${work}, peak memory ${size(peakRssBytes)}`);
  });
}

function rejectRows({ rejects }: Summary, examples: Readonly<Record<string, string>>): string[] {
  const byReason = Object.entries(rejects.byReason).sort(([, a], [, b]) => b - a);
  const reasons = byReason.map(([reason, points]) => {
    const example = examples[reason] === undefined ? '' : `; first: ${examples[reason]}`;
    return row('rejected', `${reason}: ${plural(points, 'point')}${example}`);
  });
  return [
    ...reasons,
    ...(rejects.deadLetters ?? []).map((path) => row('see', `${path} (the rejected points)`)),
    ...(rejects.reasons === null ? [] : [row('see', `${rejects.reasons} (the reason for each point)`)]),
  ];
}

function verifyRows({ verify, points, thisRun }: Summary): string[] {
  if (verify === null) return [];
  const { sampled, found, equal, differences, tables } = verify;
  const wrong = differences.slice(0, maxDifferences).map(({ table, time, tags, field, expected, got }) => {
    const series = [table, ...Object.entries(tags).map(([name, value]) => `${name}=${value}`)].join(',');
    const what = field === null ? 'is missing' : `${field}: sent ${expected}, found ${got ?? 'nothing'}`;
    return row('differs', `${series} ${time} ${what}`);
  });
  const counts = tables.map(({ table, countBefore, countAfter }) => {
    const before = countBefore === null ? 'an unknown number' : count(countBefore);
    return row(
      '',
      `${table}: ${before} points before the load, ${countAfter === null ? 'no table' : `${count(countAfter)} points`} after the load`,
    );
  });
  const check = `${plural(sampled, 'point')} read back, ${count(found)} found, ${count(equal)} equal`;
  return [
    row('verified', `${check}; ${missChance(sampled, points.loaded)}`),
    ...wrong,
    ...(counts.length > maxInputs ? [] : counts),
    ...growthRows(tables, thisRun.loaded),
  ];
}

/** If the tables grew by fewer points than were loaded, explains why. */
function growthRows(tables: NonNullable<Summary['verify']>['tables'], loaded: number): string[] {
  if (tables.length === 0 || tables.some((each) => each.countBefore === null || each.countAfter === null)) return [];
  const grown = tables.reduce((sum, { countBefore, countAfter }) => sum + countAfter! - countBefore!, 0);
  const why = 'points of the same series and time overwrite each other';
  return grown < loaded
    ? [row('', `the tables grew by ${plural(grown, 'point')}, but ${plural(loaded, 'point')} were loaded: ${why}`)]
    : [];
}

/** States the chance that a sample contains no wrong point: (1 - share of wrong points) ** size of the sample. */
export function missChance(sampled: number, loaded: number): string {
  if (sampled >= loaded) return 'every loaded point was checked';
  const missed = (wrong: number): string => (100 * (1 - wrong) ** sampled).toPrecision(2);
  return `if 1 of 100 points is wrong, the sample misses it with a chance of ${missed(0.01)}%; if 1 of 1,000 points is wrong, with a chance of ${missed(0.001)}%`;
}

function resumeRows({ checkpoint, outcome, continueWith }: Summary): string[] {
  const { advice } = outcomes[outcome];
  return [
    ...(checkpoint === null ? [] : [row('checkpoint', checkpoint)]),
    ...(advice === null ? [] : [row('next', advice)]),
    ...(continueWith === null ? [] : [row('run again', continueWith)]),
  ];
}
