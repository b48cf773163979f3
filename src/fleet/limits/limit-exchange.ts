// Sends the requests of one worker to Redis, and receives the state of the fleet. Only one exchange runs at a time.
// Data that is added during an exchange is sent with the next exchange. While Redis is unreachable, callers do not
// wait, but use the state that Redis returned last.

import { z } from 'zod';
import type { Clock, RejectTotals } from '../../core/types/index.js';
import { LeaseAge } from './lease-age.js';

/** Time without a response after which Redis counts as unreachable, ms. */
const patienceMs = 1_000;
/** Interval of the regular exchanges with Redis, ms. */
const beatMs = 250;
/** Pause after a failed exchange with Redis, ms. */
const retryMs = 250;

export interface WorkClaim {
  readonly work: string;
  readonly token: string;
  readonly leaseMs: number;
  /** Minimum time between two successful claims of this work, by the same worker or by different workers, ms. */
  readonly gapMs: number;
  /** True if the worker whose claim succeeded may renew the claim before it ends. */
  readonly renews: boolean;
  /** Change that Redis appends to the memory log if the claim succeeds. */
  readonly event?: string;
}

/** Data that a worker sends to Redis in one exchange. */
export interface ExchangeRequest {
  released: string[];
  held: string[];
  wanted: string[];
  /** True if the target has been overloaded for some seconds. */
  overloaded?: boolean;
  /** For each new batch, the time that sending it takes at the rate limits of the fleet, µs. */
  reserved: number[];
  pieces: Record<string, RejectTotals>;
  events: string[];
  claims: WorkClaim[];
  /** Kinds of claimed work that this worker has ended, such as `flush`. */
  ended: string[];
  snapshot?: { readonly at: number; readonly epoch: string; readonly saved: string };
  /**
   * Number of changes of the memory log that this worker has applied. -1 before its first snapshot; absent if the
   * worker does not follow the log.
   */
  cursor?: number;
  cursorEpoch?: string;
}

const list = <T extends z.ZodType>(each: T) => z.union([z.array(each), z.object({}).transform(() => [])]);
const replySchema = z.object({
  epoch: z.string(),
  granted: list(z.string()),
  lost: list(z.string()),
  delays: list(z.number()),
  claimed: list(z.string()),
  waiting: z.number(),
  limit: z.number(),
  excess: z.number(),
  read: z.number(),
  rejected: z.number(),
  flushing: z.boolean(),
  events: list(z.string()).optional(),
  snapshot: z.string().optional(),
  cursor: z.number().optional(),
  first: z.number().optional(),
});

export type ExchangeReply = z.infer<typeof replySchema>;

/** A shared limit, which adds its data to each exchange. */
export interface ExchangeParty {
  /** True while the limit needs the latest state of the fleet. Exchanges then run at regular intervals. */
  readonly isActive: boolean;
  /** Adds the data of this limit to the next request. */
  fill(request: ExchangeRequest): void;
  accept(request: ExchangeRequest, reply: ExchangeReply): void;
  /** Handles a failed exchange. It is unknown whether Redis executed the request. */
  fail(request: ExchangeRequest): void;
}

export interface ExchangeOptions {
  /** Runs the Lua script of the exchange in Redis. */
  readonly run: (request: string) => Promise<unknown>;
  /**
   * Values that are equal in every request: id of the worker, limit of requests in flight, length of a lease, and
   * epoch.
   */
  readonly constants: Readonly<Record<string, string | number>>;
  readonly clock: Clock;
}

interface PendingExchange {
  readonly done: Promise<void>;
  readonly resolve: () => void;
}

export class Exchange {
  /** Time since the last response from Redis. A response contains the state of the fleet. */
  readonly age: LeaseAge;
  readonly #options: ExchangeOptions;
  readonly #parties: ExchangeParty[] = [];
  readonly #cancel: () => void;
  #next: PendingExchange | null = null;
  #current: PendingExchange | null = null;
  #running = false;
  /** Monotonic ms at which the current exchange began. */
  #since = 0;
  #away = false;
  #problem = 'no answer';
  #closed = false;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.age = new LeaseAge(options.clock);
    this.#cancel = options.clock.every(beatMs, () => this.#beat());
  }

  add(party: ExchangeParty): void {
    this.#parties.push(party);
  }

  /** True while Redis does not respond. */
  get away(): boolean {
    return this.#away;
  }

  /** Reason why the last exchange failed. */
  get problem(): string {
    return this.#problem;
  }

  /**
   * Sends the data of all limits in one exchange with Redis, and resolves after the exchange. Resolves at once while
   * Redis is unreachable.
   */
  async sync(): Promise<void> {
    if (this.#closed) return;
    this.#next ??= pending();
    const { done } = this.#next;
    void this.#pump();
    if (!this.#away) await done;
  }

  /** Runs a last exchange and stops. */
  async close(): Promise<void> {
    await this.sync();
    this.#closed = true;
    this.#cancel();
  }

  #beat(): void {
    if (this.#running && this.#options.clock.monotonic() - this.#since >= patienceMs) {
      this.#away = true;
      this.#current?.resolve();
      this.#next?.resolve();
    }
    if (this.#parties.some(({ isActive }) => isActive)) void this.sync();
  }

  async #pump(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    while (this.#next !== null && !this.#closed) {
      // Calls of `sync` in the same tick of the event loop share one exchange.
      await Promise.resolve();
      this.#current = this.#next;
      this.#next = null;
      const answered = await this.#exchange();
      this.#current.resolve();
      this.#current = null;
      if (!answered) await this.#options.clock.sleep(retryMs);
    }
    this.#running = false;
  }

  async #exchange(): Promise<boolean> {
    const { run, constants, clock } = this.#options;
    const request: ExchangeRequest = {
      ...{ released: [], held: [], wanted: [], reserved: [], pieces: {}, events: [], claims: [], ended: [] },
    };
    for (const party of this.#parties) party.fill(request);
    this.#since = clock.monotonic();
    const sent = this.age.read();
    let reply: ExchangeReply;
    try {
      reply = replySchema.parse(JSON.parse(String(await run(JSON.stringify({ ...constants, ...request })))));
    } catch (error) {
      this.#away = true;
      this.#problem = error instanceof Error ? error.message : String(error);
      for (const party of this.#parties) party.fail(request);
      return false;
    }
    this.age.renew(sent);
    this.#away = false;
    for (const party of this.#parties) party.accept(request, reply);
    return true;
  }
}

function pending(): PendingExchange {
  let resolve = (): void => {};
  const done = new Promise<void>((resolved) => {
    resolve = resolved;
  });
  return { done, resolve };
}
