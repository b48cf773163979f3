// The reading half of a run: inputs, one after the other, become batches. A bad input is named and the others go on.

import type { Arena } from '../batching/arena.js';
import { Batcher } from '../batching/batcher.js';
import { coalesce } from '../batching/coalescer.js';
import type { FilledBatch } from '../batching/open-batch.js';
import type { Bounds } from '../batching/point-bounds.js';
import type { SchemaGuard } from '../batching/schema-gate.js';
import type { Settings } from '../config/settings.js';
import { orAborted } from '../core/abort.js';
import { InputError, RefusedError, UsageError } from '../core/errors.js';
import { pointValues } from '../core/line-protocol.js';
import type {
  Batch,
  ByteSource,
  Clock,
  DatabaseSettings,
  Format,
  Input,
  MemoryBudget,
  Notice,
  Points,
  Position,
  ResumePoint,
} from '../core/types/index.js';
import { isCounted } from '../core/types/index.js';
import { unitsPerMs } from '../core/units.js';
import { WaitStats } from '../core/wait-stats.js';
import { FormatSet, type ReadMode } from '../formats/format-set.js';
import { unexpectedTime } from '../formats/timestamps/expect-time.js';
import { skipBytes } from '../inputs/skip.js';
import type { Catalogue } from '../schema/catalogue.js';
import { pointConflict, shapeConflict } from '../schema/name-limits.js';
import { timesMerged } from '../targets/cnosdb/database-settings.js';
import type { Ledger } from './ledger/ledger.js';
import type { ResumeState } from './resume-state.js';

export interface ReadStageContext {
  readonly settings: Settings;
  readonly inputs: readonly Input[];
  readonly database: DatabaseSettings;
  /** Of the target's traits. */
  readonly introducesAlone: boolean;
  readonly sendsSeconds: boolean;
  readonly catalogue: Catalogue;
  readonly ledger: Ledger;
  readonly continuing: ResumeState;
  readonly clock: Clock;
  /** Of this run; stamps are counted from the start of the load. */
  readonly startedMs: number;
  /** Throws when there are more columns than memory can hold. */
  readonly assertFits: () => void;
  /** For decompression, and for what is read at random. */
  readonly room: MemoryBudget;
  /** How points of line protocol are found. */
  readonly means: ReadMode;
  readonly notify: (notice: Notice) => void;
  /** Whether anything was sent yet, now or in an earlier run of the load. */
  readonly begun: () => boolean;
  /** Resolves once everything handed out is settled. */
  readonly settled: () => Promise<void>;
}

/** Time for a read in progress to end after the run was stopped. */
const closeMs = 200;

export class ReadStage {
  readonly #context: ReadStageContext;
  readonly #formats: FormatSet;
  readonly #formatOf = new Map<number, string>();
  #source: ByteSource | null = null;
  /** What rows are read from, where that is open. */
  #rest: ByteSource | null = null;
  #bytesDone = 0;
  #decoded = 0;
  #inputsDone = 0;
  /** Decoded bytes of each input that was read to its end; -1 for the others. */
  readonly #decodedSizes: Float64Array;
  /** Differences of the positions in the current input to the counters. */
  #offsets: { readonly input: number; readonly file: number; readonly decoded: number; isPlain: boolean } | null = null;
  #current: string | null = null;
  /** For bytes of inputs: whoever reads has a writer that could send. */
  readonly #waits: WaitStats;

  constructor(context: ReadStageContext) {
    this.#context = context;
    this.#waits = new WaitStats(context.clock);
    this.#decodedSizes = new Float64Array(context.inputs.length).fill(-1);
    this.#formats = new FormatSet(context.settings, context.room, context.means);
  }

