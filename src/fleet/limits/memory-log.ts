// The log of changes to the estimated memory of a target's node. All workers apply the changes in the same order. Redis
// stores the latest changes, and a snapshot: the estimate before these changes. So a worker that joins late does not
// need earlier changes.

import { z } from 'zod';
import type { ExclusiveWork, FlushCause, MemoryEvent, MemoryFollower, MemoryLog } from '../../core/types/index.js';
import type { Exchange, ExchangeParty, ExchangeReply, ExchangeRequest, WorkClaim } from './limit-exchange.js';

/**
 * If the log contains this many changes, a worker replaces them by a snapshot. A worker that begins a piece first reads
 * the snapshot and all later changes. A change has about 400 bytes.
 */
const maxEvents = 100;
/** Minimum time between the starts of two flushes, ms: 2 s, plus 1 ms because times of Redis are whole milliseconds. */
const flushGapMs = 2_001;
/** Time after which a claim for a flush ends, ms, by the cause of the flush. A flush for `stage` may take 5 minutes. */
const flushLeaseMs = { planned: 20_000, relief: 20_000, stage: 310_000 } as const;
const rinseLeaseMs = 20_000;

const bytes = z.number().nonnegative();
const outcome = z.object({
  kind: z.enum(['done', 'timedOut', 'notPermitted', 'failed', 'blocked']),
  tookMs: bytes,
  reason: z.string().nullable(),
});
const eventSchema = z.discriminatedUnion('kind', [
  z.object({
    ...{ kind: z.literal('body'), parts: z.array(z.object({ bucket: z.number(), bytes })), bytes, rows: bytes },
    ...{ points: bytes, slots: bytes, sample: z.array(z.number()), part: bytes },
  }),
  z.object({
    kind: z.literal('sample'),
    bucket: z.number(),
    points: z.array(z.string().nullable()),
    rowBytes: bytes,
  }),
  z.object({ kind: z.literal('flush'), cause: z.enum(['planned', 'relief', 'stage']) }),
  z.object({ kind: z.literal('flushed'), outcome }),
]) satisfies z.ZodType<MemoryEvent>;
/** A change of the log, and the worker that appended it. */
const entrySchema = z.object({ by: z.string(), event: eventSchema });

export interface MemoryLogOptions {
  readonly id: string;
  readonly exchange: Exchange;
  /** Returns the fleet's limit of permits, divided by the number of permits that this worker holds. */
  readonly share: () => number;
}

export class FleetMemoryLog implements MemoryLog, ExchangeParty {
  readonly #options: MemoryLogOptions;
  #follower: MemoryFollower | null = null;
  /** Number of changes that this worker has applied; -1 before its first snapshot. */
  #cursor = -1;
  #epoch = '';
  #first = 0;
  #hasSnapshot = true;
  #events: string[] = [];
  #claims: WorkClaim[] = [];
  #granted = new Set<string>();
  #ended: string[] = [];
  /**
   * Changes that this worker applied while Redis was unreachable. When Redis later returns one of these changes, this
   * worker skips it.
   */
  readonly #applied = new Set<string>();
  #rinsing = false;
  #isFlushing = false;
  /**
   * Log entry of the latest flush that this worker claimed for the current `MemoryFollower`; null before the first
   * claim.
   */
  #flush: string | null = null;
  #count = 0;

  constructor(options: MemoryLogOptions) {
    this.#options = options;
    options.exchange.add(this);
  }

  get isActive(): boolean {
    return this.#follower !== null;
  }

  /** True while this worker runs a flush. */
  get isFlushing(): boolean {
    return this.#isFlushing;
  }

