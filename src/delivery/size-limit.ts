// The largest request body that the target accepts. After a response 413, the limit is half of the refused body for the
// rest of the load, so that later batches are not refused. While the target is short of memory, the limit is lower.

import { size } from '../core/text.js';
import type { Notice } from '../core/types/index.js';

const smallestBytes = 16 * 1024;

export class SizeLimit {
  #largest: number;
  #smallestSeen: number;
  readonly #allowed: () => number;
  readonly #notify: (notice: Notice) => void;

  /** @param allowed returns the limit that follows from the free memory of the target at this moment, bytes */
  constructor(bytes: number, allowed: () => number, notify: (notice: Notice) => void) {
    this.#largest = bytes;
    this.#allowed = allowed;
    this.#smallestSeen = bytes;
    this.#notify = notify;
  }

  /** Size limit of a request body at this moment, bytes. */
  get current(): number {
    const bytes = Math.min(this.#largest, this.#allowed());
    this.#smallestSeen = Math.min(this.#smallestSeen, bytes);
    return bytes;
  }

  /** Smallest limit of the load so far, bytes. */
  get min(): number {
    return Math.min(this.#smallestSeen, this.current);
  }

  /** Lowers the limit to half of `bytes`, the size of a body that the target refused. */
  shrink(bytes: number, cause: string): void {
    const next = Math.max(smallestBytes, Math.floor(bytes / 2));
    if (next >= this.#largest) return;
    this.#largest = next;
    this.#notify({
      level: 'warn',
      kind: 'smaller-batches',
      message: `${cause} to a body of ${size(bytes)}; batches are at most ${size(next)} from now on`,
    });
  }
}
