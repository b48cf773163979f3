// Flushes come no closer than two seconds, and only an answered one shows that rows are on disk: what a node takes in that
// time has to fit beside the bodies that it keeps. A target that takes more is held back by its memory alone. Then bodies
// get smaller: that costs a slow target a third of its rate and a fast one next to nothing, and leaves the room to rows. To
// count on the target's own flushes instead would be faster still, until a disk slows down and nobody has seen it yet.

import { apartMs } from './flushing.js';

/** Below that little is won: 128 KiB bodies leave a tenth more for rows, and cost a fifth of a slow target's rate. */
const smallest = 256 * 1024;
/** Beside what comes in between two flushes: what comes in while one runs, for a second. */
const headroom = 1.5;
/** Bodies grow by so much of the most from one flush to the next. */
const stepShare = 1 / 8;

export interface PacingOptions {
  /** Most body bytes by the plan. */
  readonly most: number;
  /** The largest bodies beside which so many bytes of rows fit a node. */
  readonly beside: (rowBytes: number) => number;
}

interface Cycle {
  readonly from: number;
  /** What had come in by then. */
  readonly rows: number;
  readonly sent: number;
  /** ms that were lost since. */
  heldMs: number;
}

export class FlushPacing {
  readonly #options: PacingOptions;
  readonly #least: number;
  #bytes: number;
  #countedTo = 0;
  #held = false;
  #heldMs = 0;
  #rows = 0;
  #sent = 0;
  /** Since the last flush began, or since the first answer. */
  #cycle: Cycle | null = null;
  #bytesPerSecond = 0;

  constructor(options: PacingOptions) {
    this.#options = options;
    this.#least = Math.min(smallest, options.most);
    this.#bytes = options.most;
  }

  /** Most body bytes just now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether something waits just now for the time between two flushes to pass. */
  get held(): boolean {
    return this.#held;
  }

  get heldSeconds(): number {
    return this.#heldMs / 1000;
  }

  /** What was let through from the last flush but one to the last. */
  get bytesPerSecond(): number {
    return this.#bytesPerSecond;
  }

  /** A body was acknowledged. `rows`: bytes that it takes on the fullest node. */
  accepted(at: number, bytes: number, rows: number): void {
    this.#cycle ??= { from: at, rows: 0, sent: 0, heldMs: 0 };
    this.#sent += bytes;
    this.#rows += rows;
  }

  /** How it is from `at` on. */
  look(at: number, held: boolean): void {
    const ms = this.#held ? at - this.#countedTo : 0;
    this.#heldMs += ms;
    if (this.#cycle !== null) this.#cycle.heldMs += ms;
    this.#countedTo = at;
    this.#held = held;
  }

  /** A flush begins. */
  flushing(at: number): void {
    this.look(at, this.#held);
    const before = this.#cycle;
    this.#cycle = { from: at, rows: this.#rows, sent: this.#sent, heldMs: 0 };
    if (before === null) return;
    this.#bytesPerSecond = ((this.#sent - before.sent) / Math.max(1, at - before.from)) * 1000;
    const incoming = (this.#rows - before.rows) / Math.max(1, at - before.from - before.heldMs);
    const fits = this.#options.beside(incoming * apartMs * headroom);
    const step = Math.floor(this.#options.most * stepShare);
    this.#bytes = Math.max(this.#least, Math.min(this.#options.most, this.#bytes + step, fits));
  }
}