  /** Bytes of files, and after decompression. */
  get bytes(): { readonly read: number; readonly decoded: number } {
    return { read: this.#bytesDone + this.#bytesOpen, decoded: this.#decoded };
  }

  get #bytesOpen(): number {
    return (this.#rest ?? this.#source)?.bytesRead ?? 0;
  }

  /** True once an input was read to its end, or nothing of it is left to read. */
  isRead(input: number): boolean {
    return this.#decodedSizes[input]! >= 0;
  }

  /** Position in an input that this run has begun, in file bytes and decoded bytes; null for the others. */
  positionIn(input: number): { readonly file: number; readonly decoded: number } | null {
    const { size } = this.#context.inputs[input]!;
    if (this.isRead(input)) return { file: size ?? 0, decoded: this.#decodedSizes[input]! };
    if (this.#offsets?.input !== input) return null;
    const decoded = this.#offsets.decoded + this.#decoded;
    return { file: this.#offsets.isPlain ? decoded : this.#offsets.file + this.#bytesOpen, decoded };
  }

  get inputs(): { readonly done: number; readonly current: string | null } {
    return { done: this.#inputsDone, current: this.#current };
  }

  /** The waits for bytes of inputs; decompression is part of them. */
  get waits(): { readonly seconds: number; readonly going: boolean } {
    return this.#waits;
  }

  /** Nothing may be pulled any more. */
  async close(): Promise<void> {
    await this.#formats.close();
  }

  /** Format of an input that was begun; null for the others. */
  formatOf(input: number): string | null {
    return this.#formatOf.get(input) ?? null;
  }

  /** Batches of all inputs in order, made when asked for. Throws `signal.reason` when it aborts. */
  batches(arena: Arena, bodyBytes: () => number, signal: AbortSignal): AsyncGenerator<Batch, void> {
    const { settings, clock, ledger } = this.#context;
    const all = this.#all(arena, bodyBytes, signal);
    if (arena.slots === 1 || settings.inOrder) return all;
    return coalesce(all, {
      points: settings.batchPoints,
      bodyBytes,
      lingerMs: settings.batchLingerMs,
      clock,
      abandon: ({ span, points, rejects }) => ledger.abandon(span.input, points + rejects.filter(isCounted).length),
    });
  }

  async *#all(arena: Arena, bodyBytes: () => number, signal: AbortSignal): AsyncGenerator<FilledBatch, void> {
    const { settings, inputs, ledger } = this.#context;
    const limit = settings.limit ?? Number.POSITIVE_INFINITY;
    const batcher = this.#batcher(arena, bodyBytes, limit);
    for (const [i, input] of inputs.entries()) {
      if (ledger.read >= limit) break;
      yield* this.#input(i, input, batcher, signal);
      if (settings.inOrder) await this.#context.settled();
    }
    this.#current = null;
  }

  async *#input(i: number, input: Input, batcher: Batcher, signal: AbortSignal): AsyncGenerator<FilledBatch, void> {
    const { settings, ledger, continuing, notify } = this.#context;
    this.#current = input.name;
    try {
      this.#source = await orAborted(input.open(signal, this.#context.room), signal);
      const source = this.#source;
      const start = await orAborted(continuing.inputBegins(i, source, batcher.reached), signal);
      if (start !== null) {
        const { format, rest: from } = await this.#begun(i, input, source, start, signal);
        const rest = format.reads?.(from, input.name) ?? from;
        await orAborted(skipBytes(rest, start.place.byteOffset, input.name, signal), signal);
        this.#rest = rest;
        const isPlain = source.compression === 'none' && format.reads === undefined && format.isRandom !== true;
        this.#offsets = {
          input: i,
          // A source that seeks does not count the bytes before.
          file: rest.seek === undefined ? 0 : start.place.byteOffset - rest.bytesRead,
          decoded: start.place.byteOffset - this.#decoded,
          isPlain,
        };
        const runs = this.#runs(format, rest, start.place, signal);
        yield* batcher.batches(i, runs, signal, start, format.name);
        if (batcher.rest !== null) continuing.inputEnded(i, batcher.rest);
      }
    } catch (error) {
      // An input that contradicts the settings is a mistake in them as long as nothing was sent.
      const bad = error instanceof UsageError && this.#context.begun() ? new InputError(error.message) : error;
      if (!(bad instanceof InputError)) throw bad;
      ledger.inputs[i]!.error = bad.message;
      if (settings.onInputError === 'stop') throw bad;
      notify({ level: 'error', kind: 'input', message: bad.message });
    } finally {
      const source = this.#source;
      if (this.#offsets !== null) this.#offsets = { ...this.#offsets, file: this.#offsets.file + this.#bytesOpen };
      this.#bytesDone += this.#bytesOpen;
      this.#source = null;
      this.#rest = null;
      // A read that the system never ends must not hold up the end of the run.
      const closed = continuing.inputCloses(i).then(() => source?.close());
      await (signal.aborted ? Promise.race([closed, this.#context.clock.sleep(closeMs)]) : closed);
    }
    this.#decodedSizes[i] = Math.max(0, this.positionIn(i)?.decoded ?? 0);
    this.#offsets = null;
    this.#inputsDone += 1;
  }

  /** The format of an input, and the source to read from once what comes before the start was passed over. */
  async #begun(
    i: number,
    input: Input,
    source: ByteSource,
    { place }: ResumePoint,
    signal: AbortSignal,
  ): Promise<{ format: Format; rest: ByteSource }> {
    const choose = async (from: ByteSource): Promise<{ format: Format; source: ByteSource }> =>
      await orAborted(this.#formats.choose(input.name, from, signal), signal);
    if (place.byteOffset === 0) {
      const { format, source: rest } = await choose(source);
      this.#formatOf.set(i, format.name);
      return { format, rest };
    }
    // What was read of it before does not come again: its beginning is looked at apart.
    const beginning = await orAborted(input.open(signal, this.#context.room), signal);
    try {
      const { format, source: head } = await choose(beginning);
      if (format.recall !== undefined) await orAborted(format.recall(head, place, signal), signal);
      this.#formatOf.set(i, format.name);
      return { format, rest: source };
    } finally {
      await beginning.close();
    }
  }

  #batcher(arena: Arena, bodyBytes: () => number, limit: number): Batcher {
    const { settings, sendsSeconds, ledger, continuing, clock } = this.#context;
    return new Batcher(arena, this.#guard(), ledger, clock, {
      points: settings.batchPoints,
      bodyBytes,
      lingerMs: settings.batchLingerMs,
      precision: settings.precision,
      sendsSeconds,
      startMs: continuing.startMs,
      limit,
      skipPoints: settings.skipPoints,
      bounds: this.#bounds(),
      inspect: (timestamp, line) => this.#inspect(timestamp, line),
    });
  }

  /** With decoded bytes counted. */
  async *#runs(format: Format, rest: ByteSource, place: Position, signal: AbortSignal): AsyncGenerator<Points, void> {
    if (!format.isRandom) {
      yield* format.points(this.#counting(rest), signal, place);
      return;
    }
    let from = place.byteOffset;
    for await (const run of format.points(this.#watched(rest, signal), signal, place)) {
      this.#decoded += run.end - from;
      from = run.end;
      yield run;
    }
  }

  /** The source, with the waits for its file known, and ended when the run is. */
  #watched(source: ByteSource, signal: AbortSignal): ByteSource {
    const { file } = source;
    if (file === undefined) return source;
    const bytes = (from: number, to: number): Promise<Uint8Array> =>
      this.#waits.during(orAborted(file.bytes(from, to), signal));
    return {
      read: (into, stop) => source.read(into, stop),
      close: () => source.close(),
      get bytesRead() {
        return source.bytesRead;
      },
      compression: source.compression,
      file: { size: file.size, bytes },
      ...(source.seek === undefined ? {} : { seek: (to: number): void => source.seek?.(to) }),
    };
  }

  /** Looked at once, at the start: what a long load makes of a moment is left to the target. */
  #bounds(): Bounds {
    const { database, settings, startedMs } = this.#context;
    const { ttlMs, limits, precision } = database;
    const units = unitsPerMs[settings.precision];
    const none = Number.NEGATIVE_INFINITY;
    return {
      oldest: Math.max(ttlMs === null ? none : startedMs - ttlMs, limits?.sinceMs ?? none) * units,
      newest: limits === undefined ? Number.POSITIVE_INFINITY : (startedMs + limits.aheadMs) * units,
      grain: Math.max(1, timesMerged(precision, settings.precision)),
      longBytes: limits?.tagValueBytes ?? Number.POSITIVE_INFINITY,
      long: (point) => (limits === undefined ? null : pointConflict(point.length, pointValues(point, 'ns'), limits)),
    };
  }

  /** The source, with its decoded bytes counted. */
  #counting(source: ByteSource): ByteSource {
    return {
      read: async (into, signal) => {
        const read = await this.#waits.during(orAborted(source.read(into, signal), signal));
        this.#decoded += read;
        return read;
      },
      close: () => source.close(),
      get bytesRead() {
        return source.bytesRead;
      },
      compression: source.compression,
    };
  }

  #guard(): SchemaGuard {
    const { catalogue, database, introducesAlone, settings, assertFits } = this.#context;
    return {
      exclusive: introducesAlone,
      match: (shape) => {
        const match = shapeConflict(shape, database.limits) ?? catalogue.match(shape);
        if (match.kind === 'introduces') assertFits();
        if (database.strictWrite && match.kind === 'introduces') throw strictWrite(settings.db, shape.table);
        return match;
      },
      introduction: () => catalogue.introduction(),
    };
  }

  /** A timestamp in the wrong unit ends the run while nothing was sent; later it condemns only its input. */
  #inspect(timestamp: bigint, line: number): void {
    const { expectTime, precision } = this.#context.settings;
    const problem = expectTime === null ? null : unexpectedTime(timestamp, precision, expectTime);
    if (problem === null) return;
    const message = { tried: `reading ${this.#current}:${line}`, ...problem };
    throw this.#context.begun() ? new InputError(message) : new UsageError([message]);
  }
}

function strictWrite(db: string, table: string): RefusedError {
  return new RefusedError(
    `loading into "${db}" — expected every table and field to exist, since it has STRICT_WRITE on and drops unknown fields ` +
      `without a word — got points for "${table}" with some it lacks — create them first, or use a database without STRICT_WRITE`,
  );
}
