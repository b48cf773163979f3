// When nothing has been acknowledged for a minute: a line that says what is waited for, where, since when, and what went
// wrong last. Every minute, until something is acknowledged. Nobody should have to guess whether a load still lives.

import { duration } from '../../core/text.js';
import type { Attempt, Clock, EndpointTotals, Notice } from '../../core/types/index.js';

const quietMs = 60_000;
const lookEveryMs = 1_000;

/** What a run knows of itself when it is asked. */
export interface Standing {
  /** Batches handed out and not settled. */
  readonly outstanding: number;
  readonly endpoints: readonly EndpointTotals[];
  /** The input being read; null: none. */
  readonly input: string | null;
}

interface Failure {
  readonly at: number;
  readonly endpoint: string;
  readonly reason: string;
}

export interface StallContext {
  readonly clock: Clock;
  readonly look: () => Standing;
  readonly notify: (notice: Notice) => void;
}

export class Stall {
  readonly #context: StallContext;
  /** What is waited for apart from answers: since when. */
  readonly #waits = new Map<symbol, { readonly what: string; readonly since: number }>();
  readonly #cancel: () => void;
  #acknowledgedAt: number;
  #toldAt = 0;
  #failure: Failure | null = null;

  /** Begins to count at once. */
  constructor(context: StallContext) {
    this.#context = context;
    this.#acknowledgedAt = context.clock.monotonic();
    this.#cancel = context.clock.every(lookEveryMs, () => this.#look());
  }

  /** Every attempt, as soon as it is over. */
  observe({ verdict, endpoint }: Attempt): void {
    const at = this.#context.clock.monotonic();
    if (verdict.kind === 'accepted') this.#acknowledgedAt = at;
    else this.#failure = { at, endpoint, reason: verdict.kind === 'rejected' ? verdict.message : verdict.reason };
  }

  /** Settles as the work does; until then it counts as waited for. */
  async during<T>(what: string, work: Promise<T>): Promise<T> {
    const key = Symbol(what);
    this.#waits.set(key, { what, since: this.#context.clock.monotonic() });
    try {
      return await work;
    } finally {
      this.#waits.delete(key);
    }
  }

  /** The clock for whoever sleeps between two attempts and for nothing else. */
  backOffs(clock: Clock): Clock {
    return {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      after: (ms, callback) => clock.after(ms, callback),
      every: (ms, callback) => clock.every(ms, callback),
      sleep: (ms, signal) => this.during('the end of a back-off', clock.sleep(ms, signal)),
    };
  }

  close(): void {
    this.#cancel();
  }

  #look(): void {
    const now = this.#context.clock.monotonic();
    if (now - Math.max(this.#acknowledgedAt, this.#toldAt) < quietMs) return;
    this.#toldAt = now;
    const standing = this.#context.look();
    // An idle pipe is nobody's fault.
    const level = standing.outstanding === 0 ? 'info' : 'warn';
    this.#context.notify({ level, kind: 'stall', message: this.#words(standing, now) });
  }

  #words(standing: Standing, now: number): string {
    const last = this.#failure;
    const failed = last === null ? '' : ` — last error ${ago(last.at, now)} ago, ${last.endpoint}: ${last.reason}`;
    const waits = this.#waitedFor(standing, now).join(', ');
    return `nothing acknowledged for ${ago(this.#acknowledgedAt, now)} — waiting for ${waits}${failed}`;
  }

  #waitedFor({ outstanding, endpoints, input }: Standing, now: number): string[] {
    const oldest = new Map<string, number>();
    for (const { what, since } of this.#waits.values()) oldest.set(what, Math.min(since, oldest.get(what) ?? since));
    for (const { url, waitingSince } of endpoints) {
      if (typeof waitingSince === 'number') oldest.set(`an answer of ${url}`, waitingSince);
    }
    const waits = [...oldest].map(([what, since]) => `${what} (for ${ago(since, now)})`);
    if (waits.length > 0) return waits;
    if (outstanding === 0) return [input === null ? 'the next input' : `more input from ${input}`];
    const batches = outstanding === 1 ? '1 batch waits' : `${outstanding} batches wait`;
    return [`leave to send: a flush, a stage or the rate (${batches})`];
  }
}

const ago = (at: number, now: number): string => duration((now - at) / 1000);
