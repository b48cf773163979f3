// Reports a stall. After each minute without an acknowledgement, a notice names the current waits of the load, their
// durations and the last error. If points were rejected in that minute, the notice counts the rejects instead of naming
// waits.

import { duration, plural } from '../../core/text.js';
import type { Attempt, Clock, EndpointTotals, Notice } from '../../core/types/index.js';
import { wrapObject } from '../../core/wrap-object.js';

const quietMs = 60_000;
const checkEveryMs = 1_000;

/** State of a run when a stall is reported. */
export interface StallFacts {
  /** Number of batches that writers have received, but whose points are not yet loaded, rejected or undelivered. */
  readonly outstanding: number;
  readonly endpoints: readonly EndpointTotals[];
  /** Name of the input that is being read; null between inputs. */
  readonly input: string | null;
}

interface Failure {
  readonly at: number;
  readonly endpoint: string;
  readonly reason: string;
}

export interface StallContext {
  readonly clock: Clock;
  readonly facts: () => StallFacts;
  /** Returns the number of points that the program or the target has rejected so far. */
  readonly rejected: () => number;
  readonly notify: (notice: Notice) => void;
}

export class StallReport {
  readonly #context: StallContext;
  /** Current waits, each with its start. Waits for responses are not included. */
  readonly #waits = new Map<symbol, { readonly what: string; readonly since: number }>();
  readonly #cancel: () => void;
  #acknowledgedAt: number;
  #reportedAt = 0;
  /** Number of requests that the target rejected since the last acknowledgement or report. */
  #rejectedRequests = 0;
  /** Number of rejected points at the last acknowledgement or report. */
  #rejectedBefore: number;
  /** Time at which --verify began to read points back; null before that time. */
  #verifyingSince: number | null = null;
  #failure: Failure | null = null;

  /** Starts the timer of the first minute. */
  constructor(context: StallContext) {
    this.#context = context;
    this.#acknowledgedAt = context.clock.monotonic();
    this.#rejectedBefore = context.rejected();
    this.#cancel = context.clock.every(checkEveryMs, () => this.#check());
  }

  /** Must be called for each attempt as soon as the attempt ends. */
  observe({ verdict, endpoint }: Attempt): void {
    const at = this.#context.clock.monotonic();
    if (verdict.kind === 'accepted') {
      this.#acknowledgedAt = at;
      this.#countRejects();
      return;
    }
    if (verdict.kind === 'rejected') this.#rejectedRequests += 1;
    this.#failure = { at, endpoint, reason: verdict.kind === 'rejected' ? verdict.message : verdict.reason };
  }

  /** Waits for `work`, and returns its value or throws its error. A stall that is reported meanwhile names `what`. */
  async during<T>(what: string, work: Promise<T>): Promise<T> {
    const key = Symbol(what);
    this.#waits.set(key, { what, since: this.#context.clock.monotonic() });
    try {
      return await work;
    } finally {
      this.#waits.delete(key);
    }
  }

  /** Returns the clock for waits before retries. A stall that is reported during such a wait names the back-off. */
  backOffs(clock: Clock): Clock {
    const sleep: Clock['sleep'] = (ms, signal) => this.during('the end of a back-off', clock.sleep(ms, signal));
    return wrapObject(clock, { sleep });
  }

  /** Records that all points are sent and a sample is being read back. */
  verifying(): void {
    this.#verifyingSince = this.#context.clock.monotonic();
    this.#acknowledgedAt = this.#verifyingSince;
    this.#countRejects();
  }

  close(): void {
    this.#cancel();
  }

  #check(): void {
    const now = this.#context.clock.monotonic();
    if (now - Math.max(this.#acknowledgedAt, this.#reportedAt) < quietMs) return;
    this.#reportedAt = now;
    const facts = this.#context.facts();
    const rejects = this.#rejects();
    // Waiting for an idle pipe or for --verify does not need a warning.
    const level = facts.outstanding === 0 && rejects === null ? 'info' : 'warn';
    this.#context.notify({ level, kind: 'stall', message: this.#message(facts, rejects, now) });
    this.#countRejects();
  }

  /** Resets the count of rejects. */
  #countRejects(): void {
    this.#rejectedRequests = 0;
    this.#rejectedBefore = this.#context.rejected();
  }

  /**
   * Describes the rejects since the last acknowledgement or report; null without rejects. Prefers rejected requests to
   * rejected points, because the ledger counts the rejected points of a batch only at the end of the batch.
   */
  #rejects(): string | null {
    const requests = this.#rejectedRequests;
    if (requests > 0) return `the target rejected ${plural(requests, 'request')}`;
    const points = this.#context.rejected() - this.#rejectedBefore;
    return points > 0 ? `${plural(points, 'point')} ${points === 1 ? 'was' : 'were'} rejected` : null;
  }

  #message(facts: StallFacts, rejects: string | null, now: number): string {
    const last = this.#failure;
    const failed = last === null ? '' : `; last error ${age(last.at, now)} ago, ${last.endpoint}: ${last.reason}`;
    if (this.#verifyingSince !== null)
      return `reading a sample back for ${age(this.#verifyingSince, now)} (--verify); every point was sent`;
    const why =
      rejects === null ? `waiting for ${this.#waitingFor(facts, now).join(', ')}` : `${rejects} in the last minute`;
    return `nothing acknowledged for ${age(this.#acknowledgedAt, now)}: ${why}${failed}`;
  }

  #waitingFor({ outstanding, endpoints, input }: StallFacts, now: number): string[] {
    const oldest = new Map<string, number>();
    for (const { what, since } of this.#waits.values()) oldest.set(what, Math.min(since, oldest.get(what) ?? since));
    for (const { url, waitingSince } of endpoints) {
      if (typeof waitingSince === 'number') oldest.set(`an answer from ${url}`, waitingSince);
    }
    const waits = [...oldest].map(([what, since]) => `${what} (for ${age(since, now)})`);
    if (waits.length > 0) return waits;
    if (outstanding === 0) return [input === null ? 'the next input' : `more input from ${input}`];
    return [`a flush, the end of a stage or the rate limit (${plural(outstanding, 'batch waits', 'batches wait')})`];
  }
}

const age = (at: number, now: number): string => duration((now - at) / 1000);
