// Everything that can be known before sending: will the memory do, does the target take us, do the inputs read?
// The run without its sending half; what it finds decides the code that a load would end with, as far as one can see.

import type { Settings } from '../config/settings.js';
import { BulkLoadError, InputError, UsageError } from '../core/errors.js';
import type { Outcome } from '../core/outcomes.js';
import type { Problem } from '../core/problem.js';
import type {
  ByteSource,
  Input,
  NodeLayout,
  Notice,
  Points,
  Shape,
  ShapeMatch,
  Target,
  TargetDescription,
} from '../core/types/index.js';
import { NO_TIMESTAMP, POINT_WORDS, SHAPE, TIME_HIGH, TIME_LOW } from '../core/types/index.js';
import type { MemoryPlan } from '../flow-control/own-memory/memory-plan.js';
import { evenLayout, forecastNotices, forecastTargetMemory } from '../flow-control/target-memory/target-forecast.js';
import { FormatSet, formatsOf, unusedMapping } from '../formats/format-set.js';
import { type InferredSchema, SchemaInference } from '../formats/inference.js';
import type { FormatName } from '../formats/registry.js';
import { unexpectedTime } from '../formats/timestamps/expect-time.js';
import { emptyTimeSample, sampleTimes } from '../inputs/sample-times.js';
import { Catalogue } from '../schema/catalogue.js';
import { shapeConflict } from '../schema/name-limits.js';
import { requestedPlacement } from '../targets/cnosdb/requested-placement.js';
import { accepts, within } from './ledger/ledger.js';
import { isWorthThread, memoryBudget, planMemory } from './memory/plan-memory.js';

/** So much of each input is looked at, decoded bytes. */
const lookBytes = 1024 * 1024;

export interface InputLook {
  readonly name: string;
  readonly compression: string;
  readonly format: string;
  readonly points: number;
  readonly rejects: Readonly<Record<string, number>>;
  /** First reject, with its place. */
  readonly firstReject: string | null;
  readonly tables: readonly string[];
  readonly newTables: readonly string[];
  /** Decoded bytes looked at, and whether that was all there is. */
  readonly bytes: number;
  readonly whole: boolean;
  /** First and last timestamp seen, in units of `--precision`. */
  readonly time: { readonly first: bigint; readonly last: bigint } | null;
  /** What its rows were taken for; null for line protocol. */
  readonly mapping: InferredSchema | null;
  /** What keeps it from being read. */
  readonly problem: InputError | UsageError | null;
}

export interface CheckReport {
  readonly memory: MemoryPlan | null;
  readonly target: TargetDescription | null;
  /** The database is not there, and the load creates it. */
  readonly creates: boolean;
  /** What the load would do to the target's memory, and what should be known of it. */
  readonly advice: readonly Notice[];
  readonly inputs: readonly InputLook[];
  /** Of options without an effect on these inputs; null: none. */
  readonly unused: string | null;
  /** What would go wrong, the worst first. */
  readonly problems: readonly BulkLoadError[];
  readonly outcome: Outcome;
}

export interface CheckContext {
  readonly inputs: readonly Input[];
  readonly target: Target;
  readonly signal: AbortSignal;
}

/** Sends no point and creates nothing, provided that the target was made with `createDb` off. Throws only when stopped. */
export async function check(settings: Settings, { inputs, target, signal }: CheckContext): Promise<CheckReport> {
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
  const memory = await attempt(() => planMemory(settings, kinds, inputs, isWorthThread(inputs)));
  const description = await attempt(() => target.describe(signal));
  // The target was made not to create it.
  const creates = settings.createDb && problems.some(isMissing);
  const columns = description === null ? null : await attempt(() => target.columns(signal));
  const layout = description === null ? null : await attempt(() => target.layout(signal));
  const advice = target.traits.plansMemory ? await advise(settings, inputs, kinds, description, layout, signal) : [];
  const catalogue = new Catalogue(columns ?? []);
  const judge = (shape: Shape): ShapeMatch =>
    shapeConflict(shape, description?.database.limits) ?? catalogue.match(shape);
  const formats = new FormatSet(settings, memory === null ? undefined : memoryBudget(settings, kinds, memory));
  const looks: InputLook[] = [];
  for (const input of inputs) looks.push(await look(input, formats, judge, settings, signal));
  for (const { problem } of looks) if (problem !== null) problems.push(problem);
  const times = looks.flatMap((each) => timeProblem(each, settings));
  if (times.length > 0) problems.push(new UsageError(times));
  await target.close();
  const real = creates ? problems.filter((problem) => !isMissing(problem)) : problems;
  const unused = unusedMapping(
    settings,
    looks.map(({ format }) => format),
  );
  const told = { memory, target: description, creates, advice, inputs: looks, unused, problems: real };
  return { ...told, outcome: outcome(settings, looks, real) };
}

/** A database that is not there and may be had. */
function isMissing({ outcome: kind, message }: BulkLoadError): boolean {
  return kind === 'refused' && message.includes('create the database with --create-db');
}

