// Main-thread side of parsing on a worker thread. Reads the input into shared memory, posts each part (window) to the
// worker, and receives the points. The main thread reads, because only the main thread can abandon a read at any
// moment.

import type { Worker } from 'node:worker_threads';
import { type BugError, UsageError } from '../../../core/errors.js';
import { isUnchanged } from '../../../core/io/byte-source.js';
import type { PrefixChecksum } from '../../../core/io/prefix-checksum.js';
import { startThread } from '../../../core/thread.js';
import { abortWith } from '../../../core/time/wait-stats.js';
import type { ByteSource, DeadLetterFormat, Points, Position, Shape } from '../../../core/types/index.js';
import { memoryOf } from '../../../core/wasm.js';
import { WindowUse } from '../../window-use.js';
import { shapeIn } from '../double-buffer.js';
import { indexes, type LineProtocolOptions, type LinesLayout, layout } from '../lines-layout.js';
import type { SectionState } from '../sections/export-sections.js';
import type { PointRun, WorkerRequest, WorkerResponse } from './worker-messages.js';

/** Reason for aborting a read that is no longer needed. */
const inputEnded = new Error('this input has ended');

export class WorkerScanner {
  readonly #layout: LinesLayout;
  readonly #deadLetterFormat: DeadLetterFormat;
  readonly #thread: Worker;
  readonly #wanted = new Int32Array(new SharedArrayBuffer(4));
  readonly #bytes: Uint8Array;
  readonly #indexes: readonly Uint32Array[];
  /** Indexes of the windows that neither thread uses. */
  readonly #free: number[];
  readonly #responses: WorkerResponse[] = [];
  readonly #shapes: Shape[] = [];
  /** Number of requests without a response. */
  #pending = 0;
  #input = 0;
  /** Checksum of the input. The worker computes this checksum. */
  #checksum: PrefixChecksum | null = null;
  #failure: BugError | null = null;
  #closed = false;
  #wake: () => void = () => {};

  constructor(options: LineProtocolOptions, deadLetterFormat: DeadLetterFormat) {
    this.#layout = layout(options);
    this.#deadLetterFormat = deadLetterFormat;
    const memory = memoryOf(this.#layout.bytes, true);
    this.#bytes = new Uint8Array(memory.buffer);
    this.#indexes = indexes(memory, this.#layout);
    this.#free = this.#layout.windows.map((_, window) => window);
    this.#thread = startThread<WorkerResponse>({
      file: 'worker-main.cjs',
      title: 'the worker thread that parses points',
      workerData: { options, memory, wanted: this.#wanted },
      receive: (response) => this.#receive(response),
      fail: (error) => this.#fail(error),
    });
  }

