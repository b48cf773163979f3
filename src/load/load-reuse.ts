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
   * Returns the parsers of the previous load if `sizes` is unchanged, otherwise new parsers.
   * @param sizes text with the sizes of the parsers and of the memory for batches
   */
  async formats(sizes: string, create: () => FormatSet): Promise<FormatSet> {
    if (sizes !== this.#sizes) await this.close();
    this.#sizes = sizes;
    this.#formats ??= create();
    return this.#formats;
  }

  /**
   * Returns the memory of the batches. Call `formats` first, because it discards this memory if the sizes have changed.
   */
  arena(slots: number, plan: SlotPlan): Arena {
    this.#arena ??= new Arena(slots, plan);
    return this.#arena;
  }

  /**
   * Keeps memory and parsers for the next load. After a failed load, discards them, because reads and batches of the
   * failed load may still use them.
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
