// Holds batches back for the target's memory: waits for flushes and stages, and keeps the account of them.

import type { Attempt, Batch, Clock, Notice, Target } from '../../core/types/index.js';
import { formatBytes } from '../../core/units.js';
import { WaitStats } from '../../core/wait-stats.js';
import { rowsPerByte } from './memcache-estimate.js';
import { pacingMessage, type TargetMemoryForecast } from './target-forecast.js';
import { bodiesBeside, bodiesKept, flushMarks, nodePeak, smallestBody } from './target-plan.js';
import { TargetPressure } from './target-pressure.js';

/** A flush under way does no good after this. */
const flushTimeoutMs = 15_000;
/** The gauge of a node is refreshed every 10 s: before that it may show what was. */
const gaugeAgeMs = 12_000;
const lookEveryMs = 2_000;
const longestStageWaitMs = 300_000;
/** Of a stage, or so little that it does not matter: flushed. */
const downShare = 0.1;
const downBytes = 16 * 1024 * 1024;

/** The operator is told what holds the load back when it has for so long, and for such a share of the time. */
const pacedLongSeconds = 5;
const pacedLongShare = 0.25;

export interface ThrottleOptions {
  /** Bytes after which the load flushes and waits; null for never. */
  readonly stage: number | null;
  /** Whether the load may ask the target to flush. */
  readonly relieve: boolean;
}

export interface TargetThrottleContext {
  readonly target: Pick<Target, 'flush' | 'gauges' | 'traits'>;
  readonly clock: Clock;
  /** Ends flushes and looks at gauges. */
  readonly signal: AbortSignal;
  readonly notify: (notice: Notice) => void;
}

export class TargetThrottle {
  readonly #forecast: TargetMemoryForecast;
  readonly #context: TargetThrottleContext;
  readonly #stageBytes: number | null;
  readonly #pressure: TargetPressure;
  /** For flushes and stages. */
  readonly #waits: WaitStats;
  #acknowledged = 0;
  /** Monotonic ms of the first answer. */
  #firstAt: number | null = null;
  #saidPaced = false;
  /** Of the batch that came by last: tables are mostly loaded one after the other. */
  #rowsPerByte = 1;
  #stagedAt = 0;
  #stage: Promise<void> | null = null;

