// Parses the first megabyte of an input. `check` reports it, and a load sends nothing before it has parsed every head.

import { InputError, UsageError } from '../../core/errors.js';
import { wrapSource } from '../../core/io/byte-source.js';
import { timestampAt } from '../../core/points/line-protocol.js';
import type { Problem } from '../../core/problem.js';
import { plural } from '../../core/text.js';
import type { ByteSource, Input, MemoryBudget, Points, Shape, ShapeMatch } from '../../core/types/index.js';
import { isCounted, LINE, NO_TIMESTAMP, POINT_WORDS, SHAPE, TIME_HIGH, TIME_LOW } from '../../core/types/index.js';
import type { FormatSet } from '../../formats/format-set.js';
import { type InferredSchema, SchemaInference } from '../../formats/inference.js';
import { type Reason, reasons } from '../../formats/reasons.js';
import type { MappingOptions } from '../../formats/rows/mapping/mapping.js';
import { fittingPrecision, unexpectedTime } from '../../formats/timestamps/expect-time.js';
import { type ExpectedTimeOptions, unexpectedTimes } from './acceptance.js';

/** Decoded bytes that are parsed of each input. */
const headBytes = 1024 * 1024;

export interface ParsedHead {
  readonly name: string;
  readonly compression: string;
  readonly format: string;
  readonly points: number;
  /** Rejects by reason. */
  readonly rejects: Readonly<Record<string, number>>;
  /** First reject with its position. */
  readonly firstReject: string | null;
  readonly tables: readonly string[];
  /** Tables with a column that the target lacks. */
  readonly newTables: readonly string[];
  /** Decoded bytes that were parsed, and whether that is the whole input. */
  readonly bytes: number;
  readonly whole: boolean;
  /** First and last timestamp in units of --precision. */
  readonly time: { readonly first: bigint; readonly last: bigint } | null;
  /** Columns that the rows became; null for line protocol. */
  readonly mapping: InferredSchema | null;
  /** Error that the load of this input ends with; null for none. */
  readonly problem: InputError | UsageError | null;
}

export interface HeadOptions extends ExpectedTimeOptions, MappingOptions {
  readonly format: string;
  readonly maxPointBytes: number;
}

export interface HeadContext {
  readonly formats: FormatSet;
  readonly options: HeadOptions;
  readonly budget?: MemoryBudget;
  readonly signal: AbortSignal;
  /** Compares shapes with the target; null if they do not matter. */
  readonly match: ((shape: Shape) => ShapeMatch) | null;
}

/** Throws only the signal's reason. An error of the input is part of the result. */
export async function parseHead(input: Input, context: HeadContext): Promise<ParsedHead> {
  const { formats, options, budget, signal } = context;
  const counts = new HeadCounts(input.name, context);
  const mapping = new SchemaInference();
  const state = { bytes: 0, whole: false, compression: 'none', format: options.format };
  let problem: InputError | UsageError | null = null;
  try {
    const source = await input.open(signal, budget);
    state.compression = source.compression;
    try {
      const { format, source: chosen } = await formats.choose(input.name, source, signal);
      state.format = format.name;
      const rows = format.reads?.(chosen, input.name) ?? chosen;
      const limited = format.isRandom ? rows : headOf(rows, state, options.maxPointBytes);
      for await (const run of format.points(limited, signal)) {
        counts.add(run);
        if (format.name !== 'lp' && context.match !== null) mapping.take(run, options.precision);
        if (!format.isRandom) continue;
        state.bytes = run.end;
        if (run.end >= headBytes) break;
      }
      state.whole ||= format.isRandom === true && state.bytes < headBytes;
    } finally {
      await source.close();
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof InputError || error instanceof UsageError)) throw error;
    problem = error;
  }
  return {
    ...{ name: input.name, ...state, ...counts.result },
    mapping: context.match === null ? null : mapping.result(state.format, options),
    problem: problem instanceof UsageError ? named(problem, input.name) : (problem ?? counts.problem(state.format)),
  };
}

/** Names the input in the problems of a usage error. */
export function named(error: UsageError, name: string): UsageError {
  const parts = error.parts.map((part) => {
    if (typeof part === 'string') return part.includes(name) ? part : `${name}: ${part}`;
    return part.tried.includes(name) ? part : { ...part, tried: `${part.tried} of ${name}` };
  });
  return new UsageError(parts, { cause: error });
}

