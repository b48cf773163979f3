// Remembers the last results of a worker, because a killed Redis may lose results that it has acknowledged. When the
// coordinator announces the load again, the worker offers the results, so that no worker loads these pieces a second time.

import type { FleetLoad, PieceResult } from '../../../fleet/queue/messages.js';

/** Largest number of remembered results: a coordinator books results twice a second. */
const maxResults = 100;
/** Longest remembered result, characters. Only results with many dead letters are longer. */
const maxLength = 64 * 1024;

export class RecentResults {
  /** The load of the results, as it was announced before the last result. */
  #load: Pick<FleetLoad, 'id' | 'startedAt' | 'epoch'> | null = null;
  readonly #results = new Map<string, string>();

  /** Remembers a result that Redis has acknowledged. Forgets the results of other loads and of earlier coordinators. */
  add(load: FleetLoad, piece: string, result: PieceResult): void {
    if (!this.#isOf(load)) this.#results.clear();
    this.#load = load;
    const json = JSON.stringify(result);
    if (json.length <= maxLength) this.#results.set(piece, json);
    const [oldest] = this.#results.keys();
    if (this.#results.size > maxResults) this.#results.delete(oldest!);
  }

  /** Returns results as JSON by piece for a load that its coordinator has announced again; otherwise none. */
  offersFor(load: FleetLoad): [piece: string, json: string][] {
    return this.#isOf(load) && this.#load?.epoch !== load.epoch ? [...this.#results] : [];
  }

  #isOf({ id, startedAt }: FleetLoad): boolean {
    return this.#load?.id === id && this.#load.startedAt === startedAt;
  }
}