  /** Ends the thread. The caller must not request points afterwards. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#thread.terminate();
  }

  /** Yields points as `Format.points` does. */
  async *points(
    source: ByteSource,
    signal: AbortSignal,
    start: Position,
    sections: SectionState,
  ): AsyncGenerator<Points, void> {
    const own = abortWith(signal);
    const reading = new Chunks(source, own.signal);
    const stop = (): void => this.#wake();
    signal.addEventListener('abort', stop);
    this.#input += 1;
    Atomics.store(this.#wanted, 0, this.#input);
    this.#checksum = isUnchanged(source) ? (source.file?.checksum ?? null) : null;
    this.#request({ do: 'begin', input: this.#input, start, sections, crc: this.#checksum?.delegate() ?? 0 });
    let use: WindowUse | null = null;
    try {
      for (;;) {
        signal.throwIfAborted();
        if (this.#failure !== null) throw this.#failure;
        this.#read(reading);
        const response = this.#responses.shift();
        if (response === undefined) {
          if (this.#pending === 0 && reading.ended) break;
          await this.#change();
          continue;
        }
        use = new WindowUse(() => this.#release(response));
        if (response.run !== null) yield this.#pointsOf(response.window, response.run, response.drained ? use : null);
        if (response.refusal !== null) throw new UsageError([response.refusal]);
        use.end();
        use = null;
      }
      reading.throwIfFailed();
    } finally {
      signal.removeEventListener('abort', stop);
      Atomics.store(this.#wanted, 0, 0);
      own.abort(inputEnded);
      await reading.settled();
      use?.end();
      await this.#drain();
      this.#checksum?.reclaim();
    }
  }

  /** Starts a read into a free window, unless a read is pending, the source has ended, or no window is free. */
  #read(chunks: Chunks): void {
    if (chunks.busy || chunks.ended || this.#free.length === 0) return;
    const window = this.#free.pop()!;
    const input = this.#input;
    const { windows, chunkBytes } = this.#layout;
    const from = windows[window]!;
    chunks.read(this.#bytes.subarray(from, from + chunkBytes), (length) => {
      if (length === null) this.#free.push(window);
      else this.#request({ do: 'window', input, window, length, unsummed: this.#checksum?.takeUnsummed() ?? 0 });
      if (length) this.#read(chunks);
      this.#wake();
    });
  }

  #request(request: WorkerRequest): void {
    if (request.do !== 'begin') this.#pending += 1;
    this.#thread.postMessage(request);
  }

  #receive(response: WorkerResponse): void {
    this.#pending -= 1;
    if (response.crc !== null) this.#checksum?.settle(response.crc);
    if (response.run !== null) this.#shapes.push(...response.run.shapes);
    if (response.input === Atomics.load(this.#wanted, 0)) this.#responses.push(response);
    else this.#release(response);
    this.#wake();
  }

  /**
   * Called when the points of a response are no longer used. If the worker has parsed the whole window, frees the
   * window. Otherwise, requests the next points of the window.
   */
  #release({ input, window, drained }: WorkerResponse): void {
    if (drained) this.#free.push(window);
    else this.#request({ do: 'more', input, window });
    this.#wake();
  }

  #fail(error: BugError): void {
    if (this.#closed) return;
    this.#failure ??= error;
    this.#wake();
  }

  /** Waits until a read ends, a response arrives, the signal aborts, or the thread fails. */
  async #change(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = () => {};
  }

  /** Waits until all windows are free, so that the next input may begin. */
  async #drain(): Promise<void> {
    for (const response of this.#responses.splice(0)) this.#release(response);
    while (this.#pending > 0 && this.#failure === null && !this.#closed) await this.#change();
  }

  /**
   * @param use lets batches reserve the window while they are sent from it; null if the worker will overwrite these
   * points with the next points of the window
   */
  #pointsOf(
    window: number,
    { count, rejects, firstLine, endLine, origin, end }: PointRun,
    use: WindowUse | null,
  ): Points {
    const bytes = this.#bytes;
    const index = this.#indexes[window]!;
    const shape = (number: number): Shape => this.#shapes[number]!;
    const shapeOf = (i: number): Shape => shapeIn(bytes, index, i);
    return {
      bytes,
      index,
      count,
      rejects,
      firstLine,
      endLine,
      deadLetterFormat: this.#deadLetterFormat,
      origin,
      end,
      shape,
      shapeOf,
      hold: use?.hold,
    };
  }
}

/** Reads the chunks of a source, one at a time. */
class Chunks {
  readonly #source: ByteSource;
  readonly #signal: AbortSignal;
  #pending: Promise<void> | null = null;
  #failure: { readonly cause: unknown } | null = null;
  /** True after the end or the failure of the source. */
  ended = false;

  constructor(source: ByteSource, signal: AbortSignal) {
    this.#source = source;
    this.#signal = signal;
  }

  get busy(): boolean {
    return this.#pending !== null;
  }

  /** Calls `done` with the number of bytes read: 0 at the end of the source, null if the source failed. */
  read(into: Uint8Array, done: (length: number | null) => void): void {
    const ends = (length: number | null): void => {
      this.#pending = null;
      this.ended = !length;
      done(length);
    };
    this.#pending = this.#source.read(into, this.#signal).then(ends, (cause: unknown) => {
      this.#failure = { cause };
      ends(null);
    });
  }

  async settled(): Promise<void> {
    await this.#pending;
  }

  throwIfFailed(): void {
    if (this.#failure !== null) throw this.#failure.cause;
  }
}
