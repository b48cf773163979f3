// Combines the results of worker threads with the main thread's own scan, for one input. A thread's rows are used only
// if the main thread's scan has reached exactly the start of these rows. The main thread scans all other bytes itself.

import { LF } from '../../../core/ascii.js';
import type { Points, Position, Shape } from '../../../core/types/index.js';
import { POINT_WORDS } from '../../../core/types/index.js';
import { ChunkScanner, type WindowScan } from '../../line-protocol/chunk-scanner.js';
import { pointsOf, shapeIn } from '../../line-protocol/double-buffer.js';
import type { RowKernel } from '../kernel/row-kernel.js';
import { type KernelRun, narrowSlotsPerThread, type RowJobResult } from './row-worker-messages.js';
import type { ThreadWindow, WindowReader } from './window-reader.js';

/** Smallest number of bytes worth sending to a thread. The main thread scans a smaller part itself. */
const minJobBytes = 256;

/** A scanner that can continue after rows that a worker thread parsed. */
export interface ResumableScan extends WindowScan {
  /** True if a thread may parse the row at the scanner's current position. */
  readonly takesKernelRows: boolean;
  /** Skips rows that a thread parsed. `timeLength` is the length of the last row's time, bytes. */
  pass(bytes: number, lines: number, timeLength: number): void;
}

export class RowInput {
  readonly #kernel: RowKernel;
  readonly #scan: ResumableScan;
  readonly #scanner: ChunkScanner;
  readonly #reading: Pick<WindowReader, 'mayHold'>;
  readonly #signal: AbortSignal;
  /** Index of the scanner's read buffer that receives the next bytes, 0 or 1. */
  #window = 0;

  constructor(
    kernel: RowKernel,
    scan: ResumableScan,
    start: Position,
    reading: Pick<WindowReader, 'mayHold'>,
    signal: AbortSignal,
  ) {
    this.#kernel = kernel;
    this.#scan = scan;
    this.#scanner = new ChunkScanner(scan);
    this.#scanner.begin(start);
    this.#reading = reading;
    this.#signal = signal;
  }

  /** Sends all rows that begin and end in a complete read buffer to the thread that owns this buffer. */
  hand(window: ThreadWindow): void {
    const kernel = this.#kernel;
    const { thread, firstRow, used, end, isComplete, isScanned, job } = window;
    if (!kernel.isReady || !isComplete || isScanned || job !== null || end - used < minJobBytes) return;
    const from = used === firstRow ? used : thread.bytes.indexOf(LF, used) + 1;
    const limit = thread.bytes.lastIndexOf(LF, end - 1) + 1;
    if (from === 0 || from >= limit) return;
    if (this.#send(window, from, limit)) window.job = { limit, epoch: kernel.epoch };
  }

  /**
   * Yields the points of a buffer that its thread has parsed. Returns false if the thread's output memory was full: the
   * thread then parses the rest, and the caller must wait for another result.
   */
  async *use(window: ThreadWindow, { runs, rest }: RowJobResult): AsyncGenerator<Points, boolean> {
    for (const run of runs) {
      yield* this.scan(window, run.start);
      if (!this.#follows(window)) continue;
      yield this.#pointsOf(window, run, rest === null);
      this.#signal.throwIfAborted();
      this.#pass(window, run);
    }
    if (rest !== null && this.#follows(window)) {
      window.result = null;
      if (this.#send(window, rest, window.job!.limit)) return false;
    }
    yield* this.scan(window, window.end);
    return true;
  }

  #send(window: ThreadWindow, from: number, limit: number): boolean {
    const { thread, slot } = window;
    return thread.send({ slot, from, limit }, this.#kernel, (result) => {
      window.result = result;
    });
  }

  /** Scans the bytes up to offset `to` on the main thread. Meanwhile, the worker thread gets no rows of this buffer. */
  async *scanAlone(window: ThreadWindow, to: number): AsyncGenerator<Points, void> {
    window.isScanned = true;
    yield* this.scan(window, to);
    window.isScanned = false;
  }

  /** Scans the bytes up to offset `to` on the main thread. */
  async *scan(window: ThreadWindow, to: number): AsyncGenerator<Points, void> {
    const { bytes, layout } = this.#scan;
    while (window.used < to) {
      const length = Math.min(layout.chunkBytes, to - window.used);
      bytes.set(window.thread.bytes.subarray(window.used, window.used + length), layout.windows[this.#window]!);
      window.used += length;
      yield* this.#chunk(length);
      this.#window = 1 - this.#window;
      this.#scanner.carry(layout.windows[this.#window]!);
    }
  }

  /** Scans the bytes that remain at the end of the input. */
  async *end(): AsyncGenerator<Points, void> {
    yield* this.#chunk(0);
  }

  async *#chunk(length: number): AsyncGenerator<Points, void> {
    const scanner = this.#scanner;
    scanner.chunk(this.#scan.layout.windows[this.#window]!, length);
    for (;;) {
      const { isWorth, drained } = scanner.run();
      if (isWorth) {
        yield pointsOf(this.#scan, scanner.origin, scanner.end);
        this.#signal.throwIfAborted();
      }
      if (drained) return;
    }
  }

  /**
   * Tests whether the scan is at the start of a row and the thread parsed with the current mapping. Only then may the
   * thread's rows be used.
   */
  #follows({ job }: ThreadWindow): boolean {
    return this.#scanner.isAligned && this.#scan.takesKernelRows && job!.epoch === this.#kernel.epoch;
  }

  #pass(window: ThreadWindow, { start, end, lines, timeLength }: KernelRun): void {
    window.used = end;
    this.#scanner.pass(end - start);
    this.#scan.pass(end - start, lines, timeLength);
  }

  /** @param isLast true if the thread will not write to this read buffer's memory again */
  #pointsOf(
    { thread, place, origin, use }: ThreadWindow,
    { end, entry, count, lines, summary }: KernelRun,
    isLast: boolean,
  ): Points {
    const { bytes } = thread;
    const index = new Uint32Array(bytes.buffer, place.index + entry * POINT_WORDS * 4, count * POINT_WORDS);
    const { line: firstLine, deadLetterFormat } = this.#scan;
    const shape = (number: number): Shape => this.#scan.shape(number);
    const shapeOf = (i: number): Shape => shapeIn(bytes, index, i);
    const places = { firstLine, endLine: firstLine + lines, origin, end: origin + end };
    const mayHold = isLast && thread.slots.length > narrowSlotsPerThread && this.#reading.mayHold;
    const hold = mayHold ? use.hold : undefined;
    return { bytes, index, count, rejects: [], deadLetterFormat, ...places, shape, shapeOf, hold, summary };
  }
}
