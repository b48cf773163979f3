// Prepares a load before it sends points: plans memory, reads the checkpoint, describes the target, and forecasts the
// target's memory. Each step may end the load with an error.

import type { Settings } from '../config/settings.js';
import { InputError, RefusedError, UsageError } from '../core/errors.js';
import type { DatabaseSettings, MemoryBudget, TargetColumn, TargetDescription } from '../core/types/index.js';
import { collectAll } from '../core/v8.js';
import type { MemoryPlan } from '../flow-control/own-memory/memory-plan.js';
import { Watchdog } from '../flow-control/own-memory/watchdog.js';
import {
  forecastNotices,
  forecastProblem,
  forecastTargetMemory,
} from '../flow-control/target-memory/target-forecast.js';
import { TargetThrottle } from '../flow-control/target-memory/target-throttle.js';
import { FormatSet, formatsOf, readMode, unusedMapping } from '../formats/format-set.js';
import { RowSampler } from '../inputs/sample-rows.js';
import { type TimeSample, timesOf, withHeads } from '../inputs/sample-times.js';
import { Catalogue } from '../schema/catalogue.js';
import { clusterOf, type FoundTarget } from '../state/cluster.js';
import { type RunAccount, sentPrecision } from './account.js';
import { assertColumnsFit, memoryBudget, parserThreads, planMemory, reduceMemory } from './memory/plan-memory.js';
import { memcacheToRequest, pointPlace } from './memory/target-memory.js';
import type { RunControl } from './run-control.js';
import { type HeadContext, isEmpty, parseHead } from './stages/input-head.js';
import { isNothingParsed } from './stages/nothing-parsed.js';
import type { ReadStatus } from './stages/read-status.js';
import { Verification } from './stages/verify.js';
import type { LoadContext } from './types.js';

export interface LoadPlan {
  readonly memory: MemoryPlan;
  readonly watchdog: Watchdog;
  /** Memory for decompression, and for inputs that are read at random positions. */
  readonly budget: MemoryBudget;
  readonly formats: FormatSet;
  readonly status: ReadStatus;
  readonly description: TargetDescription;
  readonly database: DatabaseSettings;
  readonly catalogue: Catalogue;
  readonly throttle: TargetThrottle;
  /** Samples points for --verify; null without --verify. */
  readonly verification: Verification | null;
  /** Throws MemoryLimitError if the known columns need more memory than the plan has for them. */
  readonly assertColumnsFit: () => void;
}

/** Prepares a load. Throws an error if the load cannot begin. */
export async function prepare(
  settings: Settings,
  context: LoadContext,
  control: RunControl,
  account: RunAccount,
): Promise<LoadPlan> {
  const { resume, status, facts } = account;
  const { inputs, target, notify } = context;
  const signal = control.stop;
  const names = await formatsOf(settings, inputs, signal);
  // Skips this warning if an input is a pipe, because the format of a pipe is not known yet.
  const unused = inputs.every(({ size }) => size !== null) ? unusedMapping(settings, names) : null;
  if (unused !== null) notify({ level: 'warn', kind: 'mapping', message: unused });
  const threads = context.workerThread === false ? 0 : parserThreads(inputs);
  const memory = planMemory(settings, names, inputs, threads);
  facts.memory = memory;
  reduceMemory(memory);
  const watchdog = startWatchdog(settings, context, control, account, memory);
  facts.watchdog = watchdog;
  if (memory.note !== null) notify({ level: 'warn', kind: 'memory-plan', message: memory.note });

  const budget = memoryBudget(settings, names, memory);
  const mode = readMode(names, memory.optimizes, memory.threads);
  const { shard } = context;
  // A single input must have every column of --fields. But a piece may lack columns that other pieces have, so pieces
  // count as several inputs.
  const options = shard === undefined ? settings : { ...settings, fieldTypes: shard.fieldTypes };
  const create = (): FormatSet =>
    new FormatSet(options, budget, mode, shard === undefined ? inputs.length : Number.POSITIVE_INFINITY);
  const formats = (await context.reuse?.formats(sizesOf(names, memory), create)) ?? create();
  facts.formats = formats;

  await resume.open();
  const ends = shard?.times ?? (await timesOf(inputs, names, signal));
  // A shard has the times and sizes of all inputs from the plan, so it needs no sample of its own.
  const sampler = shard === undefined && ends.rows === undefined ? new RowSampler() : null;
  const heads = { formats, options: settings, budget, signal, match: null, sampler };
  // Parses the first megabytes before the target may create a database, so that inputs that contradict the options end
  // the load first.
  const description = await target.describe(signal, async () => {
    await parseHeads(settings, context, account, heads);
    return memcacheToRequest(settings, withHeads(ends, sampler, inputs));
  });
  facts.description = description;
  const columns = await target.columns(signal);
  await resume.resume(await foundTarget(settings, context, description, columns));
  if (description.isCreated !== true) await parseHeads(settings, context, account, heads);
  if (formats.unusedFolders !== null) notify({ level: 'warn', kind: 'folders', message: formats.unusedFolders });
  const catalogue = new Catalogue(columns, settings.names.sharedNames);
  facts.catalogue = catalogue;
  assertColumnsFit(catalogue.size, memory);
  const tables = [...new Set(columns.map(({ table }) => table))];
  const verification = settings.verify ? await startVerification(settings, context, tables, signal) : null;
  const saved = resume.saveStart();
  saved.catch(() => {}); // `saved` is awaited below, even if the forecast fails
  let throttle: TargetThrottle;
  try {
    throttle = await forecast(settings, context, control, description, withHeads(ends, sampler, inputs));
  } finally {
    await saved;
  }
  facts.throttle = throttle;
  return {
    ...{ memory, watchdog, formats, status, description, catalogue, throttle, verification },
    database: description.database,
    // Only now may a thread decompress gzip. The earlier steps read only the start of an input, for which a thread is
    // not worthwhile.
    budget: { ...budget, hasThread: memory.optimizes && memory.threads > 0 },
    assertColumnsFit: () => assertColumnsFit(catalogue.size, memory),
  };
}

