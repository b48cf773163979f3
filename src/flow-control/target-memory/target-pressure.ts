// The target's half of the governor: how large bodies may be just now, whether sending has to wait for a flush, and when
// one begins. All decisions are those of flushing.ts and sizing.ts; here they meet the clock. One flush at a time.

import type { Attempt, Clock, FlushOutcome, Notice } from '../../core/types/index.js';
import { capped, fullSize, type Sizing, size } from '../body-size.js';
import { FlushPacing } from './flush-pacing.js';
import {
  apartMs,
  type FlushCause,
  type Flushing,
  type FlushingEvent,
  type FlushingOptions,
  type Marks,
  step,
  unflushed,
} from './flushing.js';
import { RaftLogEstimate, type RaftLogOptions } from './raft-log-estimate.js';

const tickMs = 250;
const gaugesEveryMs = 10_000;

export interface TargetPressureOptions extends Omit<FlushingOptions, 'plan'> {
  /** Most body bytes without flushes; with them it is `kept.bodyBytes`. */
  readonly bodyBytesUnflushed: number;
  readonly kept: RaftLogOptions;
  /** What the plan makes of the bodies that the fullest node keeps, and of rows that have to fit beside them; null: no flush is planned. */
  readonly plan: {
    readonly marks: (keptBytes: number) => Marks;
    readonly bodiesBeside: (rowBytes: number) => number;
  } | null;
  /** Resident bytes of a node that holds so much beside what it takes when idle. */
  readonly weigh: (keptBytes: number, rowBytes: number) => number;
  readonly clock: Clock;
  /** Ends every wait. */
  readonly signal: AbortSignal;
  /** Asks the target to flush; never rejects. */
  readonly flush: (cause: FlushCause) => Promise<FlushOutcome>;
  /** Never rejects. */
  readonly gauges: () => Promise<readonly (number | null)[]>;
  readonly notify: (notice: Notice) => void;
}

/** Looks at the clock every 250 ms, and at the gauges every 10 s where flushes are planned, until `close`. */
export class TargetPressure {
  readonly #options: TargetPressureOptions;
  readonly #timers: (() => void)[];
  readonly #kept: RaftLogEstimate;
  readonly #pacing: FlushPacing;
  #flushing: Flushing = unflushed;
  #sizing: Sizing;
  #peakBytes: number;
  /** Looks again as soon as the next flush may begin. */
  #cancelLook: () => void = () => {};
  #holding = false;
  #waiting: (() => void)[] = [];
  #running: Promise<FlushOutcome> | null = null;
  #flushes = 0;
  #looking = false;
  #closed = false;

  constructor(options: TargetPressureOptions) {
    const { clock, signal, plan, kept } = options;
    this.#options = options;
    this.#sizing = fullSize(kept.bodyBytes);
    this.#kept = new RaftLogEstimate(kept);
    this.#peakBytes = options.weigh(0, 0);
    this.#pacing = new FlushPacing({
      most: kept.bodyBytes,
      beside: plan?.bodiesBeside ?? (() => kept.bodyBytes),
    });
    this.#timers = [clock.every(tickMs, () => this.#take({ kind: 'tick', at: clock.monotonic() }))];
    signal.addEventListener('abort', () => this.close(), { once: true });
    if (plan !== null) this.#timers.push(clock.every(gaugesEveryMs, () => void this.#look()));
  }

  /** Most body bytes of a batch just now. */
  get bodyBytes(): number {
    return Math.min(this.#sizing.bytes, this.#pacing.bytes);
  }

  /** Sending waits only for the time between two flushes to pass: with more memory it would go on. */
  get paced(): boolean {
    return this.#pacing.held;
  }

  get pacedSeconds(): number {
    return this.#pacing.heldSeconds;
  }

  /** Body bytes that are let through, as last seen between two flushes. */
  get bytesPerSecond(): number {
    return this.#pacing.bytesPerSecond;
  }

  /** Requests to flush that were sent. */
  get flushes(): number {
    return this.#flushes;
  }

  /** The most that the fullest node is believed to have taken, resident bytes. */
  get peakBytes(): number {
    return this.#peakBytes;
  }

  /** What the fullest node is believed to take just now, resident bytes. */
  get nodeBytes(): number {
    return this.#options.weigh(this.#kept.bytes, this.#flushing.pending + this.#flushing.fresh);
  }

  /** Every attempt, as soon as it is answered. `rows`: bytes that its points will take in the target's memory. */
  observe({ verdict, latencyMs }: Attempt, bodyBytes: number, rows: number): void {
    const at = this.#options.clock.monotonic();
    if (verdict.kind === 'accepted') {
      this.#kept.add(bodyBytes);
      this.#pacing.accepted(at, bodyBytes, rows * this.#options.share);
    }
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
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        this.#lookAtPace();
      });
    }
    this.#options.signal.throwIfAborted();
  }

  /** Asks the target to flush, after a flush under way. Resolves with its outcome; null if it may not be asked. */
  async flushNow(): Promise<FlushOutcome | null> {
    const { clock, signal } = this.#options;
    await this.#running;
    const apart = this.#flushing.lastFlushAt + apartMs - clock.monotonic();
    if (apart > 0) await clock.sleep(apart, signal).catch(() => {});
    this.#take({ kind: 'asked', at: clock.monotonic() });
    return await this.#running;
  }

  /** Nothing is asked for any more, and nothing waits. */
  close(): void {
    this.#closed = true;
    for (const cancel of this.#timers) cancel();
    this.#cancelLook();
    this.#release();
    this.#lookAtPace();
  }

  #take(event: FlushingEvent): void {
    if (this.#closed) return;
    const before = this.#flushing;
    const { plan, share, relieve, nodes } = this.#options;
    const marks = plan?.marks(this.#kept.atWorst) ?? null;
    const { state, decision } = step(before, event, { share, relieve, nodes, plan: marks });
    this.#flushing = state;
    this.#peakBytes = Math.max(this.#peakBytes, this.nodeBytes);
    if (state.givenUp !== null && before.givenUp === null) this.#giveUp(state.givenUp);
    if (decision.flush !== null) {
      this.#pacing.flushing(event.at);
      this.#begin(decision.flush);
    }
    this.#holding = decision.hold;
    if (!decision.hold) this.#release();
    this.#lookAtPace();
  }

  #lookAtPace(): void {
    const waits = this.#holding && this.#waiting.length > 0;
    const { flushingSince, givenUp } = this.#flushing;
    this.#pacing.look(this.#options.clock.monotonic(), waits && flushingSince === null && givenUp === null);
  }

  #begin(why: FlushCause): void {
    const { notify, flush, clock } = this.#options;
    this.#flushes++;
    this.#cancelLook();
    this.#cancelLook = clock.after(apartMs, () => this.#take({ kind: 'tick', at: clock.monotonic() }));
    if (why === 'relief') {
      const because =
        this.#flushing.exhaustedSince === null
          ? 'as much is unflushed on a node as --target-memory allows'
          : 'the target has answered nothing but "memory exhausted" for 30s';
      const message = `${because}: asking it to flush (COMPACT DATABASE)`;
      notify({ level: 'warn', kind: 'relief', message });
    }
    this.#running = flush(why).then((outcome) => {
      this.#running = null;
      if (why === 'relief' && outcome.kind !== 'done') notify(reliefNotice(outcome));
      this.#take({ kind: 'flushed', outcome, at: clock.monotonic() });
      return outcome;
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
