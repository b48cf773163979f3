// Flow control for the target's memory: limits request bodies, waits for flushes, and starts one flush at a time. The
// decisions are pure (flushing.ts, body-size.ts, flush-pacing.ts); this class connects them to the clock.

import type { Attempt, Clock, FlushCause, FlushOutcome } from '../../core/types/index.js';
import { adjustBodySize, type BodyAnswer, type BodySize, capBodySize, fullBodySize } from '../body-size.js';
import { FlushPacing } from './flush/flush-pacing.js';
import { FlushRuns, type FlushRunsOptions } from './flush/flush-runs.js';
import {
  type Flushing,
  type FlushingEvent,
  type FlushingOptions,
  type FlushMarks,
  flushIntervalMs,
  isDueWith,
  nextStageAt,
  type SavedFlushing,
  step,
  unflushed,
  unflushedBytes,
} from './flush/flushing.js';
import { RowsInFlight } from './flush/rows-in-flight.js';
import { flushesTooSlowly, largerBodies, noMoreFlushes, smallerBodies } from './pressure-notices.js';
import type { RaftCaches } from './raft-caches.js';

const tickMs = 250;
const gaugesEveryMs = 10_000;
/** A worker ignores gauges for this time after it joins a fleet, ms. Earlier values may date from before it joined. */
const gaugeAgeMs = 12_000;

export interface TargetPressureOptions
  extends Omit<FlushingOptions, 'plan' | 'isShared'>,
    Omit<FlushRunsOptions, 'ended' | 'clock'> {
  /** Largest planned body, bytes. `bodyBytesUnflushed` is the largest body once flushes are no longer planned. */
  readonly bodyBytes: number;
  readonly bodyBytesUnflushed: number;
  readonly caches: Pick<RaftCaches, 'bytes' | 'atWorst' | 'bucketCount'>;
  /** Formulas of the plan; null if no flush is planned. */
  readonly plan: {
    /** Returns thresholds. `seriesBytes`: bytes of unflushed series. `countsSent`: true if rows in flight count. */
    readonly marks: (keptBytes: number, seriesBytes: number) => FlushMarks;
    readonly bodiesBeside: (rowBytes: number) => number;
    readonly countsSent: boolean;
  } | null;
  /** Returns the resident bytes of a node from the bytes of its retained bodies and of its unflushed rows. */
  readonly weigh: (keptBytes: number, rowBytes: number) => number;
  readonly clock: Clock;
  /** Ends every wait. */
  readonly signal: AbortSignal;
  /** Reads the memory gauges of the nodes. The promise never rejects. */
  readonly gauges: () => Promise<readonly (number | null)[]>;
  /** Ends the run with an error. */
  readonly end: (error: unknown) => void;
}

/** Checks the time every 250 ms. If flushes are planned, also reads the gauges every 10 s. Ends at `close`. */
export class TargetPressure {
  /** Adjusts the body size, and measures the waits that only the interval between two flushes causes. */
  readonly pacing: FlushPacing;
  readonly #options: TargetPressureOptions;
  readonly #intervalMs: number;
  readonly #timers: (() => void)[];
  readonly #runs: FlushRuns;
  #flushing: Flushing = unflushed;
  #bodySize: BodySize;
  #marks: FlushMarks | null = null;
  readonly #rowsInFlight: RowsInFlight;
  #peakBytes: number;
  /** Cancels the check that runs at the time of the next possible flush. */
  #cancelCheck: () => void = () => {};
  #holding = false;
  /** Callbacks of waiting batches. The argument is true if a batch is sent as a test although the load must wait. */
  readonly #waiting: ((isTest: boolean) => void)[] = [];
  #readingGauges = false;
  /** Time from which gauges are compared with the estimates, monotonic ms. */
  #gaugesFrom = Number.NEGATIVE_INFINITY;
  /** Outcome of the last flush of the fleet. */
  #outcome: FlushOutcome | null = null;
  #closed = false;

  constructor(options: TargetPressureOptions) {
    const { clock, signal, plan, bodyBytes } = options;
    this.#options = options;
    this.#intervalMs = options.intervalMs ?? flushIntervalMs;
    this.#bodySize = fullBodySize(bodyBytes);
    this.#peakBytes = options.weigh(0, 0);
    this.pacing = new FlushPacing({
      maxBytes: bodyBytes,
      bodiesBeside: plan?.bodiesBeside ?? (() => bodyBytes),
      intervalMs: this.#intervalMs,
    });
    const ended = (outcome: FlushOutcome): void => this.#take({ kind: 'flushed', outcome, at: clock.monotonic() });
    this.#rowsInFlight = new RowsInFlight(plan?.countsSent ?? false);
    this.#runs = new FlushRuns({ ...options, ended });
    this.#timers = [clock.every(tickMs, () => this.#take({ kind: 'tick', at: clock.monotonic() }))];
    signal.addEventListener('abort', () => this.close(), { once: true });
    if (plan !== null) this.#timers.push(clock.every(gaugesEveryMs, () => void this.#readGauges()));
  }

