// Turns the points of one input into batches. A batch closes at its limit of points or bytes, at the end or a pause of
// the input, and before a point that introduces a table or column. The next batch is filled only when the caller
// requests it.

import { InputError } from '../core/errors.js';
import type { Batch, Clock, Cut, InputPrecision, Points, Position, ResumePoint } from '../core/types/index.js';
import { INPUT_START } from '../core/types/index.js';
import type { Arena } from './arena.js';
import { BatchFiller, type FillOptions } from './batch-filler.js';
import { endAfter, type FillCursor, type FillPosition, isUsedUp } from './fill-position.js';
import { LingerTimer } from './linger.js';
import { type FilledBatch, OpenBatch } from './open-batch.js';
import { TimestampSuffixes } from './points/generated-timestamps.js';
import { SchemaGate, type SchemaGuard } from './schema-gate.js';

/** Counts the points read from the inputs. A load has one tally. */
export interface Tally {
  /** Points read so far in this load, rejects included. */
  readonly read: number;
  add(input: number, points: number): void;
  /** Counts points whose batch was never finished, because the load stopped. */
  abandon(input: number, points: number): void;
}

export interface BatcherOptions extends FillOptions {
  readonly lingerMs: number;
  readonly precision: InputPrecision;
  /** True if the target accepts seconds. Otherwise seconds are sent as milliseconds. */
  readonly sendsSeconds: boolean;
  /** Start of the load, ms since 1970: the base of generated timestamps. */
  readonly startMs: number;
  /** Builds the error for an input whose timestamps are mostly unexpected. Receives the first of them and its line. */
  readonly unexpectedTimes: (timestamp: bigint, line: number) => Error;
}

/** The decoded bytes of an input after its last batch. These bytes contain no point to send. */
export interface Rest {
  readonly from: number;
  readonly to: Position;
}

/** Number of points that the format accepted in one input, and number of rejects by reason. */
export interface Parsed {
  readonly points: number;
  readonly rejects: ReadonlyMap<string, number>;
}

export class Batcher {
  readonly #arena: Arena;
  readonly #tally: Tally;
  readonly #clock: Clock;
  readonly #options: BatcherOptions;
  readonly #guard: SchemaGuard;
  /**
   * One `SchemaGate` for line protocol (key false) and one for all other formats (key true). Each gate numbers the
   * shapes of points (their tables and columns) independently.
   */
  readonly #gates = new Map<boolean, SchemaGate>();
  readonly #filler: BatchFiller;
  #ordinal = 0;
  #reached = 0;
  #rest: Rest | null = null;
  #parsed: Parsed = { points: 0, rejects: new Map() };

  constructor(arena: Arena, guard: SchemaGuard, tally: Tally, clock: Clock, options: BatcherOptions) {
    this.#arena = arena;
    this.#guard = guard;
    this.#tally = tally;
    this.#clock = clock;
    this.#options = options;
    const suffixes = new TimestampSuffixes(options.precision, options.startMs, options.sendsSeconds);
    this.#filler = new BatchFiller(options, suffixes, () => tally.read);
  }

  /** Number of points of the load up to the end of the last batch. */
  get reached(): number {
    return this.#reached;
  }

  /**
   * The part of the last input after its last batch; null if that input was not read to its end. Set when `batches`
   * ends.
   */
  get rest(): Rest | null {
    return this.#rest;
  }

  /**
   * Numbers of accepted and of rejected points of the last input, as its format counted them. Set when `batches` ends.
   */
  get parsed(): Parsed {
    return this.#parsed;
  }

