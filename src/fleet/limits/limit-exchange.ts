// Sends the requests of one worker to Redis, which returns the state of the fleet. One exchange runs at a time; the next one
// carries everything added meanwhile. While Redis is unreachable, callers do not wait: they use the state that they know.

import { z } from 'zod';
import type { Clock, RejectTotals } from '../../core/types/index.js';
import { LeaseAge } from './lease-age.js';

/** Time without a response after which Redis counts as unreachable, ms. */
const patienceMs = 1_000;
/** Interval of the regular exchanges, ms. */
const beatMs = 250;
/** Wait after a failed exchange, ms. */
const retryMs = 250;

export interface WorkClaim {
  readonly work: string;
  readonly token: string;
  readonly leaseMs: number;
  /** Least time since the last claim, ms. */
  readonly gapMs: number;
  /** True if the holder may claim its own work again. */
  readonly renews: boolean;
  /** Change that is appended to the log with the claim. */
  readonly event?: string;
}

/** Request of a worker. */
export interface ExchangeRequest {
  released: string[];
  held: string[];
  wanted: string[];
  /** True if the target stays overloaded. */
  overloaded?: boolean;
  /** Time of each batch at the rates of the fleet, µs. */
  reserved: number[];
  pieces: Record<string, RejectTotals>;
  events: string[];
  claims: WorkClaim[];
  /** Work that this worker has ended. */
  ended: string[];
  snapshot?: { readonly at: number; readonly epoch: string; readonly saved: string };
  /** Number of changes that this worker has applied; absent if it does not follow the log, -1 before its first snapshot. */
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

/** A part of the limits that takes part in each exchange. */
export interface ExchangeParty {
  /** True while the part needs the state of the fleet, so that exchanges run at regular intervals. */
  readonly isActive: boolean;
  /** Adds the requests of the part to the next exchange. */
  fill(request: ExchangeRequest): void;
  accept(request: ExchangeRequest, reply: ExchangeReply): void;
  /** Handles a failed exchange: Redis may or may not have executed the request. */
  fail(request: ExchangeRequest): void;
}

export interface ExchangeOptions {
  /** Runs the script of Redis. */
  readonly run: (request: string) => Promise<unknown>;
  /** Constant keys of every request: worker, limit, lease. */
  readonly constants: Readonly<Record<string, string | number>>;
  readonly clock: Clock;
}

interface PendingExchange {
  readonly done: Promise<void>;
  readonly resolve: () => void;
}

export class Exchange {
  /** Age of the state of the fleet that this worker knows. */
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

  /** Why the last exchange failed. */
  get problem(): string {
    return this.#problem;
  }

  /** Resolves after an exchange that begins from now on, or at once while Redis is unreachable. */
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
      // Requests of the same moment share an exchange.
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
