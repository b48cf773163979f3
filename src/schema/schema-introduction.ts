// Introduces the columns of one batch while other loads or workers send. Its holder has the turn, and gives it back only once
// every endpoint shows the columns: a node of CnosDB writes by its own copy of the schema, which follows an acknowledgement
// later. A node whose copy lacks a column makes one of its own, and stores values under it.

import { RefusedError } from '../core/errors.js';
import type { Clock, HeldTurn, Receipt, Shape, Target } from '../core/types/index.js';
import { awaitColumns, refresh } from './await-columns.js';
import { Catalogue } from './catalogue.js';

/** Longest wait for columns of a batch of which a part was loaded: the rest may have held them all. */
const partMs = 1_000;

export interface IntroductionContext {
  readonly takeTurn: (signal: AbortSignal) => Promise<HeldTurn>;
  readonly target: Pick<Target, 'columns' | 'endpoints' | 'listsColumns'>;
  readonly catalogue: Catalogue;
  readonly sharedNames: boolean;
  /** Whether to read the columns in the turn: other workers introduce the same ones. */
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

  /** A target of a program has no endpoints and need not list its columns. */
  get #listsColumns(): boolean {
    const { target } = this.#context;
    return target.endpoints().length > 0 && target.listsColumns !== false;
  }

  /**
   * Resolves when a request may begin: with a fresh turn, or with columns that another load has introduced. A turn that grew
   * old is taken again, and the columns are read again. Rejects with the signal's reason, or why there is no turn.
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

  /** Gives the turn back once every endpoint shows the columns of loaded points. Throws RefusedError if one does not. */
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

/** The error of an endpoint that does not show the columns of a table. */
export function invisible({ table }: Shape): RefusedError {
  return new RefusedError({
    tried: `introducing columns of table ${JSON.stringify(table)}`,
    expected: 'every endpoint to show them',
    found: 'an endpoint that answers and does not show them within a minute',
    fix: 'check that every --url belongs to one cluster',
  });
}
