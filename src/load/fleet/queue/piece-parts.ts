// Objects that a worker reuses for all pieces of one load: parsers, memory of batches, and the target with its
// connections.

import type { Settings } from '../../../config/settings.js';
import type { Target, TargetColumn } from '../../../core/types/index.js';
import { wrapObject } from '../../../core/wrap-object.js';
import { LoadReuse } from '../../load-reuse.js';

export class PieceParts {
  readonly reuse = new LoadReuse();
  readonly #create: (settings: Settings) => Promise<Target>;
  #target: Target | null = null;
  #shared: Target | null = null;
  /**
   * Columns of the target, so that the next piece need not read them. Null before the first piece, and after a piece
   * during which the target may have got new columns.
   */
  #columns: readonly TargetColumn[] | null = null;

  constructor(create: (settings: Settings) => Promise<Target>) {
    this.#create = create;
  }

  /**
   * Returns the target for the next piece. Only the first call of `describe` sends queries. `close` does nothing, so
   * that the next piece can use the target.
   */
  async target(settings: Settings): Promise<Target> {
    this.#target ??= await this.#create(settings);
    this.#shared ??= describedOnce(this.#target);
    const shared = this.#shared;
    let isStart = true;
    const columns = async (signal: AbortSignal, table?: string): Promise<readonly TargetColumn[]> => {
      const isFirst = isStart && table === undefined;
      isStart = false;
      if (isFirst && this.#columns !== null) return this.#columns;
      const found = await shared.columns(signal, table);
      this.#columns = isFirst ? found : null;
      return found;
    };
    return wrapObject(shared, { columns });
  }

  /** Ends a piece. Forgets the columns if the piece introduced any, and closes the target if the piece failed. */
  async endPiece(isWhole: boolean, hasIntroduced: boolean): Promise<void> {
    if (hasIntroduced) this.#columns = null;
    if (!isWhole) await this.#closeTarget();
  }

  async close(): Promise<void> {
    await Promise.all([this.#closeTarget(), this.reuse.close()]);
  }

  async #closeTarget(): Promise<void> {
    const target = this.#target;
    this.#target = null;
    this.#shared = null;
    this.#columns = null;
    await target?.close().catch(() => {});
  }
}

function describedOnce(target: Target): Target {
  return wrapObject(target, {
    describe: once((signal, beforeChange: Parameters<Target['describe']>[1]) => target.describe(signal, beforeChange)),
    layout: once((signal) => target.layout(signal)),
    close: () => Promise.resolve(),
  });
}

/** Wraps a function. After the first successful call, all further calls return the result of this call. */
function once<A extends unknown[], T>(
  ask: (signal: AbortSignal, ...rest: A) => Promise<T>,
): (signal: AbortSignal, ...rest: A) => Promise<T> {
  let answer: T | null = null;
  return async (signal, ...rest) => (answer ??= await ask(signal, ...rest));
}
