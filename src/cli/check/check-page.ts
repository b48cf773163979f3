// Renders the page of `check`: how a load would end and why, then the target, the memory plan, the inputs and the
// settings.

import type { SettingDescription } from '../../config/help/describe.js';
import type { Settings } from '../../config/settings.js';
import { type BulkLoadError, UsageError } from '../../core/errors.js';
import { outcomes } from '../../core/outcomes.js';
import type { Problem } from '../../core/problem.js';
import { aligned, printable, size } from '../../core/text.js';
import type { TargetDescription, TargetTraits } from '../../core/types/index.js';
import { formatDuration } from '../../core/units.js';
import type { CheckReport, QueueFacts } from '../../load/check.js';
import { row, wrappedRow } from '../../reporting/summary.js';
import { inputLines, mappingParts } from './check-inputs.js';

/** Matches a line of options for the user to copy. These lines are never wrapped. */
const optionsLine = /^ {6}--/;

const tablesShown = 10;

export interface CheckFacts {
  readonly report: CheckReport;
  readonly settings: Settings;
  readonly descriptions: readonly SettingDescription[];
  readonly warnings: readonly string[];
  /** Messages about named files that the load ignores: duplicates, and files that are not inputs. */
  readonly leftOut: readonly string[];
  readonly traits: TargetTraits;
}

/** Renders the page as lines. Wraps lines between words at `width`; null means unlimited width. */
export function checkPage(facts: CheckFacts, width: number | null): string[] {
  const { report, settings, descriptions, warnings, leftOut, traits } = facts;
  const { memory, inputs, target, creates } = report;
  // Without a response from the target, new tables are unknown. A dry run never creates tables.
  const tables = (target !== null || creates) && settings.dryRun === null ? newTables(report, traits) : [];
  const parts = [
    [...verdict(report), ...warnings.map((each) => row('WARNING', each))],
    ['Target', ...targetLines(facts)],
    ...(report.queue === null ? [] : [['Queue', ...queueLines(report.queue)]]),
    ...(memory === null ? [] : [['Memory', ...memoryLines(memory)]]),
    ...(inputs.length === 0 && leftOut.length === 0
      ? []
      : [
          [
            'Inputs (only the first megabyte of each input)',
            ...inputLines(inputs, settings.precision),
            ...tables,
            ...leftOut.map((each) => `  ${each}`),
          ],
        ]),
    ...mappingParts(inputs),
    ['Settings that differ from their defaults', ...settingLines(settings, descriptions)],
  ];
  const lines = parts.flatMap((part, i) => (i === 0 ? part : ['', ...part])).map(printable);
  return width === null ? lines : lines.flatMap((line) => (optionsLine.test(line) ? line : wrappedRow(line, width)));
}

function verdict({ outcome, problems }: CheckReport): string[] {
  const { checkSentence, exitCode } = outcomes[outcome];
  return [
    `As far as bulk-load can see, this load would ${checkSentence}: exit code ${exitCode} (${outcome}).`,
    ...problems.flatMap(partsOf).flatMap(problemRows),
  ];
}

function partsOf(error: BulkLoadError): readonly (string | Problem)[] {
  return error instanceof UsageError ? error.parts : [error.problem ?? error.message];
}

function problemRows(part: string | Problem): string[] {
  if (typeof part === 'string') return part.split('\n').map((line) => row('problem', line));
  const { tried, expected, found, fix } = part;
  return [
    row('problem', tried),
    row('expected', expected),
    row('found', found),
    ...(fix === '' ? [] : [row('do', fix)]),
  ];
}

function targetLines({ report, settings, traits }: CheckFacts): string[] {
  const { target, advice, creates } = report;
  const { db, dbOptions, urls, dryRun } = settings;
  if (dryRun !== null) return [row('output', dryRun === '-' ? 'standard output (--dry-run)' : `${dryRun} (--dry-run)`)];
  const created = `${db} does not exist; this load creates it${dbOptions === null ? '' : ` WITH ${dbOptions}`}`;
  return [
    ...(target === null ? urls.map(({ shown }) => row('endpoint', shown)) : endpointLines(target, traits)),
    ...(target === null ? [] : [row('database', `${db || 'without the label db'}: ${databaseText(target, traits)}`)]),
    ...(creates ? [row('database', created)] : []),
    ...advice.map(({ level, message }) =>
      row(level === 'warn' ? 'WARNING' : 'memory', message.replace(/^target memory: /, '')),
    ),
  ];
}

