// One input whose windows go to threads. A run of a thread's kernel counts if the scan of the main thread arrives at its
// start. The scan takes all other bytes.

import { LF } from '../../../core/ascii.js';
import type { Points, Position, Shape } from '../../../core/types/index.js';
import { POINT_WORDS } from '../../../core/types/index.js';
import { ChunkScanner, type WindowScan } from '../../line-protocol/chunk-scanner.js';
import { pointsOf, shapeIn } from '../../line-protocol/double-buffer.js';
import type { RowKernel } from '../kernel/row-kernel.js';
import type { KernelRun, RowJobResult } from './row-worker-messages.js';
import type { ThreadWindow } from './window-reader.js';

/** Smallest window that goes to a thread, bytes. The scan takes shorter windows. */
const minJobBytes = 256;

/** A scan that continues after rows which the kernel took on another thread. */
export interface ResumableScan extends WindowScan {
  /** True if the kernel may take the row at the beginning of the next window. */
  readonly takesKernelRows: boolean;
  /** Continues after rows that a thread took; `timeLength` is the length of the last row's time. */
  pass(bytes: number, lines: number, timeLength: number): void;
}

export class RowInput {
  readonly #kernel: RowKernel;
  readonly #scan: ResumableScan;
  readonly #scanner: ChunkScanner;
  readonly #signal: AbortSignal;
  /** Window of the scan to which the next bytes are copied. */
  #window = 0;

  constructor(kernel: RowKernel, scan: ResumableScan, start: Position, signal: AbortSignal) {
    this.#kernel = kernel;
    this.#scan = scan;
    this.#scanner = new ChunkScanner(scan);
    this.#scanner.begin(start);
    this.#signal = signal;
  }

  /** Gives the rows that begin and end in a complete window to the window's thread. */
  hand(window: ThreadWindow): void {
    const kernel = this.#kernel;
    const { thread, used, end, isComplete, isScanned, job } = window;
    if (!kernel.isReady || !isComplete || isScanned || job !== null || end - used < minJobBytes) return;
    const from = thread.bytes.indexOf(LF, used) + 1;
    const limit = thread.bytes.lastIndexOf(LF, end - 1);
    if (from === 0 || from >= limit) return;
    if (this.#send(window, from, limit)) window.job = { limit, epoch: kernel.epoch };
  }

  /** Yields the points of a window with a result. Returns false if its thread must first take the rest of the window. */
  async *use(window: ThreadWindow, { runs, rest }: RowJobResult): AsyncGenerator<Points, boolean> {
    for (const run of runs) {
      yield* this.scan(window, run.start);
      if (!this.#follows(window)) continue;
      yield this.#pointsOf(window, run);
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

  /** Scans the bytes of a window up to `to`, which did not go to a thread. */
  async *scanAlone(window: ThreadWindow, to: number): AsyncGenerator<Points, void> {
    window.isScanned = true;
    yield* this.scan(window, to);
    window.isScanned = false;
  }

  /** Scans the bytes of a window up to `to`. */
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

  /** Scans the end of the input. */
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

  /** Tests whether the next byte of the window begins a row, in the mapping that the thread knows. */
  #follows({ job }: ThreadWindow): boolean {
    return this.#scanner.isAligned && this.#scan.takesKernelRows && job!.epoch === this.#kernel.epoch;
  }

  #pass(window: ThreadWindow, { start, end, lines, timeLength }: KernelRun): void {
    window.used = end;
    this.#scanner.pass(end - start);
    this.#scan.pass(end - start, lines, timeLength);
  }

  #pointsOf({ thread, place, origin }: ThreadWindow, { end, entry, count, lines }: KernelRun): Points {
    const { bytes } = thread;
    const index = new Uint32Array(bytes.buffer, place.index + entry * POINT_WORDS * 4, count * POINT_WORDS);
    const { line: firstLine, deadLetterFormat } = this.#scan;
    const shape = (number: number): Shape => this.#scan.shape(number);
    const shapeOf = (i: number): Shape => shapeIn(bytes, index, i);
    const places = { firstLine, endLine: firstLine + lines, origin, end: origin + end };
    return { bytes, index, count, rejects: [], deadLetterFormat, ...places, shape, shapeOf };
  }
}
