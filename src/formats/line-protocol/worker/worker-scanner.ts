// A scan on a thread of its own, seen from here: chunks are read into windows on this thread, since only here a source can
// be given up at any moment; the other thread is told of each, scans it, and tells what runs of points are in it.

import { Worker } from 'node:worker_threads';
import { BugError } from '../../../core/errors.js';
import { packaged } from '../../../core/packaged.js';
import type { ByteSource, DeadLetterFormat, Points, Position, Shape } from '../../../core/types/index.js';
import { memoryOf } from '../../kernel/wasm.js';
import { shapeIn } from '../double-buffer.js';
import { indexes, type LineProtocolOptions, type LinesLayout, layout } from '../lines-layout.js';
import type { PointRun, WorkerRequest, WorkerResponse } from './worker-messages.js';

/** Heap of the other thread: the exact check makes no garbage, rejects and names of new shapes do. */
const resourceLimits = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 32, stackSizeMb: 1 };
/** Why what is still being read is not waited for. */
const over = new Error('the runs of this input have ended');

export class WorkerScanner {
  readonly #layout: LinesLayout;
  readonly #deadLetterFormat: DeadLetterFormat;
  readonly #thread: Worker;
  readonly #wanted = new Int32Array(new SharedArrayBuffer(4));
  readonly #bytes: Uint8Array;
  readonly #indexes: readonly Uint32Array[];
  /** Windows that nothing is known of. */
  readonly #free: number[];
  readonly #answers: WorkerResponse[] = [];
  readonly #shapes: Shape[] = [];
  #abroad = 0;
  #input = 0;
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
    const workerData = { options, memory, wanted: this.#wanted };
    this.#thread = new Worker(packaged('dist/bundle/worker-main.js'), {
      workerData,
      resourceLimits,
      execArgv: [],
      env: {},
    });
    this.#thread.on('message', (answer: WorkerResponse) => this.#take(answer));
    this.#thread.on('error', (cause) => this.#fail(cause));
    this.#thread.on('exit', (code) => this.#fail(new Error(`it ended by itself, with code ${code}`)));
    // Last: a listener for messages is a reason to stay alive.
    this.#thread.unref();
  }

  /** Ends the thread. Nothing may be pulled any more. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#thread.terminate();
  }

  /** As `Format.points`. */
  async *points(source: ByteSource, signal: AbortSignal, start: Position): AsyncGenerator<Points, void> {
    const own = new AbortController();
    const reading = new Chunks(source, AbortSignal.any([signal, own.signal]));
    const stop = (): void => this.#wake();
    signal.addEventListener('abort', stop);
    this.#input += 1;
    Atomics.store(this.#wanted, 0, this.#input);
    this.#ask({ do: 'begin', input: this.#input, start });
    let used: WorkerResponse | null = null;
    try {
      for (;;) {
        signal.throwIfAborted();
        if (this.#failure !== null) throw this.#failure;
        this.#read(reading);
        const answer = this.#answers.shift();
        if (answer === undefined) {
          if (this.#abroad === 0 && reading.over) break;
          await this.#change();
          continue;
        }
        used = answer;
        if (answer.run !== null) yield this.#pointsOf(answer.window, answer.run);
        used = null;
        this.#back(answer);
      }
      reading.throwIfFailed();
    } finally {
      signal.removeEventListener('abort', stop);
      Atomics.store(this.#wanted, 0, 0);
      own.abort(over);
      await reading.settled();
      if (used !== null) this.#back(used);
      await this.#home();
    }
  }

  /** Reads on where a window is free for it. */
  #read(chunks: Chunks): void {
    if (chunks.busy || chunks.over || this.#free.length === 0) return;
    const window = this.#free.pop()!;
    const input = this.#input;
    const { windows, chunkBytes } = this.#layout;
    const from = windows[window]!;
    chunks.read(this.#bytes.subarray(from, from + chunkBytes), (length) => {
      if (length === null) this.#free.push(window);
      else this.#ask({ do: 'window', input, window, length });
      if (length) this.#read(chunks);
      this.#wake();
    });
  }

  #ask(ask: WorkerRequest): void {
    if (ask.do !== 'begin') this.#abroad += 1;
    this.#thread.postMessage(ask);
  }

  #take(answer: WorkerResponse): void {
    this.#abroad -= 1;
    if (answer.run !== null) this.#shapes.push(...answer.run.shapes);
    if (answer.input === Atomics.load(this.#wanted, 0)) this.#answers.push(answer);
    else this.#back(answer);
    this.#wake();
  }

  /** Its run is used up, or not wanted. */
  #back({ input, window, drained }: WorkerResponse): void {
    if (drained) this.#free.push(window);
    else this.#ask({ do: 'more', input, window });
  }

  #fail(cause: unknown): void {
    if (this.#closed) return;
    const message = cause instanceof Error ? cause.message : String(cause);
    this.#failure ??= new BugError(`a defect of bulk-load: the thread that checks points has ended: ${message}`, {
      cause,
    });
    this.#wake();
  }

  /** Resolves when something has been read, found, aborted or broken. */
  async #change(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = () => {};
  }

  /** All windows are back: the next input may begin. */
  async #home(): Promise<void> {
    for (const answer of this.#answers.splice(0)) this.#back(answer);
    while (this.#abroad > 0 && this.#failure === null && !this.#closed) await this.#change();
  }

  #pointsOf(window: number, { count, rejects, firstLine, endLine, origin, end }: PointRun): Points {
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
    };
  }
}

/** Chunks of a source, one after the other. */
class Chunks {
  readonly #source: ByteSource;
  readonly #signal: AbortSignal;
  #pending: Promise<void> | null = null;
  #failure: { readonly cause: unknown } | null = null;
  /** Nothing more comes. */
  over = false;

  constructor(source: ByteSource, signal: AbortSignal) {
    this.#source = source;
    this.#signal = signal;
  }

  get busy(): boolean {
    return this.#pending !== null;
  }

  /** `done` is told how much was read, 0 at the end, null when the source failed. */
  read(into: Uint8Array, done: (length: number | null) => void): void {
    const ends = (length: number | null): void => {
      this.#pending = null;
      this.over = !length;
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
