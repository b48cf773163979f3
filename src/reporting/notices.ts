// Shows the notices of a run at a limited rate, and collects them by kind for the report page.

import type { Notice } from '../core/types/index.js';

const repeatMs = 60_000;
const maxLoggedKinds = 50;
const ranks: Record<Notice['level'], number> = { error: 0, warn: 1, info: 2, debug: 3 };

export interface ThrottledNotice extends Notice {
  /** Number of notices of this kind that are shown together as this one notice. */
  readonly count: number;
}

interface NoticeKind {
  latest: Notice;
  /** The message that was shown last. */
  shown: string;
  /** Number of notices that are not shown yet. */
  waiting: number;
  shownAt: number;
}

/**
 * Shows the first notice of a kind at once, and later notices of this kind once a minute with their count. Times are
 * monotonic ms.
 */
export class NoticeThrottle {
  readonly #kinds = new Map<string, NoticeKind>();
  readonly #level: Notice['level'];

  /** Drops notices below `level`. */
  constructor(level: Notice['level']) {
    this.#level = level;
  }

  /** Returns the notice if it must be shown at once; null if it is shown later or dropped. */
  add(notice: Notice, now: number): ThrottledNotice | null {
    if (ranks[notice.level] > ranks[this.#level]) return null;
    const kind = this.#kinds.get(notice.kind);
    if (kind === undefined || (kind.waiting === 0 && now - kind.shownAt >= repeatMs)) {
      this.#kinds.set(notice.kind, { latest: notice, shown: notice.message, waiting: 0, shownAt: now });
      return { ...notice, count: 1 };
    }
    kind.latest = notice;
    kind.waiting++;
    return null;
  }

  /** For each kind that was last shown at least a minute ago, returns the latest notice that is not shown yet. */
  due(now: number): ThrottledNotice[] {
    return this.#take(now, (kind) => now - kind.shownAt >= repeatMs);
  }

  /**
   * For each kind, returns the latest notice that is not shown yet. Omits an info notice with the same text as the
   * notice shown last.
   */
  rest(now: number): ThrottledNotice[] {
    return this.#take(now, ({ latest, shown }) => latest.level !== 'info' || latest.message !== shown);
  }

  #take(now: number, ready: (kind: NoticeKind) => boolean): ThrottledNotice[] {
    const taken: ThrottledNotice[] = [];
    for (const kind of this.#kinds.values()) {
      if (kind.waiting === 0 || !ready(kind)) continue;
      taken.push({ ...kind.latest, count: kind.waiting });
      kind.waiting = 0;
      kind.shown = kind.latest.message;
      kind.shownAt = now;
    }
    return taken;
  }
}

export interface NoticeEntry {
  readonly level: Notice['level'];
  /** The latest message of this kind. */
  readonly message: string;
  readonly times: number;
  /** Times of the first and the last notice, seconds since the start of the run. */
  readonly first: number;
  readonly last: number;
}

/** Collects warnings and errors by kind. */
export class NoticeLog {
  readonly #kinds = new Map<string, NoticeEntry>();
  #more = 0;

  /** Number of notices whose kind is not among the first 50 kinds. */
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
    else if (this.#kinds.size < maxLoggedKinds)
      this.#kinds.set(kind, { level, message, times: 1, first: seconds, last: seconds });
    else this.#more += 1;
  }
}
