// Virtual time without promises: what falls due runs at once. For policies that are sums, not programs.

import type { Clock } from '../../../src/core/types/index.js';

/** What a model cluster needs of a clock. */
export type Time = Pick<Clock, 'monotonic' | 'after'>;

export class Timeline implements Time {
  #now = 0;
  readonly #due = new Set<{ readonly at: number; readonly run: () => void }>();

  monotonic(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): () => void {
    const due = { at: this.#now + Math.max(0, ms), run };
    this.#due.add(due);
    return () => void this.#due.delete(due);
  }

  /** Until nothing is due, `over` says so, or `untilMs` is reached. */
  run(over: () => boolean, untilMs: number): void {
    for (let next = this.#next(); next !== null && !over() && next.at <= untilMs; next = this.#next()) {
      this.#due.delete(next);
      this.#now = next.at;
      next.run();
    }
  }

  #next(): { readonly at: number; readonly run: () => void } | null {
    let first: { readonly at: number; readonly run: () => void } | null = null;
    for (const due of this.#due) if (first === null || due.at < first.at) first = due;
    return first;
  }
}