function queueLines({ version, isDurable, workers }: QueueFacts): string[] {
  const file = isDurable
    ? 'with an append-only file'
    : `without an append-only file: if ${version.split(' ', 1)[0]!} restarts, workers load some pieces again`;
  const machines = [...new Set(workers.map(({ machine, version: of }) => `${machine} (${of})`))].toSorted();
  const none = '0 workers: start a worker (bulk-load worker) with the same --queue, --url and --db';
  return [
    row('server', `${version}, ${file}`),
    row('workers', workers.length === 0 ? none : `${workers.length} on ${machines.join(', ')}`),
  ];
}

/** Lists the endpoints. DOWN is in capitals, because the page is printed without colours. */
function endpointLines({ endpoints }: TargetDescription, { title }: TargetTraits): string[] {
  const cells = endpoints.map(({ url, reachable, version, problem, proxy }) => [
    row('endpoint', url),
    reachable ? `${title} ${version ?? 'of unknown version'}` : `DOWN: ${problem ?? 'not reachable'}`,
    ...(proxy === undefined ? [] : [`via proxy ${proxy}`]),
  ]);
  return aligned(cells);
}

function databaseText({ database }: TargetDescription, { plansMemory }: TargetTraits): string {
  const { precision, ttlMs, shard, replica, maxMemcacheBytes, strictWrite } = database;
  const cluster = [
    `shard ${shard}`,
    `replica ${replica}`,
    `MAX_MEMCACHE_SIZE ${maxMemcacheBytes === null ? 'unknown' : size(maxMemcacheBytes)}`,
    ...(strictWrite ? ['STRICT_WRITE on: every table and field must exist'] : []),
  ];
  const ttl = `TTL ${ttlMs === null ? 'INF' : formatDuration(ttlMs)}`;
  return [`precision ${precision}`, ttl, ...(plansMemory ? cluster : [])].join(', ');
}

function memoryLines({ limitBytes, limitSource, note, ...plan }: NonNullable<CheckReport['memory']>): string[] {
  const { baseBytes, reserveBytes, formatBytes, remoteBytes, inputBytes, slots, slotBytes } = plan;
  const parts = [
    `base ${size(baseBytes)}`,
    `reserve ${size(reserveBytes)}`,
    `format ${size(formatBytes)}`,
    ...(remoteBytes === 0 ? [] : [`remote input ${size(remoteBytes)}`]),
    ...(inputBytes < 1024 * 1024 ? [] : [`inputs ${size(inputBytes)}`]),
    `${slots} × ${size(slotBytes)} slots`,
  ];
  const total = baseBytes + reserveBytes + formatBytes + remoteBytes + inputBytes + slots * slotBytes;
  return [
    row('limit', `${size(limitBytes)} (${limitSource})`),
    row('planned', `${size(total)} = ${parts.join(' + ')}`),
    ...(note === null ? [] : [row('note', note)]),
  ];
}

function newTables({ inputs }: CheckReport, { firstWriteExclusive }: TargetTraits): string[] {
  const names = [...new Set(inputs.flatMap((input) => input.newTables))];
  if (names.length === 0) return [];
  const more = names.length - tablesShown;
  const shown = names.slice(0, tablesShown).join(', ') + (more > 0 ? `, and ${more} more` : '');
  const exclusive =
    '; while bulk-load introduces these columns, it sends no other request, and you must keep other programs from writing to these tables';
  return [row('new', `tables with new columns: ${shown}${firstWriteExclusive ? exclusive : ''}`)];
}

/** Lists the settings that the user gave; with `--log-level debug`, all settings. */
function settingLines({ logLevel }: Settings, all: readonly SettingDescription[]): string[] {
  const shown = all.filter(({ origin }) => logLevel === 'debug' || origin.source !== 'default');
  const others = all.length - shown.length;
  return [
    ...aligned(shown.map(({ flag, value, origin }) => [`  ${flag}`, value, origin.name])),
    ...(others === 0 ? [] : [`  ${others} other settings have their defaults; --log-level debug shows them`]),
  ];
}