  /**
   * Yields the batches of one input, in order. If the input fails, yields the points before the failure, then throws
   * the error. If the signal aborts, abandons the open batch and throws the reason of the signal.
   * @param start where reading of the input begins, and the ranges to skip
   * @param format name of the format of the input
   */
  async *batches(
    input: number,
    runs: AsyncGenerator<Points, void>,
    signal: AbortSignal,
    start: ResumePoint = { place: INPUT_START, covered: [] },
    format = 'lp',
  ): AsyncGenerator<Batch, void> {
    const position = startPosition(start);
    const gate = this.#gateOf(format);
    let ended = false;
    let open: OpenBatch | null = null;
    let next: Promise<IteratorResult<Points, void>> | null = null;
    let failure: InputError | null = null;
    const linger = new LingerTimer(this.#clock, this.#options.lingerMs);
    this.#rest = null;
    const close = (batch: OpenBatch, cut: Cut): FilledBatch => {
      open = null;
      return this.#close(batch, cut, position);
    };
    try {
      while (failure === null && !ended && this.#tally.read < this.#options.limit) {
        next ??= runs.next();
        const waiting: OpenBatch | null = open;
        const run = await nextRun(next, waiting === null || waiting.empty ? null : linger);
        if (run === 'idle') {
          yield close(waiting!, 'idle');
          continue;
        }
        next = null;
        if (run instanceof InputError) failure = run;
        else if (run.done) ended = true;
        else {
          const { deadLetterFormat } = run.value;
          const { bucketUnits } = this.#options;
          const cursor = { point: 0, reject: 0, seenTo: 0 };
          // All rejects of a batch go to one file with one format. So a change of the format closes the batch.
          if (waiting !== null && waiting.deadLetterFormat !== deadLetterFormat) {
            open = null;
            if (waiting.empty) this.#arena.give(waiting.slot);
            else yield close(waiting, 'points');
          }
          while (failure === null) {
            const inPlace =
              open === null || open.empty ? this.#takeInPlace(open, input, gate, run.value, cursor, position) : null;
            if (inPlace !== null) {
              open = null;
              yield inPlace;
              continue;
            }
            if (open === null && isUsedUp(run.value, cursor)) {
              endAfter({ run: run.value, position });
              break;
            }
            open ??= new OpenBatch(
              await this.#arena.take(signal),
              input,
              position.offset,
              deadLetterFormat,
              bucketUnits,
            );
            const cut = this.#fill(open, gate, run.value, cursor, position);
            if (cut === null) break;
            if (cut instanceof InputError) failure = cut;
            else yield close(open, cut);
          }
        }
      }
      failure ??= this.#wrongUnit(position);
      const last: OpenBatch | null = open;
      open = null;
      if (last?.empty) this.#arena.give(last.slot);
      else if (last !== null) yield close(last, 'inputEnd');
      this.#parsed = { points: position.taken - sumOf(position.unparsed), rejects: position.unparsed };
      if (failure !== null) throw failure;
      if (ended) this.#rest = restOf(position);
    } finally {
      this.#abandon(input, open);
      linger.end();
      next?.catch(() => {});
      await runs.return();
    }
  }

  /**
   * If most points so far have unexpected timestamps, returns an error that ends this input, or throws an error that
   * ends the load. Otherwise returns null.
   */
  #wrongUnit({ unexpected, taken, firstUnexpected }: FillPosition): InputError | null {
    if (firstUnexpected === null || unexpected * 2 <= taken) return null;
    const error = this.#options.unexpectedTimes(firstUnexpected.timestamp, firstUnexpected.line);
    if (error instanceof InputError) return error;
    throw error;
  }

  #gateOf(format: string): SchemaGate {
    const rows = format !== 'lp';
    const gate = this.#gates.get(rows) ?? new SchemaGate(this.#guard);
    this.#gates.set(rows, gate);
    return gate;
  }

  #abandon(input: number, open: OpenBatch | null): void {
    if (open === null) return;
    this.#tally.abandon(input, open.counted);
    this.#arena.give(open.slot);
  }

  #close(open: OpenBatch, cut: Cut, end: FillPosition): FilledBatch {
    let released = false;
    end.batched = end.offset;
    this.#reached = end.ordinal;
    this.#ordinal += 1;
    return open.close(this.#ordinal - 1, cut, end, () => {
      if (released) return;
      released = true;
      this.#arena.give(open.slot);
    });
  }

  /**
   * Makes a batch of points that remain in the format's memory, in place of the empty open batch. Returns null if the
   * points must be copied.
   */
  #takeInPlace(
    open: OpenBatch | null,
    input: number,
    gate: SchemaGate,
    run: Points,
    cursor: FillCursor,
    position: FillPosition,
  ): Batch | null {
    const from = open?.byteOffset ?? position.offset;
    const job = { gate, run, cursor, position, ordinal: this.#ordinal };
    const batch = this.#filler.takeInPlace(job, input, from, this.#arena.plan);
    if (batch === null) return null;
    if (open !== null) this.#arena.give(open.slot);
    position.batched = position.offset;
    this.#reached = position.ordinal;
    this.#ordinal += 1;
    this.#tally.add(input, batch.points);
    return batch;
  }

  /**
   * Adds points of `run` to the open batch. Returns null if the batch remains open, or the reason why it must be
   * closed. Returns an InputError if most timestamps of the input are unexpected.
   */
  #fill(
    open: OpenBatch,
    gate: SchemaGate,
    run: Points,
    cursor: FillCursor,
    position: FillPosition,
  ): Cut | InputError | null {
    const before = open.counted;
    try {
      const cut = this.#filler.fill({ open, gate, run, cursor, position, ordinal: this.#ordinal });
      return cut === null ? null : (this.#wrongUnit(position) ?? cut);
    } finally {
      // This block also runs after an error. It counts the points that were added before the error.
      open.copy(run);
      this.#tally.add(open.input, open.counted - before);
    }
  }
}

function startPosition({ place, covered }: ResumePoint): FillPosition {
  const { byteOffset, line, ordinal } = place;
  return {
    offset: byteOffset,
    batched: byteOffset,
    line,
    ordinal,
    covered: [...covered],
    taken: 0,
    unparsed: new Map(),
    unexpected: 0,
    firstUnexpected: null,
  };
}

function sumOf(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, n) => sum + n, 0);
}

function restOf({ batched, offset, line, ordinal }: FillPosition): Rest {
  return { from: batched, to: { byteOffset: offset, line, ordinal, digits: 0 } };
}

type NextRun = IteratorResult<Points, void> | 'idle' | InputError;

/** Returns the next points of the input, its InputError, or `idle` if the linger time ends first. */
async function nextRun(next: Promise<IteratorResult<Points, void>>, linger: LingerTimer | null): Promise<NextRun> {
  const run = next.catch((error: unknown) => {
    if (error instanceof InputError) return error;
    throw error;
  });
  return linger === null ? await run : await linger.race(run);
}
