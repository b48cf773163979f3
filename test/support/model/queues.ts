// The queues of a model cluster: one per shard, since a vnode applies serially.

import { type ClusterShape, MiB } from './shape.js';

export class Queues {
  readonly #shape: ClusterShape;
  /** Time at which each worker of a shard is free. */
  readonly #free: number[][];
  #lots = 7;

  constructor(shape: ClusterShape) {
    this.#shape = shape;
    this.#free = Array.from({ length: shape.shards }, () => Array.from({ length: shape.service.atOnce ?? 1 }, () => 0));
  }

  share(shard: number): number {
    return this.#shape.shares?.[shard] ?? 1 / this.#shape.shards;
  }

  /** Returns the time at which all shards will have applied a body that arrives now. `slow`: factor of the slowest shard. */
  served(bytes: number, now: number, slow: (shard: number) => number): number {
    const { latencyMs = 0, fixedMs, mibPerSecond } = this.#shape.service;
    const noise = this.#noise();
    const ends = this.#free.map((workers, shard) => {
      const times = noise * slow(shard);
      const first = workers.indexOf(Math.min(...workers));
      const work = fixedMs + ((bytes * this.share(shard)) / (mibPerSecond * MiB)) * 1000;
      workers[first] = Math.max(now, workers[first]!) + work * times;
      return workers[first] + latencyMs * times;
    });
    return Math.max(...ends);
  }

  #noise(): number {
    this.#lots = (Math.imul(this.#lots, 1_664_525) + 1_013_904_223) >>> 0;
    return 1 + (this.#shape.service.jitter ?? 0) * ((2 * this.#lots) / 2 ** 32 - 1);
  }
}
