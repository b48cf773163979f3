// Reads an input into the free read buffers of the threads, one read at a time.

import { LF } from '../../../core/ascii.js';
import type { ByteSource } from '../../../core/types/index.js';
import { WindowUse } from '../../window-use.js';
import type { RowThread } from './row-thread.js';
import { carryBytes, type RowJobResult, type RowSlot } from './row-worker-messages.js';

/** A read buffer of a thread that contains bytes of the input. */
export interface ThreadWindow {
  readonly thread: RowThread;
  readonly slot: number;
  readonly place: RowSlot;
  /** The offset of a byte in the decoded input is its offset in the thread's memory plus `origin`. */
  readonly origin: number;
  /** Offset in the thread's memory after a line end: a row begins there, except inside quoted text. Null if unknown. */
  readonly firstRow: number | null;
  /** Two offsets in the thread's memory: after the last byte of input, and after the last byte that is parsed. */
  end: number;
  used: number;
  /** True if the buffer is full or the input has ended. */
  isComplete: boolean;
  /** True while the main thread scans this buffer itself. */
  isScanned: boolean;
  /** Frees the read buffer when the main thread has used it and no batch is being sent from it. */
  readonly use: WindowUse;
  /**
   * The job that was sent to the thread for this buffer; null if no job was sent. `limit`: offset in the thread's memory
   * after the last row of the job. `epoch`: the parser's epoch when the job was sent.
   */
  job: { readonly limit: number; readonly epoch: number } | null;
  result: RowJobResult | null;
}

/** A read buffer that contains no input. */
export interface FreeSlot {
  readonly thread: RowThread;
  readonly slot: number;
}

export class WindowReader {
  /** Read buffers that contain input, in the order of the input. */
  readonly windows: ThreadWindow[] = [];
  readonly #source: ByteSource;
  readonly #signal: AbortSignal;
  readonly #windowBytes: number;
  readonly #free: FreeSlot[];
  readonly #maxHeld: number;
  readonly #freed: () => void;
  /** Number of buffers that the main thread has used, but from which batches are still being sent. */
  #held = 0;
  #decoded: number;
  /** Unfinished row at the end of the last full buffer; null if the row remains in that buffer. */
  #tail: Uint8Array | null = null;
  #pending: Promise<void> | null = null;
  #failure: { readonly cause: unknown } | null = null;
  /** True after the end of the input or a read error. */
  ended = false;

  /**
   * @param free the unused read buffers, shared by all inputs
   * @param maxHeld number of buffers that batches may be sent from at the same time
   * @param freed called whenever a read buffer has become free
   * @param decoded the offset in the decoded input at which reading begins
   */
  constructor(
    source: ByteSource,
    signal: AbortSignal,
    free: FreeSlot[],
    maxHeld: number,
    freed: () => void,
    windowBytes: number,
    decoded: number,
  ) {
    this.#source = source;
    this.#signal = signal;
    this.#windowBytes = windowBytes;
    this.#decoded = decoded;
    this.#free = free;
    this.#maxHeld = maxHeld;
    this.#freed = freed;
  }

  /** Starts to read, and continues until no read buffer is free. Calls `done` after each read. */
  read(done: () => void): void {
    if (this.#pending !== null || this.ended) return;
    const window = this.#open();
    if (window === null) return;
    const { thread, place } = window;
    const full = place.window + this.#windowBytes;
    const ends = (length: number): void => {
      this.#pending = null;
      window.end += length;
      this.#decoded += length;
      this.ended = length === 0;
      window.isComplete = this.ended || window.end === full;
      if (window.end === full) this.#cutTail(window);
      this.read(done);
      done();
    };
    this.#pending = this.#source.read(thread.bytes.subarray(window.end, full), this.#signal).then(ends, (cause) => {
      this.#failure = { cause };
      ends(0);
    });
  }

  /**
   * True if batches may be sent from one more read buffer. False if a slow target makes batches wait in many read
   * buffers, because the threads need free buffers.
   */
  get mayHold(): boolean {
    return this.#held < this.#maxHeld;
  }

  /** Removes the first of `windows`. The read buffer becomes free when no batch is being sent from it. */
  free(): void {
    this.#held += 1;
    this.windows.shift()!.use.end();
  }

  async settled(): Promise<void> {
    await this.#pending;
  }

  /** Removes all of `windows`. The caller must first wait for all reads and jobs. */
  close(): void {
    while (this.windows.length > 0) this.free();
  }

  throwIfFailed(): void {
    if (this.#failure !== null) throw this.#failure.cause;
  }

  /**
   * Removes the unfinished row at the end of a full buffer. `#open` writes this row before the next buffer, so that one
   * thread parses the whole row. The row stays if the main thread scans this buffer, or if the row is long.
   */
  #cutTail(window: ThreadWindow): void {
    const { thread, end, used, isScanned } = window;
    const rows = thread.bytes.lastIndexOf(LF, end - 1) + 1;
    if (isScanned || rows <= used || end - rows > carryBytes) return;
    this.#tail = thread.bytes.slice(rows, end);
    window.end = rows;
  }

  /** Returns the buffer that the next bytes are read into; null if no buffer is free. */
  #open(): ThreadWindow | null {
    const last = this.windows.at(-1);
    if (last !== undefined && !last.isComplete) return last;
    const free = this.#takeSlot();
    if (free === null) return null;
    const place = free.thread.slots[free.slot]!;
    const at = place.window;
    const origin = this.#decoded - at;
    const tail = this.#tail;
    this.#tail = null;
    if (tail !== null) free.thread.bytes.set(tail, at - tail.length);
    const window = {
      ...free,
      place,
      origin,
      firstRow: tail === null ? null : at - tail.length,
      end: at,
      used: at - (tail?.length ?? 0),
      isComplete: false,
      isScanned: false,
      use: new WindowUse(() => {
        this.#held -= 1;
        this.#free.push(free);
        this.#freed();
      }),
      job: null,
      result: null,
    };
    this.windows.push(window);
    return window;
  }

  /** Returns a free read buffer of the thread with the fewest filled buffers; null if no buffer is free. */
  #takeSlot(): FreeSlot | null {
    const load = ({ thread }: FreeSlot): number => this.windows.filter((each) => each.thread === thread).length;
    const [first, ...others] = this.#free;
    if (first === undefined) return null;
    const best = others.reduce((least, each) => (load(each) < load(least) ? each : least), first);
    this.#free.splice(this.#free.indexOf(best), 1);
    return best;
  }
}
