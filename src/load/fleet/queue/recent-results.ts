// Remembers the last results of a worker, because a killed Redis may lose results that it acknowledged. When the
// coordinator announces the load again, the worker offers these results. So no worker needs to load the pieces a second
// time.

import type { FleetLoad, PieceResult } from '../../../fleet/queue/messages.js';

/**
 * Largest number of remembered results. A worker needs no more, because the coordinator collects results twice a
 * second.
 */
const maxResults = 100;
/** Largest length of a result that is remembered, characters. Only results with many dead letters are longer. */
const maxLength = 64 * 1024;

export class RecentResults {
  /** Load to which all remembered results belong, and the epoch of this load when the last result was added. */
  #load: Pick<FleetLoad, 'id' | 'startedAt' | 'epoch'> | null = null;
  readonly #results = new Map<string, string>();

  /**
   * Remembers a result that Redis acknowledged. First discards the earlier results if they belong to another load or to
   * an earlier coordinator.
   */
  add(load: FleetLoad, piece: string, result: PieceResult): void {
    if (!this.#isOf(load)) this.#results.clear();
    this.#load = load;
    const json = JSON.stringify(result);
    if (json.length <= maxLength) this.#results.set(piece, json);
    const [oldest] = this.#results.keys();
    if (this.#results.size > maxResults) this.#results.delete(oldest!);
  }

  /**
   * Returns id and JSON of each result if the coordinator has announced the load again, with a new epoch. Otherwise
   * returns an empty array.
   */
  offersFor(load: FleetLoad): [piece: string, json: string][] {
    return this.#isOf(load) && this.#load?.epoch !== load.epoch ? [...this.#results] : [];
  }

  #isOf({ id, startedAt }: FleetLoad): boolean {
    return this.#load?.id === id && this.#load.startedAt === startedAt;
  }
}
