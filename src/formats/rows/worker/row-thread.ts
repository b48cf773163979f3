// Controls one worker thread from the main thread: sends rows to parse, and tracks which state of the WebAssembly
// parser the thread has.

import type { Worker } from 'node:worker_threads';
import type { BugError } from '../../../core/errors.js';
import { startThread } from '../../../core/thread.js';
import { memoryOf } from '../../../core/wasm.js';
import type { TimeOptions } from '../../timestamps/time-cell.js';
import type { RowKernel } from '../kernel/row-kernel.js';
import { type RowJob, type RowJobResult, type RowSlot, type RowWorkerTask, rowSlots } from './row-worker-messages.js';

/**
 * When the main thread encodes a row, the state of the parser may change. A thread then needs a new copy of the state.
 * After `maxImages` copies, a copy is sent only with every 16th job.
 */
const maxImages = 16;
const jobsPerImage = 16;

export class RowThread {
  readonly slots: readonly RowSlot[];
  readonly bytes: Uint8Array;
  /** Error that ended the thread; null while the thread is running. */
  failure: BugError | null = null;
  readonly #worker: Worker;
  readonly #changed: () => void;
  /** For each read buffer with an unfinished job: the function that receives the result. */
  readonly #pending = new Map<number, (result: RowJobResult) => void>();
  #closed = false;
  /** Lets the promise of `idle` resolve. */
  #wake: () => void = () => {};
  /**
   * `#epoch` and `#version`: state of the parser copy in the thread (see RowKernel). `#images`: number of copies sent
   * in this epoch. `#jobs`: number of jobs since the last copy.
   */
  #epoch = -1;
  #version = -1;
  #images = 0;
  #jobs = 0;

  /** @param changed called after each result, and when the thread fails */
  constructor(
    { precision, timeFormat, timezone, ambiguousTime, timeRounding }: TimeOptions,
    windowBytes: number,
    changed: () => void,
  ) {
    const { slots, bytes } = rowSlots(windowBytes);
    const memory = memoryOf(bytes, true);
    this.slots = slots;
    this.bytes = new Uint8Array(memory.buffer);
    this.#changed = changed;
    const time = { precision, timeFormat, timezone, ambiguousTime, timeRounding };
    const workerData: RowWorkerTask = { memory, time, slots };
    this.#worker = startThread<RowJobResult>({
      file: 'row-worker-main.cjs',
      title: 'a worker thread that parses rows',
      workerData,
      receive: (result) => this.#receive(result),
      fail: (error) => this.#fail(error),
    });
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#wake();
    await this.#worker.terminate();
  }

  /** Sends a job: rows of one read buffer. Returns false if the WebAssembly parser cannot parse these rows. */
  send(job: Omit<RowJob, 'image'>, kernel: RowKernel, receive: (result: RowJobResult) => void): boolean {
    const image = this.#isCurrent(kernel) ? null : kernel.image;
    if (image !== null) {
      this.#images = this.#epoch === kernel.epoch ? this.#images + 1 : 1;
      this.#epoch = kernel.epoch;
      this.#version = kernel.version;
      this.#jobs = 0;
    } else if (this.#epoch !== kernel.epoch) return false;
    this.#jobs += 1;
    this.#pending.set(job.slot, receive);
    this.#worker.postMessage({ ...job, image }, image === null ? [] : [image.bytes.buffer as ArrayBuffer]);
    return true;
  }

  /** Waits until the thread has no unfinished job. */
  async idle(): Promise<void> {
    while (this.#pending.size > 0 && this.failure === null && !this.#closed)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
  }

  #isCurrent({ epoch, version }: RowKernel): boolean {
    if (this.#epoch !== epoch) return false;
    return this.#version === version || (this.#images >= maxImages && this.#jobs < jobsPerImage);
  }

  #receive(result: RowJobResult): void {
    const receive = this.#pending.get(result.slot)!;
    this.#pending.delete(result.slot);
    receive(result);
    this.#wake();
    this.#changed();
  }

  #fail(error: BugError): void {
    if (this.#closed) return;
    this.failure ??= error;
    this.#wake();
    this.#changed();
  }
}
