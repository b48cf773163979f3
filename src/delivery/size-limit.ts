// The body size that works: halved when the target finds one too large (413), and remembered for the batches to come, so
// that a limit is met once and not by every batch. Below that it follows what the target's memory allows just now.

import type { Notice } from '../core/types/index.js';

const smallest = 16 * 1024;

export class SizeLimit {
  #current: number;
  #least: number;
  readonly #allowed: () => number;
  readonly #notify: (notice: Notice) => void;

  constructor(bytes: number, allowed: () => number, notify: (notice: Notice) => void) {
    this.#current = bytes;
    this.#allowed = allowed;
    this.#least = bytes;
    this.#notify = notify;
  }

  /** Most body bytes of a batch just now. */
  get current(): number {
    const bytes = Math.min(this.#current, this.#allowed());
    this.#least = Math.min(this.#least, bytes);
    return bytes;
  }

  get least(): number {
    return Math.min(this.#least, this.current);
  }

  /** A body of so many bytes did not work. */
  shrink(bytes: number, why: string): void {
    const next = Math.max(smallest, Math.floor(bytes / 2));
    if (next >= this.#current) return;
    this.#current = next;
    this.#least = Math.min(this.#least, next);
    this.#notify({
      level: 'warn',
      kind: 'smaller-batches',
      message: `${why} at ${bytes} bytes: batches are ${next} bytes from now on`,
    });
  }
}
