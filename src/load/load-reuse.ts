// Keeps memory and parsers of one load for the next load, because a worker of a fleet runs a load for each piece. New
// memory would cost two full garbage collections, and V8 would have to optimise new parsers again.

import { Arena, type SlotPlan } from '../batching/arena.js';
import type { FormatSet } from '../formats/format-set.js';

/** Serves one load after another, all with the same settings. */
export class LoadReuse {
  #sizes = '';
  #formats: FormatSet | null = null;
  #arena: Arena | null = null;

  /** Returns the formats of the previous load if they have these sizes, else new formats. */
  async formats(sizes: string, create: () => FormatSet): Promise<FormatSet> {
    if (sizes !== this.#sizes) await this.close();
    this.#sizes = sizes;
    this.#formats ??= create();
    return this.#formats;
  }

  /** Returns the memory of the batches. Its sizes are part of the sizes given to `formats`, which must be called first. */
  arena(slots: number, plan: SlotPlan): Arena {
    this.#arena ??= new Arena(slots, plan);
    return this.#arena;
  }

  /** Takes everything back after a load. Keeps no part of a failed load, because its reads and batches may still run. */
  async takeBack(isWhole: boolean): Promise<void> {
    if (!isWhole || this.#arena?.free !== this.#arena?.slots) await this.close();
  }

  async close(): Promise<void> {
    await this.#formats?.close();
    this.#formats = null;
    this.#arena = null;
  }
}
