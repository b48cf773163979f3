// Plans a load over many machines: parses the inputs and cuts them into pieces. Creates the database, tables and
// columns, so that the machines need not create them.

import type { Settings } from '../../config/settings.js';
import { type InputError, UsageError } from '../../core/errors.js';
import { type Problem, problemText } from '../../core/problem.js';
import { abortWith } from '../../core/time/wait-stats.js';
import type { Input, Shape, Target } from '../../core/types/index.js';
import { collectAll } from '../../core/v8.js';
import { type FleetPlan, type PlannedInput, planId } from '../../fleet/plan-file.js';
import type { Resident } from '../../flow-control/own-memory/resident.js';
import { Watchdog } from '../../flow-control/own-memory/watchdog.js';
import { FormatSet, formatsOf } from '../../formats/format-set.js';
import { RowSampler } from '../../inputs/sample-rows.js';
import { timesOf, withHeads } from '../../inputs/sample-times.js';
import { Catalogue } from '../../schema/catalogue.js';
import { assertColumnsFit, memoryBudget, planMemory, reduceMemory } from '../memory/plan-memory.js';
import { memcacheToRequest } from '../memory/target-memory.js';
import { boundsOf, schemaGuard } from '../stages/acceptance.js';
import { type HeadContext, isEmpty, parseHead } from '../stages/input-head.js';
import { isNothingParsed } from '../stages/nothing-parsed.js';
import { type IntroduceContext, type Introduced, introduceColumns } from './introduce-columns.js';
import { type ScanContext, scanInput, unreadInput } from './scan-input.js';
import { fleetIdentity } from './shard-settings.js';

export interface PlanContext extends IntroduceContext {
  readonly inputs: readonly Input[];
  readonly target: Target;
  /** Measures the memory of this process. */
  readonly resident: Resident;
  /** Options of input, mapping, batch, delivery and memory that the user gave. */
  readonly given: Readonly<Record<string, unknown>>;
  /** Receives an input, and the number of its decoded bytes that are parsed so far. */
  readonly parsed: ScanContext['parsed'];
}

/**
 * Plans a load. Sends only points that add columns to existing tables. Throws any error that would end a load. Throws
 * MemoryLimitError if the inputs need more memory than --memory-limit allows.
 */
