// Checks everything that can be checked before sending: memory, target, and the first megabyte of each input. The
// report contains the outcome that a load would have.

import type { Settings } from '../config/settings.js';
import { BulkLoadError, InputError, RefusedError } from '../core/errors.js';
import type { Outcome } from '../core/outcomes.js';
import type { Problem } from '../core/problem.js';
import type { Input, NodeLayout, Notice, Shape, ShapeMatch, Target, TargetDescription } from '../core/types/index.js';
import type { WorkerStatus } from '../fleet/queue/messages.js';
import type { RedisServerFacts } from '../fleet/queue/redis.js';
import type { MemoryPlan } from '../flow-control/own-memory/memory-plan.js';
import {
  evenLayout,
  forecastNotices,
  forecastProblem,
  forecastTargetMemory,
} from '../flow-control/target-memory/target-forecast.js';
import { FormatSet, formatsOf, unusedMapping } from '../formats/format-set.js';
import { RowSampler } from '../inputs/sample-rows.js';
import { type TimeSample, timesOf, withHeads } from '../inputs/sample-times.js';
import { Catalogue } from '../schema/catalogue.js';
import { shapeConflict } from '../schema/name-limits.js';
import { requestedPlacement } from '../targets/cnosdb/requested-placement.js';
import { accepts, within } from './ledger/ledger.js';
import { tooFewPoints } from './ledger/summarize.js';
import { memoryBudget, parserThreads, planMemory } from './memory/plan-memory.js';
import { type ParsedHead, parseHead } from './stages/input-head.js';

export interface CheckReport {
  readonly memory: MemoryPlan | null;
  readonly target: TargetDescription | null;
  /** True if the database is missing and the load would create it. */
  readonly creates: boolean;
  /** Notices about the memory that the load will need in the target. */
  readonly advice: readonly Notice[];
  readonly inputs: readonly ParsedHead[];
  /** Warning about options without effect on these inputs; null if all options have an effect. */
  readonly unused: string | null;
  /** Facts about the server of --queue; null without --queue, and if the connection failed. */
  readonly queue: QueueFacts | null;
  /** Errors that would end the load, in the order of the checks. */
  readonly problems: readonly BulkLoadError[];
  readonly outcome: Outcome;
}

/** Facts about the server of --queue and the workers of its fleet. */
export interface QueueFacts extends RedisServerFacts {
  /** Living workers. */
  readonly workers: readonly Pick<WorkerStatus, 'machine' | 'version'>[];
}

export interface CheckContext {
  readonly inputs: readonly Input[];
  /** Connects to the server of --queue as a load does; absent without --queue. */
  readonly queue?: () => Promise<QueueFacts>;
  readonly target: Target;
  readonly signal: AbortSignal;
}

/**
 * Checks a load. Sends no point, and closes the target. Creates no database if the target was created without
 * `createDb`. Throws only the signal's reason: all other errors are part of the report.
 */
export async function check(settings: Settings, context: CheckContext): Promise<CheckReport> {
  try {
    return await examine(settings, context);
  } finally {
    await context.target.close();
  }
}

