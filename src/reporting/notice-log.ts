// What was said in a run, by kind: the first time, the last time and the last words. For those who were not there.

import type { Notice } from '../core/types/index.js';

const mostKinds = 50;

interface NoticeEntry {
  readonly level: Notice['level'];
  readonly message: string;
  readonly times: number;
  /** Seconds since the start. */
  readonly first: number;
  readonly last: number;
}

/** Warnings and errors alone. */
export class NoticeLog {
  readonly #kinds = new Map<string, NoticeEntry>();
  #more = 0;

  /** Of kinds that were too many. */
  get more(): number {
    return this.#more;
  }

  get all(): readonly NoticeEntry[] {
    return [...this.#kinds.values()].sort((a, b) => a.first - b.first);
  }

  add({ level, kind, message }: Notice, seconds: number): void {
    if (level !== 'error' && level !== 'warn') return;
    const before = this.#kinds.get(kind);
    if (before !== undefined) this.#kinds.set(kind, { ...before, message, times: before.times + 1, last: seconds });
    else if (this.#kinds.size < mostKinds)
      this.#kinds.set(kind, { level, message, times: 1, first: seconds, last: seconds });
    else this.#more += 1;
  }
}