  /** Largest body of a batch at this moment, bytes. */
  get bodyBytes(): number {
    return Math.min(this.#bodySize.bytes, this.pacing.bytes, this.#rowsInFlight.largestBody(this.#marks));
  }

  /** Number of flush requests sent. */
  get flushes(): number {
    return this.#runs.count;
  }

  /** Estimated peak of the fullest node, resident bytes. */
  get peakBytes(): number {
    return this.#peakBytes;
  }

  /** Estimated memory of the fullest node at this moment, resident bytes. */
  get nodeBytes(): number {
    return this.#options.weigh(this.#options.caches.bytes, unflushedBytes(this.#flushing));
  }

  /**
   * Must be called for each attempt after its response, once `caches` has counted the body. `rows`: bytes of its points
   * in the target's memory. `series`: bytes of their series. In a fleet, both are 0: the log delivers these numbers.
   */
  observe({ verdict, latencyMs }: Attempt, bodyBytes: number, rows: number, series = 0): void {
    const at = this.#options.clock.monotonic();
    if (verdict.kind === 'accepted' && this.#options.log === null) this.#count(at, bodyBytes, rows + series);
    const memory = verdict.kind === 'overloaded' && verdict.memory;
    const trouble = memory || verdict.kind === 'dropped' || (verdict.kind === 'overloaded' && verdict.timedOut);
    if (trouble || verdict.kind === 'accepted') this.#adjust({ trouble, bytes: bodyBytes, latencyMs, now: at });
    if (verdict.kind === 'accepted') this.#take({ kind: 'accepted', bytes: rows, seriesBytes: series, at });
    else if (memory) this.#take({ kind: 'exhausted', at });
    else if (verdict.kind !== 'unreachable' && verdict.kind !== 'dropped') this.#take({ kind: 'otherAnswer', at });
  }

  /** Counts a body of any worker of a fleet, or a rinsing write with 0 body bytes. `rows`, `series`: see `observe`. */
  acknowledged(bodyBytes: number, rows: number, series = 0): void {
    const at = this.#options.clock.monotonic();
    if (bodyBytes > 0) this.#count(at, bodyBytes, rows + series);
    this.#take({ kind: 'rewritten', bytes: rows, seriesBytes: series, at });
  }

  /** Records that a flush of the fleet begins. @param own true if this worker flushes */
  flushBegan(cause: FlushCause, own: boolean): void {
    const at = this.#options.clock.monotonic();
    this.#began(at);
    this.#take({ kind: 'began', cause, at });
    if (own) this.#run(cause);
  }

  flushEnded(outcome: FlushOutcome): void {
    this.#outcome = outcome;
    this.#take({ kind: 'flushed', outcome, at: this.#options.clock.monotonic() });
  }

  get flushing(): Flushing {
    return this.#flushing;
  }

  save(): SavedFlushing {
    const { pending, fresh, pendingSeries, freshSeries, factor } = this.#flushing;
    return { pending, fresh, pendingSeries, freshSeries, factor, isFlushing: this.#flushing.flushingSince !== null };
  }

  restore({ isFlushing, ...estimate }: SavedFlushing): void {
    const at = this.#options.clock.monotonic();
    this.#gaugesFrom = at + gaugeAgeMs;
    this.#flushing = { ...this.#flushing, ...estimate, history: [], flushingSince: isFlushing ? at : null };
  }

  /** Resolves when a body may be sent; rejects with the signal's reason. Call `settled` after the request. */
  async admit(bodyBytes: number): Promise<void> {
    while (!this.#closed && (this.#holding || this.#rowsInFlight.exceedsRoom(this.#marks, this.#flushing, bodyBytes))) {
      const isTest = await new Promise<boolean>((resolve) => {
        this.#waiting.push(resolve);
        this.#updatePacing();
      });
      if (isTest) break;
    }
    this.#options.signal.throwIfAborted();
    this.#rowsInFlight.admitted(bodyBytes);
  }

  settled(bodyBytes: number): void {
    this.#rowsInFlight.settled(bodyBytes);
    this.#take({ kind: 'tick', at: this.#options.clock.monotonic() });
  }

  /** Requests a flush after any running flush. Resolves with the outcome; null if flushes are forbidden. */
  async flushNow(): Promise<FlushOutcome | null> {
    const { clock, signal, log } = this.#options;
    if (log !== null) return await this.#flushByFleet();
    await this.#runs.running;
    const rest = (): number => nextStageAt(this.#flushing, this.#intervalMs) - clock.monotonic();
    // Loops, because a timer may end up to 1 ms early. A planned flush that begins meanwhile also ends the stage.
    while (this.#runs.running === null && rest() > 0 && !signal.aborted)
      await clock.sleep(Math.ceil(rest()), signal).catch(() => {});
    this.#take({ kind: 'asked', at: clock.monotonic() });
    return await this.#runs.running;
  }

  /** Returns true if `rowBytes` of further rows on a node would make a planned flush due (see `isDueWith`). */
  needsFlushBefore(rowBytes: number): boolean {
    return this.#options.relieve && isDueWith(this.#flushing, this.#marks, rowBytes);
  }

  get running(): Promise<unknown> | null {
    return this.#runs.running;
  }

  close(): void {
    this.#closed = true;
    for (const cancel of this.#timers) cancel();
    this.#cancelCheck();
    this.#release();
    this.#updatePacing();
  }

  #take(event: FlushingEvent): void {
    if (this.#closed) return;
    const before = this.#flushing;
    const { plan, caches, share, relieve, nodes, log } = this.#options;
    this.#marks = plan?.marks(caches.atWorst, before.pendingSeries + before.freshSeries) ?? null;
    const options = { share, relieve, nodes, intervalMs: this.#intervalMs, isShared: log !== null, plan: this.#marks };
    const { state, decision } = step(before, event, options);
    this.#flushing = state;
    this.#peakBytes = Math.max(this.#peakBytes, this.nodeBytes);
    if (state.givenUp !== null && before.givenUp === null) this.#giveUp(state.givenUp);
    if (decision.flush !== null && log !== null) void this.#runs.ask(log, decision.flush);
    else if (decision.flush !== null) {
      this.#began(event.at);
      this.#run(decision.flush);
    }
    if (decision.isStuck) this.#options.end(flushesTooSlowly(unflushedBytes(state)));
    if (this.#runs.observe(event)) this.#waiting.shift()?.(true);
    this.#holding = decision.hold;
    if (!decision.hold) this.#release();
    this.#updatePacing();
  }

  #count(at: number, bodyBytes: number, rows: number): void {
    this.#rowsInFlight.acknowledged(bodyBytes, rows * this.#options.share * this.#flushing.factor);
    this.pacing.accepted(at, bodyBytes, rows * this.#options.share);
  }

  #updatePacing(): void {
    const { flushingSince, givenUp } = this.#flushing;
    const waits = this.#waiting.length > 0 && unflushedBytes(this.#flushing) >= (this.#marks?.dueBytes ?? 0);
    this.pacing.setHeld(this.#options.clock.monotonic(), waits && flushingSince === null && givenUp === null);
  }

  async #flushByFleet(): Promise<FlushOutcome | null> {
    const { clock, signal } = this.#options;
    const before = this.#flushing.lastFlushAt;
    while (!signal.aborted && !this.#closed) {
      const { lastFlushAt, notPermitted, flushingSince } = this.#flushing;
      if (!this.#options.relieve || notPermitted) return null;
      if (lastFlushAt > before && flushingSince === null) return this.#outcome;
      this.#take({ kind: 'asked', at: clock.monotonic() });
      await clock.sleep(tickMs, signal).catch(() => {});
    }
    return null;
  }

  #began(at: number): void {
    const { clock } = this.#options;
    this.pacing.flushBegins(at);
    this.#cancelCheck();
    this.#cancelCheck = clock.after(this.#intervalMs, () => this.#take({ kind: 'tick', at: clock.monotonic() }));
  }

  #run(cause: FlushCause): void {
    const vnodes = Math.max(1, this.#options.caches.bucketCount);
    this.#runs.run(cause, this.#flushing.exhaustedSince !== null, unflushedBytes(this.#flushing) / vnodes);
  }

  #giveUp(why: string): void {
    if (this.#options.plan === null) return;
    this.#bodySize = capBodySize(this.#bodySize, this.#options.bodyBytesUnflushed, this.#options.clock.monotonic());
    this.#options.notify(noMoreFlushes(why, this.#bodySize.max, this.#flushing.slowly));
  }

  #adjust(answer: BodyAnswer): void {
    const before = this.#bodySize.bytes;
    this.#bodySize = adjustBodySize(this.#bodySize, answer);
    const { bytes } = this.#bodySize;
    if (bytes !== before) this.#options.notify((bytes < before ? smallerBodies : largerBodies)(bytes));
  }

  async #readGauges(): Promise<void> {
    if (this.#readingGauges) return;
    this.#readingGauges = true;
    const bytes = await this.#options.gauges();
    this.#readingGauges = false;
    const at = this.#options.clock.monotonic();
    if (at >= this.#gaugesFrom) this.#take({ kind: 'gauges', bytes, at });
  }

  #release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve(false);
  }
}
