// Computes a body size that keeps a fast target within its memory. Flushes are at least two seconds apart, and only the
// response to a flush proves that rows are on disk. So a node must have room for the rows of two seconds and for the
// request bodies that it retains. Smaller bodies leave more room for rows, but cost a slow target a third of its rate.

import { flushIntervalMs } from './flushing.js';

/** Smallest body, bytes. 128 KiB would leave a tenth more room for rows, but cost a slow target a fifth of its rate. */
const minBytes = 256 * 1024;
/**
 * The rows of an interval are multiplied by this factor, because rows also arrive during the flush itself (about 1 s).
 */
const headroom = 1.5;
/** From one flush to the next, the body grows by at most this share of the largest body. */
const stepShare = 1 / 8;

export interface PacingOptions {
  /** Largest body of the plan, bytes. */
  readonly maxBytes: number;
  /** Returns the largest request body that fits into a node's memory together with `rowBytes` of rows. */
  readonly bodiesBeside: (rowBytes: number) => number;
  /** Shortest time between two flushes, ms; default 2 s. */
  readonly intervalMs?: number;
}

/** The time from one flush to the next. `from`: start, monotonic ms. */
interface Cycle {
  readonly from: number;
  /** Totals of the load at the start of the cycle: bytes of rows, and bytes of bodies (`sent`). */
  readonly rows: number;
  readonly sent: number;
  /** Waiting time within the cycle, ms. */
  heldMs: number;
}

export class FlushPacing {
  readonly #options: PacingOptions;
  readonly #min: number;
  #bytes: number;
  #countedTo = 0;
  #held = false;
  #heldMs = 0;
  #rows = 0;
  #sent = 0;
  /** The current cycle, which begins with the last flush, or with the first response. */
  #cycle: Cycle | null = null;
  #bytesPerSecond = 0;

  constructor(options: PacingOptions) {
    this.#options = options;
    this.#min = Math.min(minBytes, options.maxBytes);
    this.#bytes = options.maxBytes;
  }

  /** Largest body at this moment, bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** True while only the minimum interval between flushes delays a batch. */
  get held(): boolean {
    return this.#held;
  }

  get heldSeconds(): number {
    return this.#heldMs / 1000;
  }

  /** Body bytes per second between the last two flushes. */
  get bytesPerSecond(): number {
    return this.#bytesPerSecond;
  }

  /** Counts an acknowledged body. `rows`: bytes that its rows take on the fullest node. */
  accepted(at: number, bytes: number, rows: number): void {
    this.#cycle ??= { from: at, rows: 0, sent: 0, heldMs: 0 };
    this.#sent += bytes;
    this.#rows += rows;
  }

  /** Records whether a batch waits from `at` on (monotonic ms). */
  setHeld(at: number, held: boolean): void {
    const ms = this.#held ? at - this.#countedTo : 0;
    this.#heldMs += ms;
    if (this.#cycle !== null) this.#cycle.heldMs += ms;
    this.#countedTo = at;
    this.#held = held;
  }

  /** Records the start of a flush and adjusts the body size. */
  flushBegins(at: number): void {
    this.setHeld(at, this.#held);
    const before = this.#cycle;
    this.#cycle = { from: at, rows: this.#rows, sent: this.#sent, heldMs: 0 };
    if (before === null) return;
    this.#bytesPerSecond = ((this.#sent - before.sent) / Math.max(1, at - before.from)) * 1000;
    const rowsPerMs = (this.#rows - before.rows) / Math.max(1, at - before.from - before.heldMs);
    const fitting = this.#options.bodiesBeside(rowsPerMs * (this.#options.intervalMs ?? flushIntervalMs) * headroom);
    const step = Math.floor(this.#options.maxBytes * stepShare);
    this.#bytes = Math.max(this.#min, Math.min(this.#options.maxBytes, this.#bytes + step, fitting));
  }
}
