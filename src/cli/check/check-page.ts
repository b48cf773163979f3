// What `check` tells a person: how a load would end and why come first, then what that was read from.

import type { SettingDescription } from '../../config/help/describe.js';
import type { Settings } from '../../config/settings.js';
import { outcomes } from '../../core/outcomes.js';
import { printable } from '../../core/printable.js';
import { size } from '../../core/text.js';
import type { TargetDescription, TargetTraits } from '../../core/types/index.js';
import { formatDuration } from '../../core/units.js';
import type { CheckReport } from '../../load/check.js';
import { row, wrappedRow } from '../../reporting/summary.js';
import { aligned } from '../aligned.js';
import { inputLines, mappingParts } from './check-inputs.js';

/** Whole, however long it is. */
const toBeCopied = /^ {6}--/;

export interface CheckFacts {
  readonly report: CheckReport;
  readonly settings: Settings;
  readonly told: readonly SettingDescription[];
  /** Of the settings. */
  readonly warnings: readonly string[];
  /** What of the inputs' names is passed over. */
  readonly duplicates: readonly string[];
  readonly traits: TargetTraits;
}

/** Lines, broken between words at `width` where there is one. */
export function checkPage(facts: CheckFacts, width: number | null): string[] {
  const { report, settings, told, warnings, duplicates, traits } = facts;
  const { memory, inputs, target, creates } = report;
  // Nobody knows what is new to a target that does not answer, and to a file all of it is.
  const fresh = (target !== null || creates) && settings.dryRun === null ? newTables(report, traits) : [];
  const looked = [...inputLines(inputs, settings.precision), ...fresh, ...duplicates.map((each) => `  ${each}`)];
  const parts = [
    [...verdict(report), ...warnings.map((each) => row('WARNING', each))],
    ['Target', ...targetLines(facts)],
    ...(memory === null ? [] : [['Memory', ...memoryLines(memory)]]),
    ...(inputs.length === 0 ? [] : [['Inputs, the first megabyte of each', ...looked]]),
    ...mappingParts(inputs),
    ['Settings that were given, and where', ...settingLines(settings, told)],
  ];
  const lines = parts.flatMap((part, i) => (i === 0 ? part : ['', ...part])).map(printable);
  return width === null ? lines : lines.flatMap((line) => (toBeCopied.test(line) ? line : wrappedRow(line, width)));
}

function verdict({ outcome, problems }: CheckReport): string[] {
  return [
    `This load would ${outcomes[outcome].checkSentence}: exit code ${outcomes[outcome].exitCode} (${outcome}), as far as can be told.`,
    ...problems.flatMap(({ message }) => message.split('\n').map((each) => row('problem', each))),
  ];
}

function targetLines({ report, settings, traits }: CheckFacts): string[] {
  const { target, advice, creates } = report;
  const { db, dbOptions, urls, dryRun } = settings;
  if (dryRun !== null) return [row('output', dryRun === '-' ? 'standard output (--dry-run)' : `${dryRun} (--dry-run)`)];
  const created = `${db} is not there; this load creates it${dbOptions === null ? '' : ` WITH ${dbOptions}`}`;
  return [
    ...(target === null ? urls.map(({ shown }) => row('endpoint', shown)) : endpointLines(target, traits)),
    ...(target === null ? [] : [row('database', `${db}: ${databaseWords(target, traits)}`)]),
    ...(creates ? [row('database', created)] : []),
    ...advice.map(({ level, message }) =>
      row(level === 'warn' ? 'WARNING' : 'memory', message.replace(/^target memory: /, '')),
    ),
  ];
}

/** What is wrong catches the eye without a colour. */
function endpointLines({ endpoints }: TargetDescription, { title }: TargetTraits): string[] {
  const cells = endpoints.map(({ url, reachable, version, problem }) => [
    row('endpoint', url),
    reachable ? `${title} ${version ?? 'of unknown version'}` : `DOWN: ${problem ?? 'not reachable'}`,
  ]);
  return aligned(cells);
}

function databaseWords({ database }: TargetDescription, { plansMemory }: TargetTraits): string {
  const { precision, ttlMs, shard, replica, maxMemcacheBytes, strictWrite } = database;
  const cluster = [
    `shard ${shard}`,
    `replica ${replica}`,
    `MAX_MEMCACHE_SIZE ${maxMemcacheBytes === null ? 'unknown' : size(maxMemcacheBytes)}`,
    ...(strictWrite ? ['STRICT_WRITE on: unknown tables and fields are refused'] : []),
  ];
  const ttl = `TTL ${ttlMs === null ? 'INF' : formatDuration(ttlMs)}`;
  return [`precision ${precision}`, ttl, ...(plansMemory ? cluster : [])].join(', ');
}

function memoryLines({ limitBytes, limitSource, note, ...plan }: NonNullable<CheckReport['memory']>): string[] {
  const { baseBytes, reserveBytes, formatBytes: reading, remoteBytes, slots, slotBytes } = plan;
  const parts = [
    `base ${size(baseBytes)}`,
    `reserve ${size(reserveBytes)}`,
    `format ${size(reading)}`,
    ...(remoteBytes === 0 ? [] : [`a remote input ${size(remoteBytes)}`]),
    `${slots} × ${size(slotBytes)} slots`,
  ];
  const all = baseBytes + reserveBytes + reading + remoteBytes + slots * slotBytes;
  return [
    row('limit', `${size(limitBytes)} (${limitSource})`),
    row('planned', `${size(all)} = ${parts.join(' + ')}`),
    ...(note === null ? [] : [row('note', note)]),
  ];
}

const namesShown = 10;

function newTables({ inputs }: CheckReport, { firstWriteExclusive }: TargetTraits): string[] {
  const names = [...new Set(inputs.flatMap((look) => look.newTables))];
  if (names.length === 0) return [];
  const more = names.length - namesShown;
  const shown = names.slice(0, namesShown).join(', ') + (more > 0 ? `, and ${more} more` : '');
  const alone = '; such batches travel alone, and nobody else should write to those tables meanwhile';
  return [row('new', `tables, or columns of them: ${shown}${firstWriteExclusive ? alone : ''}`)];
}

/** Those that someone has set; all of them with `--log-level debug`. */
function settingLines({ logLevel }: Settings, all: readonly SettingDescription[]): string[] {
  const told = all.filter(({ origin }) => logLevel === 'debug' || origin.source !== 'default');
  const others = all.length - told.length;
  return [
    ...aligned(told.map(({ flag, value, origin }) => [`  ${flag}`, value, origin.name])),
    ...(others === 0 ? [] : [`  ${others} others have their defaults; --log-level debug shows them`]),
  ];
}