/**
 * Returns a key: loads with equal keys can use the same parsers and memory for batches, because all sizes are equal.
 */
function sizesOf(names: readonly string[], memory: MemoryPlan): string {
  const { slots, slotBytes, bodyBytes, formatBytes, remoteBytes, optimizes, threads } = memory;
  return JSON.stringify([names, slots, slotBytes, bodyBytes, formatBytes, remoteBytes, optimizes, threads]);
}

/** Starts the watchdog of this process's memory. The watchdog runs until the results are written. */
function startWatchdog(
  { memoryWatchdog }: Settings,
  { clock, notify }: LoadContext,
  { end }: RunControl,
  { resident, facts }: RunAccount,
  { limitBytes }: MemoryPlan,
): Watchdog {
  return new Watchdog({
    limitBytes,
    mode: memoryWatchdog,
    clock,
    probe: () => resident.bytes(),
    peak: () => resident.peak(),
    drained: () => (facts.writer?.inFlight.count ?? 0) === 0,
    collect: collectAll,
    stop: end,
    notify,
  });
}

/**
 * Describes the target for the comparison with earlier runs. Lists its tables only if the target has the trait
 * `firstWriteExclusive`.
 */
async function foundTarget(
  { urls, dryRun }: Settings,
  { target }: LoadContext,
  { database, endpoints, isCreated }: TargetDescription,
  columns: readonly TargetColumn[],
): Promise<FoundTarget> {
  // A dry run connects to no endpoint, so it must not resolve host names.
  const origins = dryRun === null ? urls.map(({ origin }) => new URL(origin)) : [];
  return {
    cluster: await clusterOf(origins, database.id ?? null),
    isCreated: isCreated === true,
    // A target that a program supplies has no endpoints. Such a target may also be unable to list its tables.
    tables:
      target.traits.firstWriteExclusive && endpoints.length > 0 ? new Set(columns.map(({ table }) => table)) : null,
  };
}

/**
 * Parses the first megabyte of every input before points are sent. Throws UsageError for inputs that contradict the
 * options. Throws InputError if no input can be loaded, or for the first bad input with --on-input-error stop. Reports
 * other inputs without a valid point; the load then skips these inputs. Does not read pipes, because a pipe cannot be
 * read twice. The first batch of a pipe is checked instead.
 */
async function parseHeads(
  { onInputError }: Settings,
  { inputs, notify }: LoadContext,
  { ledger, resume }: RunAccount,
  head: HeadContext,
): Promise<void> {
  const usage: UsageError[] = [];
  const failed = new Map<number, InputError>();
  for (const [i, input] of inputs.entries()) {
    // The plan of a fleet has already checked the start of an input that is split into pieces.
    if (input.size === null || input.piece !== undefined || resume.earlier.isFinished(i)) continue;
    const parsed = await parseHead(input, head);
    const { problem, advice } = parsed;
    if (advice !== null) notify({ level: 'warn', kind: 'advice', message: advice });
    if (problem instanceof UsageError && ledger.settled === 0) usage.push(problem);
    else if (problem instanceof UsageError) failed.set(i, new InputError(problem.message, { retryHelps: false }));
    // Ignores any other error of an input, because reading the input will report this error.
    else if (problem !== null && (isNothingParsed(problem) || isEmpty(parsed))) failed.set(i, problem);
  }
  if (usage.length > 0) throw new UsageError(usage.flatMap(({ parts }) => parts));
  for (const [i, error] of failed) ledger.fail(i, error);
  const [first] = ledger.inputErrors;
  if (first !== undefined && (onInputError === 'stop' || failed.size === inputs.length)) throw first;
  for (const { message } of failed.values()) notify({ level: 'error', kind: 'input', message });
}

/** Reports the forecast of the target's memory. Creates the throttle that keeps this memory below --target-memory. */
async function forecast(
  settings: Settings,
  { target, clock, notify, shard, fleet }: LoadContext,
  { stop: signal, abort, end }: RunControl,
  { database, version }: TargetDescription,
  times: TimeSample,
): Promise<TargetThrottle> {
  const found = forecastTargetMemory(settings, database, await target.layout(signal), times);
  if (target.traits.plansMemory) for (const notice of forecastNotices(settings, found, times, version)) notify(notice);
  const problem = target.traits.plansMemory ? forecastProblem(found) : null;
  if (problem !== null) throw new RefusedError(problem);
  const placeOf = pointPlace(sentPrecision(settings.precision, target), database);
  const isPlanned = target.traits.plansMemory && (found.plan.limitBytes !== null || settings.stage !== null);
  const throttle = new TargetThrottle(settings, found, {
    ...{ target, clock, signal, abort, notify, end, placeOf },
    senders: fleet === undefined ? (shard?.of ?? 1) : 1,
    log: isPlanned ? (fleet?.memory ?? null) : null,
  });
  await throttle.join();
  return throttle;
}

async function startVerification(
  { precision, workers }: Settings,
  { target }: LoadContext,
  tables: readonly string[],
  signal: AbortSignal,
): Promise<Verification> {
  const verification = new Verification({
    precision: sentPrecision(precision, target),
    ordered: workers === 1,
    random: Math.random,
  });
  await verification.begin(target, tables, signal);
  return verification;
}
