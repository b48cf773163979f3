// Distributes one input to worker threads that parse rows. The threads get blocks of the input in turns, and points
// return in the order of the input. A thread guesses where its first row begins. The main thread uses the rows of a
// thread only if its own scan ends exactly where these rows start. The main thread scans all other bytes itself. So the
// points equal the points of a scan without threads.

import { abortWith } from '../../../core/time/wait-stats.js';
import type { ByteSource, Points, Position } from '../../../core/types/index.js';
import type { TimeOptions } from '../../timestamps/time-cell.js';
import type { RowKernel } from '../kernel/row-kernel.js';
import { type ResumableScan, RowInput } from './row-input.js';
import { RowThread } from './row-thread.js';
import { rowWindowBytes, slotsToHold } from './row-worker-messages.js';
import { type FreeSlot, WindowReader } from './window-reader.js';

/** Time without further bytes, ms, after which the main thread itself scans an incomplete read buffer. */
const quietMs = 20;
const inputEnded = new Error('this input has ended');

export class RowWorkers {
  readonly #kernel: RowKernel;
  readonly #threads: readonly RowThread[];
  readonly #free: FreeSlot[];
  readonly #windowBytes: number;
  #wake: () => void = () => {};

  /** @param windowBytes size of one read buffer, bytes */
  constructor(kernel: RowKernel, time: TimeOptions, threads: number, windowBytes = rowWindowBytes) {
    this.#kernel = kernel;
    this.#windowBytes = windowBytes;
    const answered = (): void => this.#wake();
    this.#threads = Array.from({ length: threads }, () => new RowThread(time, windowBytes, answered));
    this.#free = this.#threads[0]!.slots.flatMap((_, slot) => this.#threads.map((thread) => ({ thread, slot })));
  }

  /** Ends the threads. The caller must not request points afterwards. */
  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }

  /** Yields the points of one input, as `Format.points` does. */
  async *points(
    scan: ResumableScan,
    source: ByteSource,
    signal: AbortSignal,
    start: Position,
  ): AsyncGenerator<Points, void> {
    const own = abortWith(signal);
    const wake = (): void => this.#wake();
    const [maxHeld, windowBytes] = [slotsToHold * this.#threads.length, this.#windowBytes];
    const reading = new WindowReader(source, own.signal, this.#free, maxHeld, wake, windowBytes, start.byteOffset);
    const input = new RowInput(this.#kernel, scan, start, reading, signal);
    signal.addEventListener('abort', wake);
    const { windows } = reading;
    // Threads already parse the next blocks while points of an earlier block are sent.
    const hand = (): void => {
      for (const each of windows) input.hand(each);
    };
    const read = (): void => {
      hand();
      wake();
    };
    try {
      for (;;) {
        signal.throwIfAborted();
        for (const { failure } of this.#threads) if (failure !== null) throw failure;
        reading.read(read);
        hand();
        const window = windows[0];
        if (window === undefined && reading.ended) break;
        if (window === undefined || (window.job !== null && window.result === null)) await this.#change();
        else if (window.result !== null) {
          if (yield* input.use(window, window.result)) reading.free();
        } else if (window.isComplete) {
          yield* input.scanAlone(window, window.end);
          reading.free();
        } else {
          const { end } = window;
          await this.#change(end > window.used ? quietMs : undefined);
          if (window.end === end && !window.isComplete) yield* input.scanAlone(window, end);
        }
      }
      yield* input.end();
      reading.throwIfFailed();
    } finally {
      signal.removeEventListener('abort', wake);
      own.abort(inputEnded);
      await Promise.all([reading.settled(), ...this.#threads.map((thread) => thread.idle())]);
      reading.close();
    }
  }

  /** Waits until a read ends, a result arrives, the signal aborts, a thread fails, or `ms` have passed. */
  async #change(ms?: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = () => {};
  }
}