export async function planLoad(settings: Settings, context: PlanContext): Promise<FleetPlan> {
  const { inputs, target, clock, version, given, parsed, resident } = context;
  assertSplittable(settings, inputs);
  const names = await formatsOf(settings, inputs, context.signal);
  const memory = planMemory(settings, names, inputs, 0);
  reduceMemory(memory);
  const budget = memoryBudget(settings, names, memory);
  const mode = { wideChunks: memory.optimizes, workerThread: false };
  const formats = new FormatSet(settings, budget, mode, inputs.length);
  const control = abortWith(context.signal);
  const { signal } = control;
  const watchdog = new Watchdog({
    ...{ limitBytes: memory.limitBytes, mode: settings.memoryWatchdog, clock, collect: collectAll },
    ...{ probe: () => resident.bytes(), peak: () => resident.peak(), drained: () => true },
    ...{ stop: (error) => control.abort(error), notify: () => {} },
  });
  try {
    const ends = await timesOf(inputs, names, signal);
    const sampler = ends.rows === undefined ? new RowSampler() : null;
    const planned = await badHeads(settings, inputs, {
      formats,
      options: settings,
      budget,
      signal,
      match: null,
      sampler,
    });
    const times = withHeads(ends, sampler, inputs);
    const { database } = await target.describe(signal, () => Promise.resolve(memcacheToRequest(settings, times)));
    const columns = await target.columns(signal);
    const tables = new Set(columns.map((column) => column.table));
    const catalogue = new Catalogue(columns, settings.names.sharedNames);
    const introduced: Introduced[] = [];
    const guard = schemaGuard({
      database,
      catalogue,
      db: settings.db,
      exclusive: false,
      assertColumnsFit: () => assertColumnsFit(catalogue.size, memory),
    });
    const { split, pieceBytes } = settings;
    const scan = {
      ...{ formats, budget, split, pieceBytes, parsed, signal, bounds: boundsOf(database, settings, clock.now()) },
      match: (shape: Shape) => guard.match(shape),
      introduces: (shape: Shape, point: Uint8Array | null) => {
        // Only writing a point can add a column to an existing table. If no point with the column is known, the column
        // is left out here. The first point with the column will add it.
        if (point === null && tables.has(shape.table)) return;
        introduced.push({ shape, point });
        catalogue.pin([shape]);
      },
    };
    for (const [i, input] of inputs.entries()) planned[i] ??= await scanInput(input, scan);
    const { unknownFields } = formats;
    const last = planned.at(-1);
    if (unknownFields !== null && last !== undefined) last.error ??= problemText(unknownFields);
    const isExclusive = target.traits.firstWriteExclusive && settings.dryRun === null;
    const counts = isExclusive
      ? await introduceColumns(settings, target, introduced, { ...context, signal })
      : catalogue.introduced;
    const content = {
      version,
      options: given,
      identity: fleetIdentity(settings),
      limits: {
        maxRejected: settings.maxRejected,
        acceptRejects: settings.acceptRejects,
        minPoints: settings.minPoints,
      },
      fieldTypes: await formats.fieldTypes(),
      times: { ...times, spans: times.spans.map(({ first, last }) => ({ first: `${first}`, last: `${last}` })) },
      introduced: counts,
      inputs: planned as PlannedInput[],
    };
    return { formatVersion: 1, id: planId(content), ...content };
  } finally {
    watchdog.close();
    resident.close();
    control.abort();
    await formats.close();
    await target.close();
  }
}

/** Throws UsageError for inputs and options that machines cannot share, such as --limit, which counts all points. */
function assertSplittable(settings: Settings, inputs: readonly Input[]): void {
  const tried = 'planning a load over many machines';
  const refused = (flag: string, is: boolean): Problem[] =>
    is
      ? [
          {
            tried,
            expected: 'options that each machine can apply to its own part of the inputs',
            found: flag,
            fix: `leave ${flag} out`,
          },
        ]
      : [];
  const problems = [
    ...refused('--missing-timestamp now', settings.missingTimestamp === 'now'),
    ...refused('--limit', settings.limit !== null),
    ...refused('--skip-points', settings.skipPoints > 0),
    ...refused('--in-order', settings.inOrder),
    ...refused('--skip-loaded', settings.skipLoaded),
    ...inputs
      .filter(({ name, path }) => path === null || /^https?:.*[?#]/.test(`${name}${path}`))
      .map(({ name }) => ({ tried, expected: 'files and objects that every machine can read', found: name, fix: '' })),
  ];
  if (problems.length > 0) throw new UsageError(problems);
}

/**
 * Returns an array with one element for each input. If the first megabyte of the input has no valid point, the element
 * is the plan of this input, otherwise undefined. Throws UsageError if inputs contradict the options.
 */
async function badHeads(
  settings: Settings,
  inputs: readonly Input[],
  head: HeadContext,
): Promise<(PlannedInput | undefined)[]> {
  const failed = new Map<number, InputError>();
  const usage: UsageError[] = [];
  for (const [i, input] of inputs.entries()) {
    const parsed = await parseHead(input, head);
    const { problem } = parsed;
    if (problem instanceof UsageError) usage.push(problem);
    else if (problem !== null && (isNothingParsed(problem) || isEmpty(parsed))) failed.set(i, problem);
  }
  if (usage.length > 0) throw new UsageError(usage.flatMap(({ parts }) => parts));
  const [first] = failed.values();
  if (first !== undefined && (settings.onInputError === 'stop' || failed.size === inputs.length)) throw first;
  return inputs.map((input, i) => {
    const error = failed.get(i)?.message;
    return error === undefined ? undefined : { ...unreadInput(input), error };
  });
}
