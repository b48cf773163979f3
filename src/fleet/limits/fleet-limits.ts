// The limits that all workers of a load share through Redis: requests in flight, rates, rejected points, and the memory
// of the target's nodes.

import { randomUUID } from 'node:crypto';
import type { Clock, Notice, RequestPermit } from '../../core/types/index.js';
import { limitKey, limitParts } from '../queue/keys.js';
import { Exchange } from './limit-exchange.js';
import { FleetMemoryLog } from './memory-log.js';
import { Permits, permitLeaseMs } from './permits.js';
import { type FleetRates, Pacing } from './rates.js';
import { FleetRejects } from './rejects.js';
import { exchangeScript, type ScriptClient, scriptRunner } from './scripts.js';

/**
 * Time for which Redis grants no new permits after it has lost its data, ms. In this time, the workers report the
 * permits that they still hold.
 */
const graceMs = 3_000;
/** Longest time for which an ending worker waits until the flush that it runs has ended, ms. */
const maxCloseMs = 20_000;
const closePollMs = 100;

export interface FleetLimitOptions {
  readonly client: ScriptClient;
  readonly loadId: string;
  /** Identifier of the worker, unique for each worker process. */
  readonly id: string;
  /** Largest number of requests in flight of all workers together. */
  readonly workers: number;
  readonly rates: FleetRates;
  readonly clock: Clock;
  readonly notify: (notice: Notice) => void;
}

export class FleetLimits {
  readonly rejects: FleetRejects;
  readonly memory: FleetMemoryLog;
  readonly #permits: Permits;
  readonly #pacing: Pacing;
  readonly #exchange: Exchange;
  readonly #clock: Clock;

  constructor(options: FleetLimitOptions) {
    const { client, loadId, id, workers, rates, clock, notify } = options;
    this.#clock = clock;
    const run = scriptRunner(client, exchangeScript);
    const keys = limitParts.map((part) => limitKey(loadId, part));
    this.#exchange = new Exchange({
      run: (request) => run(...keys, request),
      constants: { id, limit: workers, leaseMs: permitLeaseMs, graceMs, epoch: randomUUID() },
      clock,
    });
    this.#permits = new Permits({ id, exchange: this.#exchange, clock, notify });
    const share = (): number => workers / Math.max(1, this.#permits.held);
    this.#pacing = new Pacing(rates, this.#exchange, clock, share);
    this.rejects = new FleetRejects(this.#exchange);
    this.memory = new FleetMemoryLog({ id, exchange: this.#exchange, share });
  }

  /**
   * Waits for a permit to send a batch, and until this worker has applied all changes of the memory log so far.
   * Resolves with the permit; `delayMs` is the time to wait before sending, as the rate limits demand. Rejects with the
   * signal's reason. While Redis is unreachable, this worker continues for 25 s with the permits that it holds, and
   * with the corresponding share of the rate limits. Then it waits for Redis.
   */
  async admit(points: number, bytes: number, signal: AbortSignal): Promise<RequestPermit> {
    const end = await this.#permits.take(signal);
    const current = this.memory.isActive ? this.#exchange.sync() : undefined;
    const [delayMs] = await Promise.all([this.#pacing.reserve(points, bytes), current]);
    return { delayMs, end };
  }

  /** Reports whether the target accepted a request or was overloaded. */
  observe(outcome: 'accepted' | 'overloaded'): void {
    this.#permits.observe(outcome);
  }

  /** Waits for the end of a flush that this worker runs, then returns all permits. */
  async close(): Promise<void> {
    const until = this.#clock.monotonic() + maxCloseMs;
    while (this.memory.isFlushing && this.#clock.monotonic() < until) await this.#clock.sleep(closePollMs);
    this.#permits.close();
    await this.#exchange.close();
  }
}

/**
 * Stores the initial limits of a load in Redis. Must be called before any worker knows the load. Otherwise the first
 * worker would find no limits. Then Redis may have lost them, and other workers may still hold permits, so Redis would
 * grant no permits for `graceMs`.
 */
export async function beginLimits(client: ScriptClient, loadId: string): Promise<void> {
  const nothing = { released: [], held: [], wanted: [], reserved: [], pieces: {}, events: [], claims: [], ended: [] };
  const request = { ...nothing, id: 'coordinator', limit: 0, leaseMs: 0, graceMs: 0, epoch: randomUUID() };
  await scriptRunner(client, exchangeScript)(
    ...limitParts.map((part) => limitKey(loadId, part)),
    JSON.stringify(request),
  );
}
