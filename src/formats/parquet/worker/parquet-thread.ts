// Controls the worker thread that reads Parquet. The thread reads a local file through its file descriptor and sends
// runs of points in order. The main thread checks each file first, because only the main thread knows the other inputs
// and how memory is divided.

import { Worker } from 'node:worker_threads';
import { BugError } from '../../../core/errors.js';
import type { Points, Position, Shape } from '../../../core/types/index.js';
import { POINT_WORDS, SHAPE, UNCOUNTED_SHAPE } from '../../../core/types/index.js';
import { packaged } from '../../../core/version.js';
import { shapeIn } from '../../line-protocol/double-buffer.js';
import type { RowFormatMemory, RowOptions } from '../../rows/rows.js';
import { type RowLayout, rowLayout } from '../../rows/rows-layout.js';
import { WindowUse } from '../../window-use.js';
import { rowGroupError } from '../memory-estimate.js';
import { openParquet, type ParquetInput } from '../parquet-reader.js';
import { ReadProgress } from '../read-progress.js';
import {
  errorOf,
  type ParquetEnd,
  type ParquetRequest,
  type ParquetResponse,
  type ParquetRun,
  type ParquetTask,
} from './parquet-worker-messages.js';
import { areaCount, areaOptions, areaShift, areasMemory } from './run-areas.js';

/** Limits V8's heap for new objects to 4 MB. The pages of the file are not in this heap. */
const resourceLimits = { maxYoungGenerationSizeMb: 4 };

export class ParquetThread {
  readonly #rows: RowFormatMemory;
  readonly #worker: Worker;
  readonly #layout: RowLayout;
  /** Memory of the thread's parser. It contains all areas, each of which stores one run of points. */
  readonly #bytes: Uint8Array;
  readonly #responses: ParquetResponse[] = [];
  /** For each `Shape` (set of columns) of the thread, in the order of the thread's numbers: its number in the load. */
  readonly #numbers: number[] = [];
  #isRenumbered = false;
  /** Number of areas whose points are being read or sent. */
  #usedAreas = 0;
  #failure: BugError | null = null;
  #closed = false;
  /** Lets the promise of `#response` resolve. */
  #wake: () => void = () => {};

