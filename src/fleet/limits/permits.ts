// Limits the requests in flight of all workers together. Each permit is a lease in Redis and allows one request. A
// worker uses a permit for one batch after another, and returns permits when other workers wait.

import { plural } from '../../core/text.js';
import { orAborted } from '../../core/time/wait-stats.js';
import type { Clock, Notice } from '../../core/types/index.js';
import { formatDuration } from '../../core/units.js';
import type { Exchange, ExchangeParty, ExchangeReply, ExchangeRequest } from './limit-exchange.js';

/**
 * Time without renewal after which a permit ends, ms. A request begins at most `boundMs` (25 s) after a renewal. So the
 * request has at least 20 s before another worker can get the permit.
 */
export const permitLeaseMs = 45_000;
/** For this time after a renewal, a worker may begin requests with its permits, ms. */
export const boundMs = 25_000;
/**
 * While other workers wait, a worker with one permit returns it after this time, ms. A worker with n permits returns
 * each permit after an n-th of this time.
 */
const turnMs = 1_000;
/** Time after which a worker returns a permit that it does not use, ms. */
const idleMs = 2_000;
/** Mean interval at which a waiting worker asks for a permit, ms. */
const pollMs = 20;
/** Time of overload, without an accepted request, after which the fleet's limit of permits is halved, ms. */
const overloadMs = 5_000;
/**
 * After a worker has returned its only permit, it asks for no permit for this time, ms. So a waiting worker gets the
 * permit. If n permits remain, the time is n + 1 times as long.
 */
const handoverMs = 60;

interface PermitSlot {
  readonly name: string;
  readonly since: number;
  usedAt: number;
  inUse: boolean;
}

export interface PermitOptions {
  /** Identifier of the worker, unique for each worker process. */
  readonly id: string;
  readonly exchange: Exchange;
  readonly clock: Clock;
  readonly notify: (notice: Notice) => void;
}

export class Permits implements ExchangeParty {
  readonly #options: PermitOptions;
  readonly #slots = new Map<string, PermitSlot>();
  #released: string[] = [];
  #count = 0;
  /** Callbacks of this worker's batches that wait for a permit, in order. */
  readonly #queue = new Set<(slot: PermitSlot) => void>();
  #isServing = false;
  #othersWait = false;
  /** Number of permits by which the fleet exceeds its limit; above 0 after the limit was lowered. */
  #excess = 0;
  /** Monotonic ms of the first overload since the last accepted request; null without such an overload. */
  #overloadedAt: number | null = null;
  #isOverloaded = false;
  /** Monotonic ms until which this worker asks for no permits. */
  #wantsFrom = 0;

  constructor(options: PermitOptions) {
    this.#options = options;
    options.exchange.add(this);
  }

  get isActive(): boolean {
    return this.#slots.size > 0;
  }

  /** Number of permits that this worker has. */
  get held(): number {
    return this.#slots.size;
  }

