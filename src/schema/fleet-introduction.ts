// Introduces the columns of one batch while other workers of the fleet send. Its holder has the fleet's turn, and gives it
// back only once every endpoint shows the columns: a node whose schema lacks them would make columns of its own.

import { RefusedError } from '../core/errors.js';
import type { Clock, HeldTurn, Shape, Target } from '../core/types/index.js';
import { awaitColumns, refresh } from './await-columns.js';
import { Catalogue } from './catalogue.js';

export interface IntroductionContext {
  readonly takeTurn: (signal: AbortSignal) => Promise<HeldTurn>;
  readonly target: Pick<Target, 'columns'>;
  /** One target for each endpoint. */
  readonly endpoints: readonly Pick<Target, 'columns'>[];
  readonly catalogue: Catalogue;
  readonly sharedNames: boolean;
  readonly clock: Clock;
}

export class FleetIntroduction {
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

  /**
   * Resolves when a request may begin: with a fresh turn, or with columns that another worker has introduced. A turn that grew
   * old is taken again, and the columns are read again. Rejects with the signal's reason.
   */
  async hold(signal: AbortSignal): Promise<void> {
    const { takeTurn, target, catalogue } = this.#context;
    while (!this.#isKnown && this.#turn?.isFresh() !== true) {
      this.#turn?.release();
      this.#turn = null;
      const turn = await takeTurn(signal);
      this.#turn = turn;
      await refresh(target, catalogue, this.#shapes, signal);
      if (this.#missing(catalogue).length > 0) continue;
      await this.#awaitEverywhere(this.#shapes, signal);
      this.#isKnown = true;
      turn.release();
    }
  }

  /** Gives the turn back once every endpoint shows the columns that the target has. Throws RefusedError if one does not. */
  async end(signal: AbortSignal): Promise<void> {
    const { target, catalogue } = this.#context;
    try {
      if (this.#isKnown || this.#turn === null) return;
      await refresh(target, catalogue, this.#shapes, signal);
      const missing = new Set(this.#missing(catalogue));
      await this.#awaitEverywhere(
        this.#shapes.filter((shape) => !missing.has(shape)),
        signal,
      );
    } finally {
      this.#turn?.release();
    }
  }

  #missing(catalogue: Catalogue): Shape[] {
    return this.#shapes.filter((shape) => catalogue.match(shape).kind === 'introduces');
  }

  /** Skips endpoints that cannot be reached: they read the schema when they are back. */
  async #awaitEverywhere(shapes: readonly Shape[], signal: AbortSignal): Promise<void> {
    const { endpoints, sharedNames, clock } = this.#context;
    const [first] = shapes;
    if (first === undefined) return;
    await Promise.all(
      endpoints.map(async (endpoint) => {
        const answers = await endpoint.columns(signal, first.table).then(
          () => true,
          () => false,
        );
        signal.throwIfAborted();
        if (!answers || (await awaitColumns(endpoint, new Catalogue([], sharedNames), shapes, clock, signal))) return;
        throw invisible(first.table);
      }),
    );
  }
}

function invisible(table: string): RefusedError {
  return new RefusedError({
    tried: `introducing columns of table ${JSON.stringify(table)}`,
    expected: 'every endpoint to show them',
    found: 'an endpoint that answers and does not show them within a minute',
    fix: 'check that every --url belongs to one cluster',
  });
}
