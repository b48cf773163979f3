// The limits that all workers of a load share through Redis: requests in flight, rates, rejects, the memory of the nodes.

import { randomUUID } from 'node:crypto';
import type { Clock, Notice, RequestPermit } from '../../core/types/index.js';
import { limitKey, limitParts } from '../queue/keys.js';
import { Exchange } from './limit-exchange.js';
import { FleetMemoryLog } from './memory-log.js';
import { Permits, permitLeaseMs } from './permits.js';
import { type FleetRates, Pacing } from './rates.js';
import { FleetRejects } from './rejects.js';
import { exchangeScript, type ScriptClient, scriptRunner } from './scripts.js';

/** Time after Redis lost its data in which it grants no new permits, so that workers first renew theirs, ms. */
const graceMs = 3_000;
/** Longest wait of an ending worker for its flush, ms. */
const maxCloseMs = 20_000;
const closePollMs = 100;

export interface FleetLimitOptions {
  readonly client: ScriptClient;
  readonly loadId: string;
  /** Unique for each worker process. */
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
   * Resolves when a batch may be sent, with every change of the memory log applied; rejects with the signal's reason. While
   * Redis is unreachable, this worker uses its permits and their share of each rate for 25 s, then it waits.
   */
  async admit(points: number, bytes: number, signal: AbortSignal): Promise<RequestPermit> {
    const end = await this.#permits.take(signal);
    const current = this.memory.isActive ? this.#exchange.sync() : undefined;
    const [delayMs] = await Promise.all([this.#pacing.reserve(points, bytes), current]);
    return { delayMs, end };
  }

  /** Reports the outcome of a request. */
  observe(outcome: 'accepted' | 'overloaded'): void {
    this.#permits.observe(outcome);
  }

  /** Waits for a flush of this worker to end, then returns all permits. */
  async close(): Promise<void> {
    const until = this.#clock.monotonic() + maxCloseMs;
    while (this.memory.isFlushing && this.#clock.monotonic() < until) await this.#clock.sleep(closePollMs);
    this.#permits.close();
    await this.#exchange.close();
  }
}

/**
 * Creates the limits of a load that no worker knows yet. Otherwise the first worker would create them and wait, because other
 * workers might hold permits that Redis has lost.
 */
export async function beginLimits(client: ScriptClient, loadId: string): Promise<void> {
  const nothing = { released: [], held: [], wanted: [], reserved: [], pieces: {}, events: [], claims: [], ended: [] };
  const request = { ...nothing, id: 'coordinator', limit: 0, leaseMs: 0, graceMs: 0, epoch: randomUUID() };
  await scriptRunner(client, exchangeScript)(
    ...limitParts.map((part) => limitKey(loadId, part)),
    JSON.stringify(request),
  );
}