  constructor(options: ThrottleOptions, forecast: TargetMemoryForecast, context: TargetThrottleContext) {
    const { target, clock, signal, notify } = context;
    const { plan, layout, buckets, totalBytes } = forecast;
    const { share, bodyBytes, limitBytes, flush, cacheBytes } = plan;
    this.#forecast = forecast;
    this.#context = context;
    this.#stageBytes = options.stage;
    this.#waits = new WaitStats(clock);
    this.#pressure = new TargetPressure({
      share,
      plan:
        flush === null || limitBytes === null
          ? null
          : {
              marks: (kept) => flushMarks(limitBytes, kept),
              bodiesBeside: (rows) => bodiesBeside(plan, buckets, rows),
            },
      kept: { count: bodiesKept, share, buckets, bodyBytes, totalBytes },
      // Where no flush is planned no gauge is read: what the target flushes by itself goes unseen.
      weigh: (kept, rows) => nodePeak(kept, flush === null ? Math.min(rows, cacheBytes) : rows),
      relieve: options.relieve,
      nodes: layout.nodes,
      bodyBytesUnflushed: Math.min(smallestBody, bodyBytes),
      clock,
      signal,
      flush: (cause) => target.flush(cause === 'stage' ? longestStageWaitMs : flushTimeoutMs, signal),
      gauges: () => target.gauges(signal),
      notify,
    });
  }

  /** Most body bytes of a batch just now. */
  get bodyBytes(): number {
    return this.#pressure.bodyBytes;
  }

  /** Every attempt, as soon as it is answered. */
  observe(attempt: Attempt, bodyBytes: number): void {
    this.#firstAt ??= this.#context.clock.monotonic();
    if (attempt.verdict.kind === 'accepted') this.#acknowledged += bodyBytes;
    this.#pressure.observe(attempt, bodyBytes, bodyBytes * this.#rowsPerByte);
    if (!this.#saidPaced) this.#sayPaced(this.#firstAt);
  }

  /** Resolves when a batch may be sent; rejects with the signal's reason. */
  async admit(batch: Pick<Batch, 'points' | 'values' | 'body'>): Promise<void> {
    this.#rowsPerByte = rowsPerByte(batch.points, batch.values, batch.body.length);
    if (batch.points === 0) return;
    await this.#waits.during(this.#staged().then(() => this.#pressure.admit()));
  }

  /** What holds every batch back just now. */
  get holding(): 'target' | 'targetMemory' | null {
    if (this.#pressure.paced) return 'targetMemory';
    return this.#waits.going ? 'target' : null;
  }

  /** For the summary; `estimatedBytesPerNode` is what the fullest node holds just now. */
  account(): {
    planBytesPerNode: number | null;
    estimatedPeakBytesPerNode: number | null;
    estimatedBytesPerNode: number | null;
    flushes: number;
    advice: string | null;
    /** Waits for flushes and stages; of them `pacedSeconds` only for the time between two flushes to pass. */
    flushSeconds: number;
    pacedSeconds: number;
  } {
    const told = this.#context.target.traits.plansMemory;
    return {
      planBytesPerNode: told ? this.#forecast.plan.peakBytes : null,
      estimatedPeakBytesPerNode: told ? this.#pressure.peakBytes : null,
      estimatedBytesPerNode: told ? this.#pressure.nodeBytes : null,
      flushes: this.#pressure.flushes,
      advice: this.#saidPaced ? this.#pacedWords() : null,
      flushSeconds: this.#waits.seconds,
      pacedSeconds: this.#pressure.pacedSeconds,
    };
  }

  close(): void {
    this.#pressure.close();
  }

  #sayPaced(firstAt: number): void {
    const { clock, notify } = this.#context;
    const seconds = this.#pressure.pacedSeconds;
    if (seconds < pacedLongSeconds || seconds < ((clock.monotonic() - firstAt) / 1000) * pacedLongShare) return;
    this.#saidPaced = true;
    notify({ level: 'info', kind: 'paced', message: this.#pacedWords() });
  }

  #pacedWords(): string {
    return pacingMessage(this.#forecast, this.#pressure.bodyBytes, this.#pressure.bytesPerSecond);
  }

  /** The first batch beyond a stage makes all wait until what was sent has been flushed. */
  async #staged(): Promise<void> {
    const stage = this.#stageBytes;
    if (this.#stage === null && stage !== null && this.#acknowledged - this.#stagedAt >= stage) {
      this.#stage = this.#endStage(stage).finally(() => {
        this.#stagedAt = this.#acknowledged;
        this.#stage = null;
      });
    }
    await this.#stage;
  }

  async #endStage(stage: number): Promise<void> {
    const { clock, signal, notify } = this.#context;
    const since = clock.monotonic();
    const sent = formatBytes(this.#acknowledged);
    notify({ level: 'info', kind: 'stage', message: `${sent} sent: waiting until the target has flushed (--stage)` });
    // The answer to COMPACT DATABASE comes once everything is on disk. Gauges are read only where it does not come.
    const outcome = await this.#pressure.flushNow();
    signal.throwIfAborted();
    if (outcome?.kind === 'done') return;
    const unflushed = await this.#untilDown(Math.max(downBytes, stage * downShare), since + longestStageWaitMs);
    signal.throwIfAborted();
    if (unflushed === null) return;
    const message = `${formatBytes(unflushed)} are still unflushed on a node after ${longestStageWaitMs / 60_000} minutes: going on without waiting longer`;
    notify({ level: 'warn', kind: 'stage-over', message });
  }

  /** Null when every node that tells has flushed, or none tells; else what is left when the time is over. */
  async #untilDown(down: number, until: number): Promise<number | null> {
    const { target, clock, signal } = this.#context;
    await clock.sleep(gaugeAgeMs, signal);
    for (;;) {
      const told = (await target.gauges(signal)).filter((each) => each !== null);
      const most = Math.max(0, ...told);
      if (most <= down) return null;
      if (clock.monotonic() >= until) return most;
      await clock.sleep(lookEveryMs, signal);
    }
  }
}