  /** Waits for a permit. Resolves with the function that gives the permit back; rejects with the signal's reason. */
  async take(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    let cancel = (): void => {};
    const slot = new Promise<PermitSlot>((resolve) => {
      this.#queue.add(resolve);
      cancel = () => this.#queue.delete(resolve);
    });
    void this.#serve();
    try {
      const taken = await orAborted(slot, signal);
      return () => this.#end(taken);
    } catch (error) {
      cancel();
      void slot.then((unwanted) => this.#end(unwanted));
      throw error;
    }
  }

  /** Reports that the target accepted a request or was overloaded. After 5 s of overload, halves the fleet's limit. */
  observe(outcome: 'accepted' | 'overloaded'): void {
    const now = this.#options.clock.monotonic();
    if (outcome === 'accepted') this.#overloadedAt = null;
    else this.#overloadedAt ??= now;
    if (this.#overloadedAt === null || now - this.#overloadedAt < overloadMs) return;
    this.#overloadedAt = now;
    this.#isOverloaded = true;
  }

  fill(request: ExchangeRequest): void {
    if (this.#isOverloaded) request.overloaded = true;
    this.#isOverloaded = false;
    const now = this.#options.clock.monotonic();
    const unused = this.#unused();
    // Keeps unused permits while Redis is unreachable. No other worker could get them.
    for (const slot of this.#options.exchange.away ? [] : unused.slice(this.#queue.size))
      if (this.#othersWait || this.#excess > 0 || now - slot.usedAt >= idleMs) this.#release(slot);
    const wanted = now < this.#wantsFrom ? 0 : this.#queue.size - unused.length;
    for (let i = 0; i < wanted; i++) {
      this.#count += 1;
      request.wanted.push(`${this.#options.id}:${this.#count}`);
    }
    request.held.push(...this.#slots.keys());
    request.released.push(...this.#released.splice(0));
  }

  accept({ wanted, overloaded }: ExchangeRequest, { granted, lost, waiting, limit, excess }: ExchangeReply): void {
    const { clock, notify } = this.#options;
    const now = clock.monotonic();
    const message = `the target stays overloaded: all workers together now send at most ${plural(limit, 'request')} at once; this limit rises by one request each minute`;
    if (overloaded) notify({ level: 'warn', kind: 'fleet-limit', message });
    this.#excess = excess;
    for (const name of lost) this.#slots.delete(name);
    for (const name of granted) this.#slots.set(name, { name, since: now, usedAt: now, inUse: false });
    this.#othersWait = waiting > (granted.length < wanted.length ? 1 : 0);
  }

  fail({ released, wanted, overloaded = false }: ExchangeRequest): void {
    this.#isOverloaded ||= overloaded;
    // The response may have been lost after Redis had granted the wanted permits. So this worker returns these permits.
    this.#released.push(...released, ...wanted);
  }

  /** Returns all permits with the next exchange. */
  close(): void {
    for (const slot of this.#slots.values()) this.#release(slot);
  }

  /** Gives unused permits to the waiting batches in order. While batches wait, asks Redis for more permits. */
  async #serve(): Promise<void> {
    if (this.#isServing) return;
    this.#isServing = true;
    const { exchange, clock } = this.#options;
    for (;;) {
      this.#assign();
      if (this.#queue.size === 0) break;
      if (exchange.away) this.#reportPause();
      await exchange.sync();
      this.#assign();
      if (this.#queue.size > 0) await clock.sleep(pollMs * (0.5 + Math.random()));
    }
    this.#isServing = false;
  }

  #assign(): void {
    if (this.#options.exchange.age.ms >= boundMs) return;
    const unused = this.#unused();
    for (const [i, resolve] of [...this.#queue].slice(0, unused.length).entries()) {
      unused[i]!.inUse = true;
      this.#queue.delete(resolve);
      resolve(unused[i]!);
    }
  }

  #unused(): PermitSlot[] {
    return [...this.#slots.values()].filter(({ inUse }) => !inUse);
  }

  #end(slot: PermitSlot): void {
    const now = this.#options.clock.monotonic();
    slot.inUse = false;
    slot.usedAt = now;
    const isDue = this.#othersWait && now - slot.since >= turnMs / this.#slots.size;
    if (!isDue && this.#excess === 0) {
      this.#assign();
      return;
    }
    this.#excess = Math.max(0, this.#excess - 1);
    this.#release(slot);
    this.#wantsFrom = now + handoverMs * (this.#slots.size + 1);
    void this.#options.exchange.sync();
  }

  #release({ name }: PermitSlot): void {
    if (this.#slots.delete(name)) this.#released.push(name);
  }

  #reportPause(): void {
    const { exchange, notify } = this.#options;
    if (exchange.age.ms < boundMs) return;
    const message = `Redis has not answered for ${formatDuration(boundMs)} (${exchange.problem}): this worker pauses, so that all workers together stay within the limits of the load`;
    notify({ level: 'warn', kind: 'fleet-pause', message });
  }
}
