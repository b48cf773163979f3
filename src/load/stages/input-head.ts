// Parses the head of an input: its first megabyte. `check` reports the result. A load parses the heads of all inputs
// before it sends points.

import { safeHighWords, timestampOf, unbounded, unexpectedTimeReason } from '../../batching/points/point-bounds.js';
import { InputError, UsageError } from '../../core/errors.js';
import { wrapSource } from '../../core/io/byte-source.js';
import { timestampAt } from '../../core/points/line-protocol.js';
import type { ByteSource, Format, Input, MemoryBudget, Points, Shape, ShapeMatch } from '../../core/types/index.js';
import { isCounted, LINE, NO_TIMESTAMP, POINT_WORDS, SHAPE, TIME_HIGH } from '../../core/types/index.js';
import { unitsPerMs } from '../../core/units.js';
import type { FormatSet } from '../../formats/format-set.js';
import { type InferredSchema, SchemaInference } from '../../formats/inference.js';
import type { MappingOptions } from '../../formats/rows/mapping/mapping.js';
import { unexpectedTime, unexpectedTimeMessage } from '../../formats/timestamps/expect-time.js';
import type { RowSampler } from '../../inputs/sample-rows.js';
import { type ExpectedTimeOptions, isMisread, unexpectedTimes } from './acceptance.js';
import { lineShape, nothingParsed } from './nothing-parsed.js';

/** Number of bytes at the start of a rejected line or row that are tested: do they look like line protocol? */
const shapeBytes = 64 * 1024;
/** Approximate length of the head of an input, decoded bytes. The head ends at the end of a line. */
export const headBytes = 1024 * 1024;

export interface ParsedHead {
  readonly name: string;
  readonly compression: string;
  readonly format: string;
  readonly points: number;
  /** Number of rejects by reason. */
  readonly rejects: Readonly<Record<string, number>>;
  /** Message of the first reject, with input and line. */
  readonly firstReject: string | null;
  readonly tables: readonly string[];
  /** Tables that the target lacks, and tables of which the target lacks a column. */
  readonly newTables: readonly string[];
  /** Number of decoded bytes that were parsed, and whether they are the whole input. */
  readonly bytes: number;
  readonly whole: boolean;
  /** Timestamps of the first and of the last point, in units of --precision; null without timestamps. */
  readonly time: { readonly first: bigint; readonly last: bigint } | null;
  /** Inferred mapping of columns to tags and fields; null for line protocol, and without `match`. */
  readonly mapping: InferredSchema | null;
  /** Advice about the options for this input; null without advice. */
  readonly advice: string | null;
  /** Error that loading this input would cause; null if the input can be loaded. */
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
  /** Compares a table and its columns with the target; null to skip this comparison. */
  readonly match: ((shape: Shape) => ShapeMatch) | null;
  /** Samples points for the forecast of the target's memory; null if no sample is needed. */
  readonly sampler: RowSampler | null;
}

