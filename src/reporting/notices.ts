// A thousand refusals are one line: notices of a kind are shown at once, then once a minute with how many there were.

import type { Notice } from '../core/types/index.js';

const againMs = 60_000;
const ranks: Record<Notice['level'], number> = { error: 0, warn: 1, info: 2, debug: 3 };

export interface ShownNotice extends Notice {
  /** How many notices this one stands for. */
  readonly count: number;
}

interface NoticeKind {
  latest: Notice;
  /** Not shown yet. */
  waiting: number;
  shownAt: number;
}

/** Decides which notices are shown when; times are monotonic ms. */
export class Notices {
  readonly #kinds = new Map<string, NoticeKind>();
  readonly #level: Notice['level'];

  /** Notices below `level` are dropped. */
  constructor(level: Notice['level']) {
    this.#level = level;
  }

  /** The notice when it is to be shown now, null when it waits for `due`. */
  add(notice: Notice, now: number): ShownNotice | null {
    if (ranks[notice.level] > ranks[this.#level]) return null;
    const kind = this.#kinds.get(notice.kind);
    if (kind === undefined || (kind.waiting === 0 && now - kind.shownAt >= againMs)) {
      this.#kinds.set(notice.kind, { latest: notice, waiting: 0, shownAt: now });
      return { ...notice, count: 1 };
    }
    kind.latest = notice;
    kind.waiting++;
    return null;
  }

  /** The latest of each kind that has waited for its minute. */
  due(now: number): ShownNotice[] {
    return this.#show(now, (kind) => now - kind.shownAt >= againMs);
  }

  /** All that waits. */
  rest(now: number): ShownNotice[] {
    return this.#show(now, () => true);
  }

  #show(now: number, ready: (kind: NoticeKind) => boolean): ShownNotice[] {
    const shown: ShownNotice[] = [];
    for (const kind of this.#kinds.values()) {
      if (kind.waiting === 0 || !ready(kind)) continue;
      shown.push({ ...kind.latest, count: kind.waiting });
      kind.waiting = 0;
      kind.shownAt = now;
    }
    return shown;
  }
}
