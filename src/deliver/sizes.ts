// The body size that works: halved when the target finds one too large or too slow, and remembered for the batches to
// come, so that a limit is met once and not by every batch.

import type { Notice } from '../model.js';

const smallest = 16 * 1024;

export class SizeLimit {
  #current: number;
  #least: number;
  readonly #notify: (notice: Notice) => void;

  constructor(bytes: number, notify: (notice: Notice) => void) {
    this.#current = bytes;
    this.#least = bytes;
    this.#notify = notify;
  }

  /** Most body bytes of a batch just now. */
  get current(): number {
    return this.#current;
  }

  get least(): number {
    return this.#least;
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