/** Parses the head of an input. Throws only the signal's reason; an error of the input is part of the result. */
export async function parseHead(input: Input, context: HeadContext): Promise<ParsedHead> {
  const { formats, options, budget, signal, sampler } = context;
  const counts = new HeadCounts(input.name, context);
  const mapping = new SchemaInference();
  const state = { bytes: 0, whole: false, compression: 'none', format: options.format };
  let advice: string | null = null;
  let problem: InputError | UsageError | null = null;
  try {
    const source = await input.open(signal, budget);
    state.compression = source.compression;
    try {
      const { format, source: chosen } = await formats.choose(input, source, signal);
      state.format = format.name;
      const rows = format.reads?.(chosen, input.name) ?? chosen;
      const limited = format.isRandom ? rows : headOf(rows, state, options.maxPointBytes);
      for await (const run of format.points(limited, signal)) {
        counts.add(run);
        sampler?.takeRun(run, (i) => (hasTime(run, i) ? timestampOf(run, i) : null));
        if (format.name !== 'lp' && context.match !== null) mapping.take(run, options.precision);
        if (!format.isRandom) continue;
        state.bytes = run.end;
        if (run.end >= headBytes) break;
      }
      sampler?.decoded(format.isRandom || state.compression !== 'none' ? null : state.bytes);
      advice = adviceOf(format, input.name);
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
    ...{ name: input.name, ...state, ...counts.result, advice },
    mapping: mapping.result(state.format, options),
    problem: problem instanceof UsageError ? named(problem, input.name) : (problem ?? counts.problem(state)),
  };
}

/** Returns the advice of a format about its last input, as a sentence with the input's name; null without advice. */
export function adviceOf({ advice = null }: Format, name: string): string | null {
  return advice === null ? null : `${name} ${advice}`;
}

/** Adds the name of the input to those problems of the error that do not contain the name. */
export function named(error: UsageError, name: string): UsageError {
  const parts = error.parts.map((part) => {
    if (typeof part === 'string') return part.includes(name) ? part : `${name}: ${part}`;
    return part.tried.includes(name) ? part : { ...part, tried: `${part.tried} of ${name}` };
  });
  return new UsageError(parts, { cause: error });
}

/** Tests whether the parsed head is without points and without rejects. */
export function isEmpty({ points, rejects }: Pick<ParsedHead, 'points' | 'rejects'>): boolean {
  return points === 0 && Object.keys(rejects).length === 0;
}

class HeadCounts {
  readonly #name: string;
  readonly #context: HeadContext;
  readonly #rejects: Record<string, number> = {};
  readonly #tables = new Set<string>();
  readonly #newTables = new Set<string>();
  #points = 0;
  /** Number of lines or rows that the format rejects. `#lines` counts only rejects that look like line protocol. */
  #unparsed = 0;
  #lines = 0;
  #first = { text: '', message: '' };
  #firstReject: string | null = null;
  #time: { first: bigint; last: bigint } | null = null;
  /** Number of points and rejects with unexpected timestamps. `#firstUnexpected` is the first of these timestamps. */
  #unexpected = 0;
  #firstUnexpected: { readonly timestamp: bigint; readonly line: number } | null = null;

  /**
   * Every timestamp with upper 32 bits between `above` and `below` (both excluded) is expected. Others are compared
   * exactly.
   */
  readonly #safe: { readonly above: number; readonly below: number };

  constructor(name: string, context: HeadContext) {
    this.#name = name;
    this.#context = context;
    const { precision, expectTime } = context.options;
    const units = unitsPerMs[precision];
    const { fromMs, toMs } = expectTime ?? { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY };
    this.#safe = safeHighWords({ ...unbounded, oldest: fromMs * units, newest: toMs * units });
  }

  get result(): Pick<ParsedHead, 'points' | 'rejects' | 'firstReject' | 'tables' | 'newTables' | 'time'> {
    const tables = { tables: [...this.#tables], newTables: [...this.#newTables] };
    const [points, rejects, firstReject, time] = [this.#points, this.#rejects, this.#firstReject, this.#time];
    return { points, rejects, firstReject, ...tables, time };
  }

  /** Returns an error if most timestamps are unexpected or no point is valid; otherwise null. */
  problem({ format, compression }: Pick<ParsedHead, 'format' | 'compression'>): InputError | UsageError | null {
    const rejects = Object.values(this.#rejects).reduce((sum, n) => sum + n, 0);
    if (this.#firstUnexpected !== null && this.#unexpected * 2 > this.#points + rejects)
      return new UsageError([unexpectedTimes(this.#name, this.#firstUnexpected, this.#context.options)]);
    if (this.#points > 0 || this.#unparsed < rejects) return null;
    return nothingParsed(this.#name, format, Object.entries(this.#rejects), this.#lines, compression, this.#first);
  }

  add(run: Points): void {
    for (const reject of run.rejects) {
      if (!isCounted(reject)) continue;
      const line = run.firstLine + reject.line;
      const text = textOf(run, reject);
      if (this.#unparsed === 0) this.#first = { text, message: reject.message };
      this.#unparsed += 1;
      if (lineShape.test(text)) this.#lines += 1;
      this.#reject(reject.reason, `${this.#name}:${line}: ${reject.message}`);
      if (reject.reason === 'timestamp-range') this.#outOfRange(run, reject.start + reject.length, line);
    }
    for (let i = 0; i < run.count; i += 1) this.#point(run, i);
    this.#addTimes(run);
  }

  #addTimes(run: Points): void {
    let [first, last] = [0, run.count - 1];
    while (first < run.count && !hasTime(run, first)) first += 1;
    while (last > first && !hasTime(run, last)) last -= 1;
    if (first < run.count)
      this.#time = { first: this.#time?.first ?? timestampOf(run, first), last: timestampOf(run, last) };
  }

  /**
   * Counts a timestamp that no server can store. Such a timestamp counts as unexpected if it would be an expected time
   * with another --precision.
   */
  #outOfRange({ bytes }: Points, end: number, line: number): void {
    const timestamp = timestampAt(bytes, end);
    if (timestamp === null || !isMisread(timestamp, this.#context.options)) return;
    this.#unexpected += 1;
    this.#firstUnexpected ??= { timestamp, line };
  }

  #point(run: Points, i: number): void {
    const { match, options } = this.#context;
    const line = run.firstLine + run.index[i * POINT_WORDS + LINE]!;
    const high = run.index[i * POINT_WORDS + TIME_HIGH]! | 0;
    const { precision, expectTime } = options;
    if (expectTime !== null && (high <= this.#safe.above || high >= this.#safe.below) && hasTime(run, i)) {
      const timestamp = timestampOf(run, i);
      if (unexpectedTime(timestamp, precision, expectTime) !== null) {
        this.#unexpected += 1;
        this.#firstUnexpected ??= { timestamp, line };
        this.#reject(
          unexpectedTimeReason,
          `${this.#name}:${line}: ${unexpectedTimeMessage(timestamp, precision, expectTime)}`,
        );
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
  }

  #reject(reason: string, example: string): void {
    this.#rejects[reason] = (this.#rejects[reason] ?? 0) + 1;
    this.#firstReject ??= example;
  }
}

function hasTime({ index }: Points, i: number): boolean {
  return index[i * POINT_WORDS + SHAPE]! < NO_TIMESTAMP;
}

/** Returns the first bytes of a rejected line or row as text. */
function textOf({ bytes }: Points, { start, length }: Points['rejects'][number]): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, Math.min(length, shapeBytes)).toString('latin1');
}

/** Returns a source of the first megabyte. The source ends after a complete line, so that no point is cut. */
function headOf(source: ByteSource, state: { bytes: number; whole: boolean }, maxPointBytes: number): ByteSource {
  let ended = false;
  return wrapSource(source, {
    read: async (into: Uint8Array, signal: AbortSignal) => {
      if (ended) return 0;
      const read = await source.read(into, signal);
      if (read === 0) {
        state.whole = true;
        return 0;
      }
      const lineEnd = into.lastIndexOf(10, read - 1);
      ended = state.bytes + read >= headBytes && (lineEnd >= 0 || state.bytes > headBytes + maxPointBytes);
      const taken = ended && lineEnd >= 0 ? lineEnd + 1 : read;
      state.bytes += taken;
      return taken;
    },
  });
}
