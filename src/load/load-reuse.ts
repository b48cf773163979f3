// Keeps the memory of batches and the parsers of one load for the next load. A worker of a fleet runs a load for each
// piece. New memory for each load would cost two full garbage collections, and V8 would have to optimise new parsers
// again.

import { Arena, type SlotPlan } from '../batching/arena.js';
import type { FormatSet } from '../formats/format-set.js';

/** Memory and parsers for one load after another. All loads must have the same settings. */
export class LoadReuse {
  #sizes = '';
  #formats: FormatSet | null = null;
  #arena: Arena | null = null;

  /**
   * Returns the parsers of the previous load if they were created for the same sizes, else new parsers.
   * @param sizes text of all sizes
   */
  async formats(sizes: string, create: () => FormatSet): Promise<FormatSet> {
    if (sizes !== this.#sizes) await this.close();
    this.#sizes = sizes;
    this.#formats ??= create();
    return this.#formats;
  }

  /** Returns the memory of the batches. Call `formats` first: its `sizes` also contain the sizes of this memory. */
  arena(slots: number, plan: SlotPlan): Arena {
    this.#arena ??= new Arena(slots, plan);
    return this.#arena;
  }

  /**
   * Takes memory and parsers back after a load. After a failed load, closes them instead, because reads and batches of
   * the failed load may still use them.
   */
  async takeBack(isWhole: boolean): Promise<void> {
    if (!isWhole || this.#arena?.free !== this.#arena?.slots) await this.close();
  }

  async close(): Promise<void> {
    await this.#formats?.close();
    this.#formats = null;
    this.#arena = null;
  }
}