  constructor(rows: RowFormatMemory) {
    this.#rows = rows;
    const options = areaOptions(optionsOf(rows.options));
    this.#layout = rowLayout(options);
    const memory = areasMemory(this.#layout);
    this.#bytes = new Uint8Array(memory.buffer);
    const isOneOfSeveral = rows.options.fieldColumns !== undefined;
    const workerData: ParquetTask = { options, isOneOfSeveral, memory };
    const file = packaged('dist/bundle/parquet-worker-main.cjs');
    this.#worker = new Worker(file, { workerData, resourceLimits, execArgv: [], env: {} });
    this.#worker.on('message', (response: ParquetResponse) => {
      this.#responses.push(response);
      this.#wake();
    });
    this.#worker.on('error', (cause) => this.#fail(cause));
    this.#worker.on('exit', (code) => this.#fail(new Error(`exit code ${code}`)));
    // `unref` comes last, because a message listener makes the thread keep the process alive again.
    this.#worker.unref();
  }

  /** Ends the thread. The caller must not request points afterwards. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#wake();
    await this.#worker.terminate();
  }

  /**
   * Yields the points of a local file, as `Format.points` does.
   * @param readBytes called with the number of bytes read from the file since the last call
   */
  async *points(
    input: ParquetInput & { readonly descriptor: number },
    signal: AbortSignal,
    start: Position,
    readBytes: (bytes: number) => void,
  ): AsyncGenerator<Points, void> {
    const { descriptor, file, name, budget } = input;
    const { options, fieldTypes } = this.#rows;
    const { footer } = await openParquet(input, options, new ReadProgress(name, signal));
    const common = { folderColumns: options.folderColumns ?? [], fieldTypes: fieldTypes.all, start };
    this.#request({ do: 'begin', name, descriptor, size: file.size, budgetBytes: budget.bytes, ...common });
    const stop = (): void => this.#wake();
    signal.addEventListener('abort', stop);
    let end: ParquetEnd | null = null;
    // Keeps the process alive while the thread works. Otherwise, Node.js could exit.
    this.#worker.ref();
    try {
      while (end === null) {
        signal.throwIfAborted();
        const response = await this.#response();
        if (response === null) continue;
        readBytes(response.bytesRead);
        if ('error' in response) end = response;
        else {
          const use = this.#use(response.area);
          try {
            yield this.#pointsOf(response, use);
          } finally {
            use.end();
          }
        }
      }
      fieldTypes.add(end.fieldTypes);
      const { error } = end;
      if (error?.group != null) throw rowGroupError(name, footer, error.group.number, error.group.bytes, budget);
      if (error !== null) throw errorOf(error);
    } finally {
      signal.removeEventListener('abort', stop);
      if (end === null) await this.#stop();
      this.#worker.unref();
    }
  }

  /** Stops reading the input and waits for the thread. Afterwards all areas (shared memory for points) are free. */
  async #stop(): Promise<void> {
    this.#request({ do: 'stop' });
    for (let ended = false; !ended && this.#failure === null && !this.#closed; ) {
      const response = await this.#response();
      if (response === null) continue;
      ended = 'error' in response;
      if (!('error' in response)) this.#request({ do: 'free', area: response.area });
    }
  }

  /**
   * Waits for the next response. Returns null if something else happened, such as an abort. Throws BugError if the
   * thread has failed.
   */
  async #response(): Promise<ParquetResponse | null> {
    if (this.#responses.length === 0 && this.#failure === null && !this.#closed)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    if (this.#failure !== null) throw this.#failure;
    return this.#responses.shift() ?? null;
  }

  /** Reserves an area until its points are read and all batches sent from it are settled. */
  #use(area: number): WindowUse {
    this.#usedAreas += 1;
    return new WindowUse(() => {
      this.#usedAreas -= 1;
      this.#request({ do: 'free', area });
    });
  }

  #pointsOf(run: ParquetRun, use: WindowUse): Points {
    const { count, rejects, firstLine, endLine, origin, end, shapes } = run;
    const bytes = this.#bytes;
    const from = this.#layout.index + areaShift(this.#layout, run.area);
    const index = new Uint32Array(bytes.buffer, from, count * POINT_WORDS);
    for (const each of shapes) {
      const number = this.#rows.shapes.addShape(each);
      this.#isRenumbered ||= number !== this.#numbers.length;
      this.#numbers.push(number);
    }
    if (this.#isRenumbered) this.#renumber(index);
    const shape = (number: number): Shape => this.#rows.shapes.shape(number);
    const shapeOf = (i: number): Shape => shapeIn(bytes, index, i);
    const { objectLetters: deadLetterFormat } = this.#rows;
    // If the thread has only one area left, batches copy these points. The thread can then soon use this area again.
    const hold = this.#usedAreas < areaCount - 1 ? use.hold : undefined;
    // The summary contains the thread's number of a `Shape`. If the load's numbers differ, the summary is wrong.
    const summary = this.#isRenumbered ? null : run.summary;
    const places = { firstLine, endLine, origin, end };
    return { bytes, index, count, rejects, ...places, deadLetterFormat, shape, shapeOf, hold, summary };
  }

  /**
   * Replaces each `Shape` number of the thread by the load's number for the same columns. The top bit of each word is a
   * flag and stays unchanged.
   */
  #renumber(index: Uint32Array): void {
    for (let word = SHAPE; word < index.length; word += POINT_WORDS) {
      const shape = index[word]! & UNCOUNTED_SHAPE;
      index[word] = (index[word]! - shape) | (this.#numbers[shape] ?? UNCOUNTED_SHAPE);
    }
  }

  #request(request: ParquetRequest): void {
    this.#worker.postMessage(request);
  }

  #fail(cause: unknown): void {
    if (this.#closed) return;
    const message = cause instanceof Error ? cause.message : String(cause);
    this.#failure ??= new BugError(`the worker thread that reads Parquet has ended: ${message}`, { cause });
    this.#wake();
  }
}

/** Returns only the options that the thread needs, because the other options include passwords. */
function optionsOf(all: RowOptions): RowOptions {
  const { precision, missingTimestamp, maxPointBytes, nullWords, names, chunkBytes, indexPoints } = all;
  const { measurement, tags, fields, timeColumn, addedTags } = all;
  const { timeFormat, timezone, ambiguousTime, timeRounding } = all;
  return {
    ...{ precision, missingTimestamp, maxPointBytes, nullWords, measurement, tags, fields, timeColumn },
    ...{ timeFormat, timezone, ambiguousTime, timeRounding },
    ...(names === undefined ? {} : { names }),
    ...(chunkBytes === undefined ? {} : { chunkBytes }),
    ...(indexPoints === undefined ? {} : { indexPoints }),
    ...(addedTags === undefined ? {} : { addedTags }),
  };
}