class NothingParsedError extends InputError {}

/** Returns true for the error of an input in which nothing parses. */
export function isNothingParsed(error: unknown): error is InputError {
  return error instanceof NothingParsedError;
}

/** Reasons of rejects that are points of their format. */
const parsedReasons: ReadonlySet<string> = new Set([
  ...['no-timestamp', 'bad-timestamp', 'timestamp-range', 'cut-short', 'too-long', 'series-key-too-long'],
]);

/** Reasons of rejects that suggest another format than that of the rows. */
const formatReasons: ReadonlySet<string> = new Set([
  ...['bad-json', 'ragged-row', 'bad-quote', 'invalid-utf8', 'control-character'],
]);

/** Reasons of rejects that only line protocol has. Other reasons suggest another format. */
const lineReasons: ReadonlySet<string> = new Set([
  ...['bad-escape', 'bad-string-escape', 'column-named-time', 'tag-and-field-same-name'],
  ...['duplicate-tag', 'duplicate-field', 'too-many-columns', 'non-finite', 'integer-range'],
]);

/** Describes points that all break one rule and have the right format; null for others. */
function brokenRule(name: string, units: string, rejects: number, reason: string): Problem | null {
  const rows = rejects === 1 ? `the only ${units}` : `all ${plural(rejects, units)}`;
  if (units === 'line' && !lineReasons.has(reason)) return null;
  if (reason === 'bad-timestamp')
    return {
      tried: `reading the times of ${name}`,
      expected: 'times of the form that --time-format names',
      found: `another form in ${rows}`,
      fix: "name the form with --time-format, such as '%d.%m.%Y %H:%M:%S'",
    };
  if (!isReason(reason) || parsedReasons.has(reason) || formatReasons.has(reason)) return null;
  const expected = `${units}s that keep the rule: ${reasons[reason]}`;
  return { tried: `reading ${name}`, expected, found: `${reason} in ${rows}`, fix: '' };
}

function isReason(text: string): text is Reason {
  return Object.hasOwn(reasons, text);
}

/** Builds the error of an input whose rejects show that nothing parses; null if they show points. */
export function nothingParsed(
  name: string,
  format: string,
  byReason: Iterable<readonly [reason: string, count: number]>,
): InputError | null {
  const found = [...byReason];
  const rejects = found.reduce((sum, [, n]) => sum + n, 0);
  const units = format === 'lp' ? 'line' : 'row';
  const broken = found.length === 1 ? brokenRule(name, units, rejects, found[0]![0]) : null;
  if (broken !== null) return new NothingParsedError(broken);
  if (rejects === 0 || found.some(([reason]) => parsedReasons.has(reason))) return null;
  const noUnit = rejects === 1 ? `the only ${units}` : `none of the ${plural(rejects, units)}`;
  const verb = rejects === 1 ? 'is not' : 'is';
  const wanted = format === 'lp' ? 'line protocol' : `a valid row of ${format}`;
  return new NothingParsedError(`${noUnit} of ${name} ${verb} ${wanted}; is --format right?`);
}

/** Throws InputError if an input was read to its end and nothing of it has parsed. */
export function assertParsed(
  name: string,
  format: string,
  { points, rejects }: { readonly points: number; readonly rejects: ReadonlyMap<string, number> },
): void {
  const error = points === 0 ? nothingParsed(name, format, rejects) : null;
  if (error !== null) throw error;
}

class HeadCounts {
  readonly #name: string;
  readonly #context: HeadContext;
  readonly #rejects: Record<string, number> = {};
  readonly #tables = new Set<string>();
  readonly #newTables = new Set<string>();
  #points = 0;
  /** Rejects by the format. */
  #unparsed = 0;
  #firstReject: string | null = null;
  #time: { first: bigint; last: bigint } | null = null;
  /** Points and rejects whose timestamps are unexpected, and the first of them. */
  #unexpected = 0;
  #firstUnexpected: { readonly timestamp: bigint; readonly line: number } | null = null;

  constructor(name: string, context: HeadContext) {
    this.#name = name;
    this.#context = context;
  }

