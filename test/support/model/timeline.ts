// Virtual time without promises, for policies that are pure calculations: a due callback runs at once.

import type { Clock } from '../../../src/core/types/index.js';

/** The part of a clock that a model cluster uses. */
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

  /** Runs until nothing is due, `over` returns true, or `untilMs` is reached. */
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
