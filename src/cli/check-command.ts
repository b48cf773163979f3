// `bulk-load check`: what a person wants to know before a long load, in one page on stderr.

import { type CheckReport, check, type InputLook } from '../check.js';
import { clock } from '../clock.js';
import { exitCodes } from '../errors.js';
import { expand } from '../input/expand.js';
import type { TargetDescription, TargetTraits } from '../model.js';
import { plural } from '../report/figures.js';
import { prepareResult, writeResult } from '../report/file.js';
import { printable } from '../report/printable.js';
import { resolve } from '../settings/resolve.js';
import type { Settings } from '../settings/settings.js';
import { formatBytes, formatDuration } from '../settings/units.js';
import { toldSettings } from '../settings/words.js';
import { createTarget } from '../targets.js';
import { version } from '../version.js';
import { afar } from './afar.js';
import { print } from './print.js';
import type { Process } from './process.js';
import { onSignals } from './signals.js';
import { standardInput } from './stdin.js';

/** Returns the code that a load would end with. */
export async function runCheck(
  names: readonly string[],
  flags: Record<string, unknown>,
  process: Process,
): Promise<number> {
  const { settings, origins, warnings } = await resolve({ flags, env: process.env });
  if (settings.summary !== null && settings.summary !== '-') await prepareResult(settings.summary);
  const stdin = standardInput(process);
  const { inputs, duplicates } =
    names.length === 0 && !stdin.isPipeOrFile
      ? { inputs: [], duplicates: [] }
      : await expand(names, { stdin, cwd: process.cwd(), afar: afar(settings, process, () => {}) });
  const interruption = onSignals(process, () => {});
  const target = await createTarget(
    { ...settings, createDb: false, dbOptions: null },
    { version: version(), clock, notify: () => {}, inputs, stdout: process.stdout },
  );
  try {
    const report = await check(settings, { inputs, target, signal: interruption.stop });
    const code = exitCodes[report.outcome];
    const lines = [
      ...settingsLines(settings, origins),
      ...warnings.map(warning),
      ...duplicates,
      ...reportLines(report, settings, target.traits),
    ];
    if (!settings.quiet || code !== 0) process.stderr.write(lines.map((line) => `${printable(line)}\n`).join(''));
    if (settings.summary === '-') await print(process, reportJson(report));
    else if (settings.summary !== null) await writeResult(settings.summary, reportJson(report));
    return code;
  } finally {
    interruption.end();
  }
}

function warning(message: string): string {
  return `warning: ${message}`;
}

/** For machines: the report as it is, timestamps as text since they do not fit a JSON number. */
function reportJson({ outcome, memory, target, inputs, problems }: CheckReport): string {
  const said = problems.map((problem) => ({ outcome: problem.outcome, message: problem.message }));
  const report = { formatVersion: 1, outcome, exitCode: exitCodes[outcome], memory, target, inputs, problems: said };
  return `${JSON.stringify(report, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value), 2)}\n`;
}

/** Those that someone has set; all of them with `--log-level debug`. */
function settingsLines(settings: Settings, origins: Awaited<ReturnType<typeof resolve>>['origins']): string[] {
  const all = toldSettings(settings, origins);
  const told = all.filter(({ origin }) => settings.logLevel === 'debug' || origin.source !== 'default');
  const lines = told.map(({ flag, value, origin }) => `  ${flag.padEnd(20)} ${value.padEnd(36)} ${origin.name}`);
  const others = all.length - told.length;
  const rest = others === 0 ? [] : [`  ${others} others have their defaults; --log-level debug shows them`];
  return ['Settings, and where each comes from', ...lines, ...rest];
}

function reportLines(
  { memory, target, advice, inputs, problems, outcome }: CheckReport,
  settings: Settings,
  traits: TargetTraits,
): string[] {
  const lines: string[] = [];
  if (memory !== null) lines.push('Memory', ...memoryLines(memory));
  if (target !== null) lines.push(...targetLines(target, settings, traits));
  if (advice.length > 0)
    lines.push(
      "The target's memory",
      ...advice.map(({ level, message }) => `  ${level === 'warn' ? 'warning: ' : ''}${message}`),
    );
  lines.push(...newTables(inputs, traits));
  if (inputs.length > 0) lines.push('Inputs, the first megabyte of each', ...inputs.flatMap(inputLines));
  lines.push(...problems.map((problem) => `problem: ${problem.message}`));
  if (settings.createDb && problems.some((problem) => problem.message.includes('--create-db'))) {
    lines.push('  --create-db is given: a load would create it');
  }
  return [...lines, `A load would end with ${exitCodes[outcome]} (${outcome}), as far as this can tell.`];
}

