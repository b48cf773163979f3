// Limits the rates of the whole fleet. Sending a batch at the rate limits takes a certain time. Each batch reserves
// this time by the clock of Redis, and is sent when the times that were reserved before it have passed.

import type { Clock } from '../../core/types/index.js';
import type { Exchange, ExchangeParty, ExchangeReply, ExchangeRequest } from './limit-exchange.js';

export interface FleetRates {
  /** Largest numbers of points and bytes per second for the whole fleet; null for an unlimited rate. */
  readonly ratePoints: number | null;
  readonly rateBytes: number | null;
}

interface Reservation {
  readonly micros: number;
  readonly resolve: (delayMs: number) => void;
}

export class Pacing implements ExchangeParty {
  readonly isActive = false;
  readonly #rates: FleetRates;
  readonly #exchange: Exchange;
  readonly #clock: Clock;
  /** Returns the fleet's limit of permits, divided by the number of permits that this worker holds. */
  readonly #share: () => number;
  #open: Reservation[] = [];
  #asked: Reservation[] = [];
  /**
   * Monotonic ms at which the time that this worker has reserved for its batches ends. Used only while Redis is
   * unreachable.
   */
  #freeAt = 0;

  constructor(rates: FleetRates, exchange: Exchange, clock: Clock, share: () => number) {
    this.#rates = rates;
    this.#exchange = exchange;
    this.#clock = clock;
    this.#share = share;
    exchange.add(this);
  }

  /** Reserves time for a batch. Resolves with the time to wait before sending the batch, ms. */
  async reserve(points: number, bytes: number): Promise<number> {
    const { ratePoints, rateBytes } = this.#rates;
    const seconds = Math.max(points / (ratePoints ?? Infinity), bytes / (rateBytes ?? Infinity));
    if (seconds === 0) return 0;
    if (this.#exchange.away) return this.#reserveShare(seconds);
    let reserved: Reservation | undefined;
    const delay = new Promise<number>((resolve) => {
      reserved = { micros: Math.ceil(seconds * 1e6), resolve };
      this.#open.push(reserved);
    });
    await this.#exchange.sync();
    // If Redis became unreachable during the exchange, this worker uses its own share of the rates instead.
    if (this.#exchange.away) reserved?.resolve(this.#reserveShare(seconds));
    return await delay;
  }

  fill(request: ExchangeRequest): void {
    this.#asked = this.#open.splice(0);
    request.reserved.push(...this.#asked.map(({ micros }) => micros));
  }

  accept(_request: ExchangeRequest, { delays }: ExchangeReply): void {
    for (const [i, { resolve }] of this.#asked.splice(0).entries()) resolve(delays[i] ?? 0);
  }

  fail(): void {
    this.#asked = [];
  }

  #reserveShare(seconds: number): number {
    const now = this.#clock.monotonic();
    const from = Math.max(now, this.#freeAt);
    this.#freeAt = from + seconds * 1000 * this.#share();
    return from - now;
  }
}