  get result(): Pick<ParsedHead, 'points' | 'rejects' | 'firstReject' | 'tables' | 'newTables' | 'time'> {
    const tables = { tables: [...this.#tables], newTables: [...this.#newTables] };
    const [points, rejects, firstReject, time] = [this.#points, this.#rejects, this.#firstReject, this.#time];
    return { points, rejects, firstReject, ...tables, time };
  }

  /** Returns the error of an input with mostly unexpected timestamps, or without a valid point. */
  problem(format: string): InputError | UsageError | null {
    const rejects = Object.values(this.#rejects).reduce((sum, n) => sum + n, 0);
    if (this.#firstUnexpected !== null && this.#unexpected * 2 > this.#points + rejects)
      return new UsageError([unexpectedTimes(this.#name, this.#firstUnexpected, this.#context.options)]);
    if (this.#points > 0 || this.#unparsed < rejects) return null;
    return nothingParsed(this.#name, format, Object.entries(this.#rejects));
  }

  add(run: Points): void {
    for (const reject of run.rejects) {
      if (!isCounted(reject)) continue;
      const line = run.firstLine + reject.line;
      this.#unparsed += 1;
      this.#reject(reject.reason, `${this.#name}:${line}: ${reject.message}`);
      if (reject.reason === 'timestamp-range') this.#outOfRange(run, reject.start + reject.length, line);
    }
    for (let i = 0; i < run.count; i += 1) this.#point(run, i);
  }

  /** Counts a timestamp that no server can store, if it fits in another precision. */
  #outOfRange({ bytes }: Points, end: number, line: number): void {
    const { expectTime } = this.#context.options;
    const timestamp = timestampAt(bytes, end);
    if (timestamp === null || expectTime === null || fittingPrecision(timestamp, expectTime) === null) return;
    this.#unexpected += 1;
    this.#firstUnexpected ??= { timestamp, line };
  }

  #point(run: Points, i: number): void {
    const { match, options } = this.#context;
    const line = run.firstLine + run.index[i * POINT_WORDS + LINE]!;
    const timestamp = timestampOf(run, i);
    if (timestamp !== null && options.expectTime !== null) {
      const problem = unexpectedTime(timestamp, options.precision, options.expectTime);
      if (problem !== null) {
        this.#unexpected += 1;
        this.#firstUnexpected ??= { timestamp, line };
        this.#time = { first: this.#time?.first ?? timestamp, last: timestamp };
        this.#reject('unexpected-time', `${this.#name}:${line}: found ${problem.found}`);
        return;
      }
    }
    if (match !== null) {
      const shape = run.shapeOf(i);
      const known = match(shape);
      if (known.kind === 'conflict') {
        this.#reject(known.reason, `${this.#name}:${line}: ${known.message}`);
        return;
      }
      this.#tables.add(shape.table);
      if (known.kind === 'introduces') this.#newTables.add(shape.table);
    }
    this.#points += 1;
    if (timestamp !== null) this.#time = { first: this.#time?.first ?? timestamp, last: timestamp };
  }

  #reject(reason: string, example: string): void {
    this.#rejects[reason] = (this.#rejects[reason] ?? 0) + 1;
    this.#firstReject ??= example;
  }
}

function timestampOf({ index }: Points, i: number): bigint | null {
  const word = i * POINT_WORDS;
  if (index[word + SHAPE]! >= NO_TIMESTAMP) return null;
  return (BigInt(index[word + TIME_HIGH]! | 0) << 32n) | BigInt(index[word + TIME_LOW]!);
}

/** Returns the first part of a source. It ends at a line end, so that no point is cut. */
function headOf(source: ByteSource, state: { bytes: number; whole: boolean }, maxPointBytes: number): ByteSource {
  let ended = false;
  return wrapSource(source, {
    read: async (into: Uint8Array, signal: AbortSignal) => {
      if (ended) return 0;
      const read = await source.read(into, signal);
      if (read === 0) state.whole = true;
      const lineEnd = into.lastIndexOf(10, read - 1);
      ended = state.bytes + read >= headBytes && (lineEnd >= 0 || state.bytes > headBytes + maxPointBytes);
      const taken = ended && lineEnd >= 0 ? lineEnd + 1 : read;
      state.bytes += taken;
      return taken;
    },
  });
}