function memoryLines({
  limitBytes,
  limitSource,
  slots,
  note,
  ...memory
}: NonNullable<CheckReport['memory']>): string[] {
  const parts = [
    `base ${formatBytes(memory.baseBytes)}`,
    `reserve ${formatBytes(memory.reserveBytes)}`,
    `format ${formatBytes(memory.formatBytes)}`,
    ...(memory.remoteBytes === 0 ? [] : [`an input from afar ${formatBytes(memory.remoteBytes)}`]),
    `${slots} × ${formatBytes(memory.slotBytes)} slots`,
  ];
  const line = `  limit ${formatBytes(limitBytes)} (${limitSource}) ≥ ${parts.join(' + ')}`;
  return note === null ? [line] : [line, `  ${note}`];
}

function targetLines(
  { endpoints, database }: TargetDescription,
  { db }: Settings,
  { title, plansMemory }: TargetTraits,
): string[] {
  const ttl = database.ttlMs === null ? 'INF' : formatDuration(database.ttlMs);
  const memcache = database.maxMemcacheBytes === null ? 'unknown' : formatBytes(database.maxMemcacheBytes);
  const cluster =
    `, shard ${database.shard}, replica ${database.replica}, MAX_MEMCACHE_SIZE ${memcache}` +
    (database.strictWrite ? ', STRICT_WRITE on: unknown tables and fields are refused' : '');
  return [
    'Target',
    ...endpoints.map(
      ({ url, reachable, version: found, problem }) =>
        `  ${url} ${reachable ? `${title} ${found ?? 'of unknown version'}` : (problem ?? 'not reachable')}`,
    ),
    `  database ${db}: precision ${database.precision}, TTL ${ttl}${plansMemory ? cluster : ''}`,
  ];
}

function newTables(inputs: readonly InputLook[], { firstWriteAlone }: TargetTraits): string[] {
  const names = [...new Set(inputs.flatMap((look) => look.newTables))];
  if (names.length === 0) return [];
  const shown = names.slice(0, 10).join(', ') + (names.length > 10 ? `, and ${names.length - 10} more` : '');
  const alone = '  batches that bring them travel alone; no other writer should write to them meanwhile';
  return [
    `New tables or columns in ${names.length} table${names.length === 1 ? '' : 's'}: ${shown}`,
    ...(firstWriteAlone ? [alone] : []),
  ];
}

function inputLines(look: InputLook): string[] {
  const rejects = Object.entries(look.rejects).map(([reason, n]) => `${n} × ${reason}`);
  const lines = [
    `  ${look.name}: ${plural(look.points, 'point')}, ${plural(look.tables.length, 'table')} (${look.newTables.length} new), ${formatBytes(look.bytes)}` +
      `${look.whole ? ', all of it' : ''}${look.compression === 'none' ? '' : `, ${look.compression}`}` +
      `${look.time === null ? '' : `, time ${look.time.first} … ${look.time.last}`}`,
  ];
  if (look.mapping !== null) lines.push(...mappingLines(look.mapping));
  if (rejects.length > 0) lines.push(`    rejected: ${rejects.join(', ')}; first: ${look.firstReject}`);
  if (look.problem !== null) lines.push(`    ${look.problem}`);
  return lines;
}

/** Tables and columns shown of one input. */
const tablesShown = 5;
const columnsShown = 40;
const sampleWidth = 40;

function mappingLines({ tables, options: said, perhapsTags }: NonNullable<InputLook['mapping']>): string[] {
  const shown = tables.slice(0, tablesShown).flatMap(({ table, columns }) => {
    const more = columns.length - columnsShown;
    return [
      `    table ${table}`,
      ...columns.slice(0, columnsShown).map(({ name, type, sample }) => {
        const value = sample.length > sampleWidth ? `${sample.slice(0, sampleWidth)}…` : sample;
        return `      ${name.padEnd(24)} ${type.padEnd(9)} such as ${JSON.stringify(value)}`;
      }),
      ...(more > 0 ? [`      and ${plural(more, 'more column')}`] : []),
    ];
  });
  const more = tables.length - tablesShown;
  return [
    ...shown,
    ...(more > 0 ? [`    and ${plural(more, 'more table')}`] : []),
    ...(said === null ? [] : [`    types are those of the first values; to say them: ${said}`]),
    ...(perhapsTags.length === 0
      ? []
      : [`    strings of few values, which may be meant as tags: --tags ${perhapsTags.join(',')}`]),
  ];
}