async function examine(settings: Settings, { inputs, target, queue, signal }: CheckContext): Promise<CheckReport> {
  const problems: BulkLoadError[] = [];
  const attempt = async <T>(work: () => T | Promise<T>): Promise<T | null> => {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof BulkLoadError)) throw error;
      problems.push(error);
      return null;
    }
  };
  const kinds = (await attempt(() => formatsOf(settings, inputs, signal))) ?? ['lp' as const];
  const memory = await attempt(() => planMemory(settings, kinds, inputs, parserThreads(inputs)));
  const queueFacts = queue === undefined ? null : await attempt(queue);
  const description = await attempt(() => target.describe(signal));
  // `check` uses its target with `createDb` off, whatever the settings say. So `describe` throws an error for a missing
  // database and does not create the database.
  const creates = settings.createDb && problems.some(isMissing);
  const columns = description === null ? null : await attempt(() => target.columns(signal));
  const layout = description === null ? null : await attempt(() => target.layout(signal));
  const catalogue = new Catalogue(columns ?? [], settings.names.sharedNames);
  const match = (shape: Shape): ShapeMatch =>
    shapeConflict(shape, description?.database.limits) ?? catalogue.match(shape);
  const formats = new FormatSet(settings, memory === null ? undefined : memoryBudget(settings, kinds, memory));
  const heads: ParsedHead[] = [];
  const ends = await timesOf(inputs, kinds, signal);
  const sampler = ends.rows === undefined ? new RowSampler() : null;
  for (const input of inputs)
    heads.push(await parseHead(input, { formats, options: settings, signal, match, sampler }));
  const advice = target.traits.plansMemory
    ? advise(settings, withHeads(ends, sampler, inputs), description, layout)
    : null;
  for (const { problem } of heads) if (problem !== null) problems.push(problem);
  // The forecast depends on the times of the inputs. A wrong --precision falsifies the times, so the forecast is then
  // ignored.
  const isMisread = heads.some(({ problem }) => problem?.outcome === 'usage');
  if (advice?.problem && !isMisread) problems.push(new RefusedError(advice.problem));
  const real = creates ? problems.filter((problem) => !isMissing(problem)) : problems;
  const found = heads.map(({ format }) => format);
  const unused = unusedMapping(settings, found) ?? formats.unusedFolders;
  const read = readOf(heads);
  // With --skip-loaded, the points of skipped inputs also count for --min-points. Their number is unknown here, so
  // --min-points is not checked.
  const isWhole = heads.length > 0 && heads.every(({ whole, problem }) => whole && problem === null);
  if (isWhole && !settings.skipLoaded && read < settings.minPoints)
    real.push(new InputError(tooFewPoints(read, settings.minPoints)));
  const report = {
    memory,
    target: description,
    creates,
    advice: advice?.notices ?? [],
    inputs: heads,
    unused,
    queue: queueFacts,
    problems: real,
  };
  return { ...report, outcome: outcomeOf(settings, heads, real) };
}

/** Tests whether the error reports a missing database that --create-db would create. */
function isMissing({ outcome: kind, message }: BulkLoadError): boolean {
  return kind === 'refused' && message.includes('create the database with --create-db');
}

/**
 * Returns notices about the memory that the load will need in the target. `problem` is not null if no setting would
 * keep the target within --target-memory. If the load will create the database, uses the settings that it will request.
 */
function advise(
  settings: Settings,
  times: TimeSample,
  description: TargetDescription | null,
  layout: NodeLayout | null,
): { readonly notices: readonly Notice[]; readonly problem: Problem | null } {
  const place = description?.database ?? (settings.createDb ? requestedPlacement(settings.dbOptions) : null);
  if (place === null) return { notices: [], problem: null };
  const where = layout ?? evenLayout(place, settings.urls.length);
  const seen = forecastTargetMemory(
    settings,
    place,
    where,
    times,
    description === null && place.maxMemcacheBytes === null,
  );
  const notices = forecastNotices(settings, seen, times, description?.version ?? null);
  return { notices, problem: forecastProblem(seen) };
}

function rejectedOf(heads: readonly ParsedHead[]): number {
  return heads.flatMap((each) => Object.values(each.rejects)).reduce((sum, n) => sum + n, 0);
}

function readOf(heads: readonly ParsedHead[]): number {
  return heads.reduce((sum, each) => sum + each.points, rejectedOf(heads));
}

/** Outcomes of errors. If a check finds several errors, it reports the outcome that comes first in this list. */
const order: readonly Outcome[] = ['memory', 'refused', 'unavailable', 'usage', 'input'];

function outcomeOf(settings: Settings, heads: readonly ParsedHead[], problems: readonly BulkLoadError[]): Outcome {
  const worst = order.find((each) => problems.some((problem) => problem.outcome === each));
  if (worst !== undefined) return worst;
  const rejected = rejectedOf(heads);
  const read = readOf(heads);
  if (!within(rejected, read, settings.maxRejected)) return 'too-many-rejects';
  return rejected === 0 || accepts(rejected, read, settings.acceptRejects) ? 'complete' : 'complete-with-rejects';
}