  append(event: MemoryEvent): void {
    const entry = this.#entry(event);
    this.#events.push(entry);
    if (this.#follower === null || !this.#options.exchange.away) return;
    // While Redis is unreachable, the rows of the other workers are unknown. So this worker assumes that they send as
    // many rows for each permit as it does itself.
    const rows = event.kind === 'body' ? { rows: event.rows * this.#options.share() } : {};
    this.#applied.add(entry);
    this.#follower.apply({ ...event, ...rows }, true);
  }

  async follow(follower: MemoryFollower): Promise<void> {
    this.#follower = follower;
    this.#cursor = -1;
    this.#epoch = '';
    this.#flush = null;
    await this.#options.exchange.sync();
  }

  unfollow(): void {
    this.#follower = null;
  }

  async beginFlush(cause: FlushCause): Promise<boolean> {
    const event = this.#entry({ kind: 'flush', cause });
    this.#flush = event;
    const claim = { work: 'flush', leaseMs: flushLeaseMs[cause], gapMs: flushGapMs, renews: false, event };
    this.#isFlushing = await this.#claim(claim);
    // If its `MemoryFollower` was replaced or removed during the claim, ends the flush at once.
    if (this.#isFlushing && (this.#flush !== event || this.#follower === null)) this.end('flush');
    return this.#isFlushing;
  }

  async beginRinse(): Promise<boolean> {
    this.#rinsing = await this.#claim({ work: 'rinse', leaseMs: rinseLeaseMs, gapMs: 0, renews: true });
    return this.#rinsing;
  }

  end(work: ExclusiveWork): void {
    if (work === 'rinse') this.#rinsing = false;
    else this.#isFlushing = false;
    this.#ended.push(work);
    void this.#options.exchange.sync();
  }

  fill(request: ExchangeRequest): void {
    request.events.push(...this.#events.splice(0));
    request.claims.push(...this.#claims.splice(0));
    request.ended.push(...this.#ended.splice(0));
    if (this.#rinsing) request.claims.push({ work: 'rinse', token: '', leaseMs: rinseLeaseMs, gapMs: 0, renews: true });
    if (this.#follower === null) return;
    request.cursor = this.#cursor;
    request.cursorEpoch = this.#epoch;
    const due = !this.#hasSnapshot || this.#cursor - this.#first >= maxEvents;
    if (this.#cursor < 0 || !due) return;
    request.snapshot = { at: this.#cursor, epoch: this.#epoch, saved: JSON.stringify(this.#follower.save()) };
  }

  accept(request: ExchangeRequest, reply: ExchangeReply): void {
    for (const token of reply.claimed) this.#granted.add(token);
    const follower = this.#follower;
    if (follower === null || request.cursor !== this.#cursor || reply.cursor === undefined) return;
    if (reply.snapshot) follower.restore(parsed(reply.snapshot));
    // An epoch identifies the data in Redis. If this worker already knows an epoch, an empty snapshot in the reply
    // means that Redis has lost its data. The worker then sends its own snapshot.
    if (reply.snapshot !== undefined) this.#hasSnapshot = reply.snapshot !== '' || this.#epoch === '';
    else if (request.snapshot !== undefined) this.#hasSnapshot = true;
    for (const each of reply.events ?? []) this.#apply(follower, each);
    this.#cursor = reply.cursor;
    this.#first = reply.first ?? 0;
    this.#epoch = reply.epoch;
    if (!reply.flushing) follower.flushLost();
  }

  fail({ events, ended }: ExchangeRequest): void {
    this.#events.unshift(...events);
    this.#ended.unshift(...ended);
    for (const text of events) {
      if (this.#follower === null || this.#applied.has(text)) continue;
      this.#apply(this.#follower, text);
      this.#applied.add(text);
    }
  }

  #apply(follower: MemoryFollower, text: string): void {
    if (this.#applied.delete(text)) return;
    const entry = entrySchema.safeParse(parsed(text));
    if (entry.success) follower.apply(entry.data.event, text === this.#flush);
  }

  /** Returns the JSON entry of a change. The entry is unique, because it contains the worker and a counter. */
  #entry(event: MemoryEvent): string {
    this.#count += 1;
    return JSON.stringify({ by: `${this.#options.id}:${this.#count}`, event });
  }

  async #claim(claim: Omit<WorkClaim, 'token'>): Promise<boolean> {
    if (this.#options.exchange.away) return false;
    this.#count += 1;
    const token = `${this.#options.id}:${this.#count}`;
    this.#claims.push({ ...claim, token });
    await this.#options.exchange.sync();
    return this.#granted.delete(token);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