/** For a database that a load would create, what it would ask for is planned with. */
async function advise(
  settings: Settings,
  inputs: readonly Input[],
  kinds: readonly FormatName[],
  description: TargetDescription | null,
  layout: NodeLayout | null,
  signal: AbortSignal,
): Promise<Notice[]> {
  const place = description?.database ?? (settings.createDb ? requestedPlacement(settings.dbOptions) : null);
  if (place === null) return [];
  const lines = kinds.every((kind) => kind === 'lp');
  const times = lines ? await sampleTimes(inputs, signal) : emptyTimeSample(inputs);
  const where = layout ?? evenLayout(place, settings.urls.length);
  const seen = forecastTargetMemory(
    settings,
    place,
    where,
    times,
    description === null && place.maxMemcacheBytes === null,
  );
  return forecastNotices(settings, seen, times, description?.version ?? null);
}

/** In the order in which a load would meet them. */
const order: readonly Outcome[] = ['memory', 'refused', 'unavailable', 'usage', 'input'];

function outcome(settings: Settings, looks: readonly InputLook[], problems: readonly BulkLoadError[]): Outcome {
  const worst = order.find((each) => problems.some((problem) => problem.outcome === each));
  if (worst !== undefined) return worst;
  const rejected = looks.flatMap((each) => Object.values(each.rejects)).reduce((sum, n) => sum + n, 0);
  const read = looks.reduce((sum, each) => sum + each.points, rejected);
  if (!within(rejected, read, settings.maxRejected)) return 'too-many-rejects';
  return rejected === 0 || accepts(rejected, read, settings.acceptRejects) ? 'complete' : 'complete-with-rejects';
}

function timeProblem({ name, time }: InputLook, { expectTime, precision }: Settings): Problem[] {
  if (time === null || expectTime === null) return [];
  const problem = unexpectedTime(time.first, precision, expectTime) ?? unexpectedTime(time.last, precision, expectTime);
  return problem === null ? [] : [{ tried: `reading ${name}`, ...problem }];
}

type LoadEndEstimate = (shape: Shape) => ShapeMatch;

class Looking {
  points = 0;
  readonly rejects: Record<string, number> = {};
  firstReject: string | null = null;
  readonly tables = new Set<string>();
  readonly newTables = new Set<string>();
  time: { first: bigint; last: bigint } | null = null;

  take(name: string, run: Points, judge: LoadEndEstimate): void {
    for (const { reason, message, line, part } of run.rejects) {
      if (part === 'whole' || part === 'last') this.#reject(reason, `${name}:${run.firstLine + line}: ${message}`);
    }
    for (let i = 0; i < run.count; i += 1) this.#point(name, run, i, judge);
  }

  #point(name: string, run: Points, i: number, judge: LoadEndEstimate): void {
    const shape = run.shapeOf(i);
    const known = judge(shape);
    if (known.kind === 'conflict') {
      this.#reject(known.reason, `${name}: ${known.message}`);
      return;
    }
    this.points += 1;
    this.tables.add(shape.table);
    if (known.kind === 'introduces') this.newTables.add(shape.table);
    const word = i * POINT_WORDS;
    if (run.index[word + SHAPE]! >= NO_TIMESTAMP) return;
    const time = (BigInt(run.index[word + TIME_HIGH]! | 0) << 32n) | BigInt(run.index[word + TIME_LOW]!);
    this.time = { first: this.time?.first ?? time, last: time };
  }

  #reject(reason: string, example: string): void {
    this.rejects[reason] = (this.rejects[reason] ?? 0) + 1;
    this.firstReject ??= example;
  }
}

async function look(
  input: Input,
  formats: FormatSet,
  judge: LoadEndEstimate,
  settings: Settings,
  signal: AbortSignal,
): Promise<InputLook> {
  const seen = new Looking();
  const mapping = new SchemaInference();
  const state = { bytes: 0, whole: false, compression: 'none', format: settings.format as string };
  let problem: InputError | UsageError | null = null;
  try {
    const source = await input.open(signal);
    state.compression = source.compression;
    try {
      const { format, source: from } = await formats.choose(input.name, source, signal);
      state.format = format.name;
      const whole = format.reads?.(from, input.name) ?? from;
      const rows = format.isRandom ? whole : beginning(whole, state, settings.maxPointBytes);
      for await (const run of format.points(rows, signal)) {
        seen.take(input.name, run, judge);
        if (format.name !== 'lp') mapping.take(run, settings.precision);
        if (!format.isRandom) continue;
        state.bytes = run.end;
        if (run.end >= lookBytes) break;
      }
      state.whole ||= format.isRandom === true && state.bytes < lookBytes;
    } finally {
      await source.close();
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof InputError || error instanceof UsageError)) throw error;
    problem = error;
  }
  const { points, rejects, firstReject, time } = seen;
  const tables = { tables: [...seen.tables], newTables: [...seen.newTables] };
  return {
    name: input.name,
    ...state,
    mapping: mapping.result(state.format, settings),
    points,
    rejects,
    firstReject,
    ...tables,
    time,
    problem,
  };
}

/** The first part of a source, ended at a line so that no point is cut. */
function beginning(source: ByteSource, state: { bytes: number; whole: boolean }, maxPointBytes: number): ByteSource {
  let over = false;
  return {
    read: async (into, signal) => {
      if (over) return 0;
      const read = await source.read(into, signal);
      if (read === 0) state.whole = true;
      const lineEnd = into.lastIndexOf(10, read - 1);
      over = state.bytes + read >= lookBytes && (lineEnd >= 0 || state.bytes > lookBytes + maxPointBytes);
      const taken = over && lineEnd >= 0 ? lineEnd + 1 : read;
      state.bytes += taken;
      return taken;
    },
    close: () => source.close(),
    get bytesRead() {
      return source.bytesRead;
    },
    compression: source.compression,
  };
}
