// Opens the inputs one after another and parses their points. Reports a bad input and continues with the next input.

import { InputError, UsageError } from '../../core/errors.js';
import { orAborted } from '../../core/time/wait-stats.js';
import type {
  Batch,
  ByteSource,
  Clock,
  Format,
  Input,
  MemoryBudget,
  Notice,
  Points,
  ResumePoint,
} from '../../core/types/index.js';
import type { FormatSet } from '../../formats/format-set.js';
import { runsUntil } from '../../formats/pieces/piece-runs.js';
import { skipBytes } from '../../inputs/skip.js';
import type { Ledger } from '../ledger/ledger.js';
import { adviceOf, named } from './input-head.js';
import type { ReadStatus } from './read-status.js';

export interface InputReaderContext {
  readonly inputs: readonly Input[];
  readonly formats: FormatSet;
  /** Memory for decompression, and for inputs that are read at random positions. */
  readonly budget: MemoryBudget;
  readonly status: ReadStatus;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly notify: (notice: Notice) => void;
  readonly onInputError: 'continue' | 'stop';
  /** Number of points that --limit allows for the whole load; null for no limit. */
  readonly limit: number | null;
  /** Returns true if this run or an earlier run of the load has sent a point. */
  readonly hasSent: () => boolean;
  /** Called with the index of an input before its source is closed. */
  readonly beforeClose: (input: number) => Promise<void>;
  /** Called after the last batch of an input. The next input begins when the promise resolves. */
  readonly afterInput: () => Promise<void>;
}

/** An open input: its format, and its points from the position at which an earlier run stopped. */
export interface ParsedInput {
  readonly format: string;
  readonly runs: AsyncGenerator<Points, void>;
}

/** Longest wait for a read in progress after the run was stopped, ms. */
const closeMs = 200;

export class InputReader {
  readonly #context: InputReaderContext;

  constructor(context: InputReaderContext) {
    this.#context = context;
  }

  /** Opens each input in order, and yields the batches that `batchesOf` creates from it. */
  async *each(
    batchesOf: (input: number, source: ByteSource) => AsyncGenerator<Batch, void>,
  ): AsyncGenerator<Batch, void> {
    const { inputs, limit, ledger, status, afterInput } = this.#context;
    for (const i of inputs.keys()) {
      if (limit !== null && ledger.read >= limit) break;
      // The check of the input's first megabyte has already reported an error.
      if (ledger.inputs[i]!.error !== null) continue;
      yield* this.#input(i, batchesOf);
      await afterInput();
    }
    const { unknownFields } = this.#context.formats;
    // If this run loads only pieces of the inputs, other pieces may contain the fields that are missing here.
    const isWhole = inputs.every(({ piece }) => piece === undefined);
    if (unknownFields !== null && isWhole) this.#report(inputs.length - 1, new InputError(unknownFields));
    status.endAll();
  }

  /** Chooses the format of an input, and parses its points from the position in `start`. */
  async parse(i: number, source: ByteSource, start: ResumePoint): Promise<ParsedInput> {
    const { inputs, status, signal } = this.#context;
    const { name, piece } = inputs[i]!;
    const { place } = start;
    const { format, source: chosen } = await this.#format(i, source, start);
    const rows = format.reads?.(chosen, name) ?? chosen;
    await orAborted(skipBytes(rows, place.byteOffset, name, signal), signal);
    status.reads(i, format, rows, place.byteOffset);
    const points = (from: ByteSource): AsyncGenerator<Points, void> => format.points(from, signal, place);
    const whole = this.#advising(i, format, status.count(points, format, rows, place.byteOffset, signal));
    if (!piece?.to) return { format: format.name, runs: whole };
    const end = { to: piece.to, isRandom: format.isRandom === true, name, source: rows };
    return { format: format.name, runs: runsUntil(whole, end, signal) };
  }

  /**
   * Yields the points of an input unchanged. After the last points, reports the advice about a pipe, whose first
   * megabyte was not parsed before.
   */
  async *#advising(i: number, format: Format, runs: AsyncGenerator<Points, void>): AsyncGenerator<Points, void> {
    try {
      yield* runs;
    } catch (error) {
      // Converts a UsageError to an InputError if points were already sent. The batcher then still sends the points
      // before the error. For any other error, it would drop these points.
      throw this.#inputError(i, error);
    }
    const { name, size } = this.#context.inputs[i]!;
    const message = size === null ? adviceOf(format, name) : null;
    if (message !== null) this.#context.notify({ level: 'warn', kind: 'advice', message });
  }

  async *#input(
    i: number,
    batchesOf: (input: number, source: ByteSource) => AsyncGenerator<Batch, void>,
  ): AsyncGenerator<Batch, void> {
    const { inputs, budget, status, signal } = this.#context;
    let source: ByteSource | null = null;
    status.begin(i);
    try {
      source = await orAborted(inputs[i]!.open(signal, budget), signal);
      status.opened(source);
      yield* batchesOf(i, source);
    } catch (error) {
      this.#report(i, error);
    } finally {
      status.closing();
      await this.#close(i, source);
    }
    status.end(i);
  }

  /** Records and reports an InputError, then throws it only if --on-input-error is `stop`. Throws every other error. */
  #report(i: number, error: unknown): void {
    const { inputs, ledger, onInputError, notify } = this.#context;
    const bad = this.#inputError(i, error);
    if (!(bad instanceof InputError)) throw bad;
    ledger.fail(i, bad);
    if (onInputError === 'stop') throw bad;
    // For a single input, the summary alone reports the error.
    if (inputs.length > 1) notify({ level: 'error', kind: 'input', message: bad.message });
  }

  /**
   * Adds the input's name to a UsageError. If a point was already sent, converts it to an InputError, because a usage
   * error means that nothing was sent.
   */
  #inputError(i: number, error: unknown): unknown {
    if (!(error instanceof UsageError)) return error;
    const usage = named(error, this.#context.inputs[i]!.name);
    return this.#context.hasSent() ? new InputError(usage.message) : usage;
  }

  async #close(i: number, source: ByteSource | null): Promise<void> {
    const { beforeClose, clock, signal } = this.#context;
    const closed = beforeClose(i).then(() => source?.close());
    // After a stop, a read that never ends must not delay the end of the run.
    await (signal.aborted ? Promise.race([closed, clock.sleep(closeMs)]) : closed);
  }

  async #format(
    i: number,
    source: ByteSource,
    { place }: ResumePoint,
  ): Promise<{ readonly format: Format; readonly source: ByteSource }> {
    const { inputs, formats, budget, signal } = this.#context;
    const input = inputs[i]!;
    if (place.byteOffset === 0) return await orAborted(formats.choose(input, source, signal), signal);
    // Opens a resumed input a second time, because its first bytes decide the format.
    const beginning = await orAborted(input.open(signal, { ...budget, hasThread: false }), signal);
    try {
      const { format, source: head } = await orAborted(formats.choose(input, beginning, signal), signal);
      if (format.recall !== undefined) await orAborted(format.recall(head, place, signal), signal);
      return { format, source };
    } finally {
      await beginning.close();
    }
  }
}
