// Introduces the columns of one batch while other loads or workers send. It holds the turn until every endpoint shows the
// columns: each node of CnosDB writes by its own copy of the schema, which is updated only after the acknowledgement. A
// node whose copy lacks a column creates another column, and stores values under it.

import { RefusedError } from '../core/errors.js';
import type { Clock, HeldTurn, Receipt, Shape, Target } from '../core/types/index.js';
import { awaitColumns, refresh } from './await-columns.js';
import { Catalogue } from './catalogue.js';

/** Longest wait for the columns of a batch that was loaded only in part: the loaded points may contain none of them, ms. */
const partMs = 1_000;

export interface IntroductionContext {
  readonly takeTurn: (signal: AbortSignal) => Promise<HeldTurn>;
  readonly target: Pick<Target, 'columns' | 'endpoints' | 'listsColumns'>;
  readonly catalogue: Catalogue;
  readonly sharedNames: boolean;
  /** True to read the columns after taking the turn, because other workers may have introduced the same columns. */
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

  /** True once every endpoint was seen to show the columns, so that no turn is needed. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** Whether the target lists its columns. A target created by a program has no endpoints, and may not list columns. */
  get #listsColumns(): boolean {
    const { target } = this.#context;
    return target.endpoints().length > 0 && target.listsColumns !== false;
  }

  /**
   * Resolves when a request may begin: the turn is fresh, or another load has introduced the columns. An expired turn is
   * taken again, and the columns are read again. Rejects with the signal's reason, or with the reason why there is no turn.
   */
  async hold(signal: AbortSignal): Promise<void> {
    const { takeTurn, target, catalogue, readsFirst } = this.#context;
    while (!this.#isKnown && this.#turn?.isFresh() !== true) {
      this.#turn?.release();
      this.#turn = null;
      this.#turn = await takeTurn(signal);
      if (!readsFirst) continue;
      await refresh(target, catalogue, this.#shapes, signal);
      if (this.#shapes.some((shape) => catalogue.match(shape).kind === 'introduces')) continue;
      this.#isKnown = true;
      this.#turn.release();
    }
  }

  /** Releases the turn once every endpoint shows the columns of loaded points. Throws RefusedError if an endpoint does not. */
  async end({ loaded, rejected, undelivered }: Receipt, signal: AbortSignal): Promise<void> {
    const { target, sharedNames, clock } = this.#context;
    try {
      if (this.#isKnown || this.#turn === null || loaded.length === 0 || !this.#listsColumns) return;
      const isWhole = rejected.length === 0 && undelivered.length === 0;
      const shown = new Catalogue([], sharedNames);
      const limitMs = isWhole ? undefined : partMs;
      const isFutile = (): boolean => !this.#listsColumns;
      const isShown = await awaitColumns(target, shown, this.#shapes, clock, signal, limitMs, isFutile);
      if (isWhole && !isShown && this.#listsColumns)
        throw invisible(this.#shapes.find((shape) => shown.match(shape).kind === 'introduces')!);
    } finally {
      this.#turn?.release();
    }
  }
}

/** Returns the error for an endpoint that does not show the columns of a table. */
export function invisible({ table }: Shape): RefusedError {
  return new RefusedError({
    tried: `introducing columns of table ${JSON.stringify(table)}`,
    expected: 'every endpoint to show them',
    found: 'an endpoint that answers and does not show them within a minute',
    fix: 'check that every --url belongs to one cluster',
  });
}
