// Splits a load into stages (--stage). When the bytes of a stage are acknowledged, every batch waits until the target
// has flushed.

import { size } from '../../../core/text.js';
import type { Clock, FlushOutcome, Notice, Target } from '../../../core/types/index.js';

export const maxStageWaitMs = 300_000;
/** Largest age of a gauge's value, ms. A node updates its memory gauge every 10 s. */
const gaugeAgeMs = 12_000;
const gaugesEveryMs = 2_000;
/** A stage counts as flushed once its unflushed bytes are below this share of its size, or below `flushedBytes`. */
const flushedShare = 0.1;
const flushedBytes = 16 * 1024 * 1024;

export interface StagesContext {
  readonly target: Pick<Target, 'gauges'>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly notify: (notice: Notice) => void;
}

export class Stages {
  readonly #bytes: number | null;
  readonly #flush: () => Promise<FlushOutcome | null>;
  readonly #context: StagesContext;
  #acknowledged = 0;
  #endedAt = 0;
  #ending: Promise<void> | null = null;

  /**
   * @param bytes length of a stage; null for no stages
   * @param flush asks the target to flush; resolves with null if flushes are forbidden
   */
  constructor(bytes: number | null, flush: () => Promise<FlushOutcome | null>, context: StagesContext) {
    this.#bytes = bytes;
    this.#flush = flush;
    this.#context = context;
  }

  /** Counts an acknowledged body. */
  acknowledged(bytes: number): void {
    this.#acknowledged += bytes;
  }

  /**
   * Waits at the end of a stage until the target has flushed. The first batch beyond the stage starts this wait for all
   * batches.
   */
  async admit(): Promise<void> {
    const stage = this.#bytes;
    if (this.#ending === null && stage !== null && this.#acknowledged - this.#endedAt >= stage) {
      this.#ending = this.#end(stage).finally(() => {
        this.#endedAt = this.#acknowledged;
        this.#ending = null;
      });
    }
    await this.#ending;
  }

  async #end(stage: number): Promise<void> {
    const { clock, signal, notify } = this.#context;
    const since = clock.monotonic();
    const sent = size(this.#acknowledged);
    notify({
      level: 'info',
      kind: 'stage',
      message: `${sent} acknowledged: waiting until the target has flushed (--stage)`,
    });
    // A successful flush ends once everything is on disk. Gauges are read only if the flush does not succeed.
    const outcome = await this.#flush();
    signal.throwIfAborted();
    if (outcome?.kind === 'done') return;
    const unflushed = await this.#untilFlushed(Math.max(flushedBytes, stage * flushedShare), since + maxStageWaitMs);
    signal.throwIfAborted();
    if (unflushed === null) return;
    const message = `${size(unflushed)} of rows are still unflushed on a node after ${maxStageWaitMs / 60_000} minutes: the load continues`;
    notify({ level: 'warn', kind: 'stage-over', message });
  }

  /**
   * Resolves with null once no gauge exceeds `enough` bytes. At the time `until` (monotonic ms), resolves with the
   * largest gauge instead.
   */
  async #untilFlushed(enough: number, until: number): Promise<number | null> {
    const { target, clock, signal } = this.#context;
    await clock.sleep(gaugeAgeMs, signal);
    for (;;) {
      const gauges = (await target.gauges(signal)).filter((each) => each !== null);
      const largest = Math.max(0, ...gauges);
      if (largest <= enough) return null;
      if (clock.monotonic() >= until) return largest;
      await clock.sleep(gaugesEveryMs, signal);
    }
  }
}
