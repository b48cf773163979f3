// What one load leaves to the next one: a worker of a fleet runs a load for each piece. Allocating it anew takes two collections
// of all garbage, and the parsers start unoptimized.

import { Arena, type SlotPlan } from '../batching/arena.js';
import type { FormatSet } from '../formats/format-set.js';

/** Serves one load after another, all with the same settings. */
export class LoadReuse {
  #sizes = '';
  #formats: FormatSet | null = null;
  #arena: Arena | null = null;

  /** Returns the formats of the load before if they have these sizes, else new ones. */
  async formats(sizes: string, create: () => FormatSet): Promise<FormatSet> {
    if (sizes !== this.#sizes) await this.close();
    this.#sizes = sizes;
    this.#formats ??= create();
    return this.#formats;
  }

  /** Returns the memory of the batches, whose sizes are part of those of the formats. */
  arena(slots: number, plan: SlotPlan): Arena {
    this.#arena ??= new Arena(slots, plan);
    return this.#arena;
  }

  /** Takes everything back after a load. Nothing is kept of a load that failed: reads and batches may be under way. */
  async takeBack(isWhole: boolean): Promise<void> {
    if (!isWhole || this.#arena?.free !== this.#arena?.slots) await this.close();
  }

  async close(): Promise<void> {
    await this.#formats?.close();
    this.#formats = null;
    this.#arena = null;
  }
}
