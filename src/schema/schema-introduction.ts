// Introduces the columns of one batch while other loads or workers may send requests. Takes the turn, a lock that all
// these loads and workers share, and holds the turn until every endpoint shows the columns. CnosDB identifies a stored
// column by a number. Each node has its own copy of the schema, which it updates only after it has acknowledged the
// write that introduces a column. While the copy lacks the column, each vnode chooses a number for the column, and may
// store values under a wrong column.

import type { Clock, HeldTurn, Receipt, Shape, Target } from '../core/types/index.js';
import { assertShown, awaitColumns, type ColumnSource, refresh } from './await-columns.js';
import { Catalogue } from './catalogue.js';

/**
 * Longest wait for the columns of a batch that was loaded only in part, ms. The wait is short, because it may be in
 * vain: perhaps no loaded point has a new column.
 */
const partMs = 1_000;

export interface IntroductionContext {
  readonly takeTurn: (signal: AbortSignal) => Promise<HeldTurn>;
  readonly target: ColumnSource & Pick<Target, 'endpoints'>;
  readonly catalogue: Catalogue;
  readonly sharedNames: boolean;
  /**
   * True if this process must read the columns again after it gets the turn, because another worker may have introduced
   * the columns.
   */
  readonly readsFirst: boolean;
  readonly clock: Clock;
}

export class SchemaIntroduction {
  readonly #context: IntroductionContext;
  readonly #shapes: readonly Shape[];
  #turn: HeldTurn | null = null;
  #isKnown = false;

  constructor(context: IntroductionContext, shapes: readonly Shape[]) {
    this.#context = context;
    this.#shapes = shapes;
  }

  /** True once the target has the columns of the batch, so that the batch can be sent without a turn. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /**
   * Resolves when a request may begin: this process holds the turn, or another load has introduced the columns. If the
   * turn has expired or will soon expire, releases it, waits for the turn again, and reads the columns again. Rejects
   * with the signal's reason, or with the error of `takeTurn`.
   */
  async hold(signal: AbortSignal): Promise<void> {
    const { takeTurn, target, catalogue, readsFirst } = this.#context;
    while (!this.#isKnown && this.#turn?.isFresh() !== true) {
      this.#turn?.release();
      this.#turn = null;
      this.#turn = await takeTurn(signal);
      if (!readsFirst) continue;
      await refresh(target, catalogue, this.#shapes, signal, []);
      if (this.#shapes.some((shape) => catalogue.match(shape).kind === 'introduces')) continue;
      this.#isKnown = true;
      this.#turn.release();
    }
  }

  /**
   * Releases the turn once every endpoint shows the columns of the loaded points. Throws RefusedError if a fully loaded
   * batch has columns that an endpoint does not show.
   */
  async end({ loaded, rejected, undelivered }: Receipt, signal: AbortSignal): Promise<void> {
    const { target, sharedNames, clock } = this.#context;
    try {
      // A target that the user's program implements has no endpoints, and may be unable to list columns.
      const isShown = this.#isKnown || target.endpoints().length === 0;
      if (isShown || this.#turn === null || loaded.length === 0) return;
      if (rejected.length === 0 && undelivered.length === 0)
        await assertShown(target, this.#shapes, sharedNames, clock, signal);
      else await awaitColumns(target, new Catalogue([], sharedNames), this.#shapes, clock, signal, partMs);
    } finally {
      this.#turn?.release();
    }
  }
}
