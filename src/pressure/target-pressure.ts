// The target's half of the governor: how large bodies may be just now, whether sending has to wait for a flush, and when
// one begins. All decisions are those of flushing.ts and sizing.ts; here they meet the clock. One flush at a time.

import type { Attempt, Clock, FlushOutcome, Notice } from '../model.js';
import { type Flushing, type FlushingEvent, type FlushingOptions, step, unflushed } from './flushing.js';
import { capped, fullSize, type Sizing, size } from './sizing.js';

const tickMs = 250;
const gaugesEveryMs = 10_000;

export interface TargetPressureOptions extends FlushingOptions {
  /** Most body bytes by the plan, and without flushes. */
  readonly bodyBytes: number;
  readonly bodyBytesUnflushed: number;
  readonly clock: Clock;
  /** Ends every wait. */
  readonly signal: AbortSignal;
  /** Asks the target to flush; never rejects. */
  readonly flush: () => Promise<FlushOutcome>;
  /** Never rejects. */
  readonly gauges: () => Promise<readonly (number | null)[]>;
  readonly notify: (notice: Notice) => void;
}

/** Looks at the clock every 250 ms, and at the gauges every 10 s where flushes are planned, until `close`. */
export class TargetPressure {
  readonly #options: TargetPressureOptions;
  readonly #timers: (() => void)[];
  #flushing: Flushing = unflushed;
  #sizing: Sizing;
  #holding = false;
  #waiting: (() => void)[] = [];
  #running: Promise<void> | null = null;
  #flushes = 0;
  #looking = false;
  #closed = false;

  constructor(options: TargetPressureOptions) {
    const { clock, signal } = options;
    this.#options = options;
    this.#sizing = fullSize(options.bodyBytes);
    this.#timers = [clock.every(tickMs, () => this.#take({ kind: 'tick', at: clock.monotonic() }))];
    signal.addEventListener('abort', () => this.close(), { once: true });
    if (options.plan !== null) this.#timers.push(clock.every(gaugesEveryMs, () => void this.#look()));
  }

  /** Most body bytes of a batch just now. */
  get bodyBytes(): number {
    return this.#sizing.bytes;
  }

  /** Requests to flush that were sent. */
  get flushes(): number {
    return this.#flushes;
  }

  /** Most bytes believed unflushed on one node. */
  get peakUnflushed(): number {
    return this.#flushing.peakBytes;
  }

  /** Bytes believed unflushed on the fullest node just now. */
  get unflushed(): number {
    return this.#flushing.pending + this.#flushing.fresh;
  }

  /** Every attempt, as soon as it is answered. `rows`: bytes that its points will take in the target's memory. */
  observe({ verdict, latencyMs }: Attempt, bodyBytes: number, rows: number): void {
    const at = this.#options.clock.monotonic();
    const memory = verdict.kind === 'overloaded' && verdict.memory;
    const trouble = memory || verdict.kind === 'dropped' || (verdict.kind === 'overloaded' && verdict.timedOut);
    if (trouble || verdict.kind === 'accepted') this.#resize({ trouble, bytes: bodyBytes, latencyMs, now: at });
    if (verdict.kind === 'accepted') this.#take({ kind: 'accepted', bytes: rows, latencyMs, at });
    else if (memory) this.#take({ kind: 'exhausted', at });
    else if (verdict.kind !== 'unreachable' && verdict.kind !== 'dropped') this.#take({ kind: 'otherAnswer', at });
  }

  /** Resolves when something new may be sent; rejects with the reason of the signal when that has aborted. */
  async admit(): Promise<void> {
    while (this.#holding && !this.#closed) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#options.signal.throwIfAborted();
  }

  /** Has the target flush now, after a flush under way; resolves when that has ended, or when it may not be asked. */
  async flushNow(): Promise<void> {
    await this.#running;
    this.#take({ kind: 'asked', at: this.#options.clock.monotonic() });
    await this.#running;
  }

  /** Nothing is asked for any more, and nothing waits. */
  close(): void {
    this.#closed = true;
    for (const cancel of this.#timers) cancel();
    this.#release();
  }

  #take(event: FlushingEvent): void {
    if (this.#closed) return;
    const before = this.#flushing;
    const { state, decision } = step(before, event, this.#options);
    this.#flushing = state;
    if (state.givenUp !== null && before.givenUp === null) this.#giveUp(state.givenUp);
    if (decision.flush !== null) this.#begin(decision.flush);
    this.#holding = decision.hold;
    if (!decision.hold) this.#release();
  }

  #begin(why: 'planned' | 'relief'): void {
    const { notify, flush, clock } = this.#options;
    this.#flushes++;
    if (why === 'relief') {
      const because =
        this.#flushing.exhaustedSince === null
          ? 'as much is unflushed on a node as --target-memory allows'
          : 'the target has answered nothing but "memory exhausted" for 30s';
      const message = `${because}: asking it to flush (COMPACT DATABASE)`;
      notify({ level: 'warn', kind: 'relief', message });
    }
    this.#running = flush().then((outcome) => {
      this.#running = null;
      if (why === 'relief' && outcome.kind !== 'done') notify(reliefNotice(outcome));
      this.#take({ kind: 'flushed', outcome, at: clock.monotonic() });
    });
  }

  #giveUp(why: string): void {
    const { plan, bodyBytesUnflushed, clock, notify } = this.#options;
    if (plan === null) return;
    this.#sizing = capped(this.#sizing, bodyBytesUnflushed, clock.monotonic());
    const message =
      `no more planned flushes (COMPACT DATABASE): ${why}; bodies are at most ${this.#sizing.most} bytes from now on, ` +
      (this.#flushing.slowly
        ? 'and at --target-memory writing waits for the target to have written'
        : 'and nodes may take more than --target-memory');
    notify({ level: 'warn', kind: 'flush', message });
  }

  #resize(seen: Parameters<typeof size>[1]): void {
    const before = this.#sizing.bytes;
    this.#sizing = size(this.#sizing, seen);
    const { bytes } = this.#sizing;
    if (bytes >= before) return;
    const message = `the target is in trouble: batches are at most ${bytes} bytes for now`;
    this.#options.notify({ level: 'warn', kind: 'smaller-batches', message });
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    const bytes = await this.#options.gauges();
    this.#looking = false;
    this.#take({ kind: 'gauges', bytes, at: this.#options.clock.monotonic() });
  }

  #release(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

function reliefNotice({ kind, reason, tookMs }: FlushOutcome): Notice {
  const what = kind === 'timedOut' ? `no answer within ${Math.round(tookMs / 1000)}s; it may go on with it` : reason;
  return { level: 'warn', kind: 'relief-failed', message: `asked the target to flush: ${what}` };
}
