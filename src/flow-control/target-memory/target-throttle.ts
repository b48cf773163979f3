// Delays batches to limit the target's memory: waits for flushes and stages, and measures these waits.

import { RefusedError } from '../../core/errors.js';
import { WaitStats } from '../../core/time/wait-stats.js';
import type {
  Attempt,
  Batch,
  Clock,
  MemoryFollower,
  MemoryLog,
  Notice,
  PlainBody,
  Target,
} from '../../core/types/index.js';
import type { ThrottleAccount } from '../types.js';
import { type BodyEvent, bodyEvent, type Sampling } from './body-event.js';
import { bodiesBeside, bodyOfOpenBuckets } from './body-sizes.js';
import { followMemory } from './fleet-memory.js';
import { BucketBarrier } from './flush/bucket-barrier.js';
import { flushMarks } from './flush/flush-marks.js';
import { flushIntervalMs } from './flush/flushing.js';
import { SeriesEstimate } from './flush/series-estimate.js';
import { maxStageWaitMs, Stages } from './flush/stages.js';
import { cannotStart, NodeDeaths, nodeDied } from './node-deaths.js';
import { NodeSoFar } from './node-so-far.js';
import { PacedNotice, pacingMessage } from './pressure-notices.js';
import { RaftCaches } from './raft-caches.js';
import { partOf, type RinseMarks, Rinsing, type RinsingOptions } from './rinsing.js';
import { problemSoFar, type TargetMemoryForecast } from './target-forecast.js';
import { nodePeak, rinseMarks } from './target-plan.js';
import { TargetPressure } from './target-pressure.js';

/** Time after which a flush without a response counts as timed out, ms. */
const flushTimeoutMs = 60_000;
const rinseTimeoutMs = 30_000;
/** Largest body once flushes are no longer planned, bytes. */
const unflushedBody = 128 * 1024;

export interface ThrottleOptions {
  /** After this many bytes the load requests a flush and waits; null for never. */
  readonly stage: number | null;
  /** True if the load may ask the target to flush. */
  readonly relieve: boolean;
  /** Largest number of writers. */
  readonly workers: number;
}

export interface TargetThrottleContext {
  readonly target: Pick<Target, 'endpoints' | 'flush' | 'gauges' | 'traits' | 'write'>;
  readonly placeOf: RinsingOptions['placeOf'];
  /** Ends the run with an error. */
  readonly end: (error: unknown) => void;
  readonly clock: Clock;
  /** Ends waits, rinses and reads of gauges. */
  readonly signal: AbortSignal;
  /** Cancels a running flush. */
  readonly abort: AbortSignal;
  readonly notify: (notice: Notice) => void;
  /** Number of loads that send at the same time, each as much as this load; default 1. */
  readonly senders?: number;
  /** Log of what all workers of a fleet send; null for one machine. */
  readonly log?: MemoryLog | null;
}

export class TargetThrottle {
  readonly #forecast: TargetMemoryForecast;
  readonly #context: TargetThrottleContext;
  readonly #stages: Stages;
  readonly #barrier: BucketBarrier;
  readonly #caches: RaftCaches;
  /** Estimates the number of series since the last flush began. */
  readonly #series = new SeriesEstimate();
  readonly #node: NodeSoFar;
  readonly #pressure: TargetPressure;
  readonly #rinsing: Rinsing;
  readonly #log: MemoryLog | null;
  readonly #follower: MemoryFollower;
  readonly #deaths = new NodeDeaths();
  /** Flush that runs after a dead node has returned; null if no such flush runs. */
  #recovery: Promise<unknown> | null = null;
  readonly #waits: WaitStats;
  readonly #sampling: Sampling | null;
  readonly #pacedNotice = new PacedNotice();

  constructor(options: ThrottleOptions, forecast: TargetMemoryForecast, context: TargetThrottleContext) {
    const { target, clock, signal, abort, notify, senders = 1, log = null } = context;
    const { plan, layout } = forecast;
    const { share, bodyBytes, limitBytes, flush, vnodes } = plan;
    this.#forecast = forecast;
    this.#context = context;
    this.#waits = new WaitStats(clock);
    const sampling = { bucketOf: (point: Uint8Array) => context.placeOf(point).bucket, isLimited: limitBytes !== null };
    this.#sampling = target.traits.plansMemory ? sampling : null;
    this.#caches = new RaftCaches({
      ...{ share, existing: forecast.existing, bodyBytes: plan.retainedPerByte * plan.sustainedBytes },
      maxBytes: Math.min(
        plan.rinse?.holdBytes ?? 0,
        plan.retainedPerByte * share * (forecast.totalBytes ?? Number.POSITIVE_INFINITY),
      ),
    });
    this.#node = new NodeSoFar(plan, this.#caches, this.#deaths);
    this.#pressure = new TargetPressure({
      // The rows of all senders count. With n senders, each sender flushes an n-th as often as a single sender.
      share: share * senders,
      intervalMs: flushIntervalMs * senders,
      plan:
        flush === null || limitBytes === null
          ? null
          : {
              marks: (kept, series) => flushMarks(limitBytes, this.#node.plannedBase, kept, this.#node.rowCap + series),
              bodiesBeside: (rows) =>
                bodiesBeside(this.#node.plan, this.#node.plannedBase, Math.min(rows, this.#node.rowCap)),
              countsSent: plan.isWide,
            },
      ...{ bodyBytes, caches: this.#caches },
      // Without planned flushes, gauges are not read. Rows then count only up to the target's own flush threshold.
      weigh: (kept, rows) =>
        nodePeak(this.#node.base, kept, flush === null ? Math.min(rows, vnodes * this.#node.cacheRows) : rows),
      relieve: options.relieve,
      nodes: layout.nodes,
      bodyBytesUnflushed: Math.min(unflushedBody, bodyBytes),
      flush: (cause, cancelled) => {
        this.#series.reset();
        this.#caches.flushBegan();
        return target.flush(cause === 'stage' ? maxStageWaitMs : flushTimeoutMs, cancelled);
      },
      pendingSince: () => {
        const starts = target.endpoints().flatMap(({ waitingSince }) => waitingSince ?? []);
        return starts.length === 0 ? null : Math.min(...starts);
      },
      gauges: async () => (await target.gauges(signal)).map((each) => each && each * this.#node.perGauged),
      ...{ clock, signal, abort, log, notify, end: context.end },
    });
    this.#stages = new Stages(options.stage, () => this.#pressure.flushNow(), context);
    this.#barrier = new BucketBarrier({
      // The workers of a fleet write to their time buckets at different times, so a flush between two buckets does not
      // help.
      isDue: () => log === null && this.#pressure.needsFlushBefore(this.#node.rowsPerBucket),
      flush: () => this.#pressure.flushNow(),
    });
    this.#rinsing = new Rinsing({
      caches: this.#caches,
      // All senders fill the same caches, so each sender rinses earlier, and waits only if its own bodies reach the
      // limit.
      marks: () => this.#rinseMarks,
      end: context.end,
      shards: forecast.shards,
      placeOf: context.placeOf,
      ordered: options.workers === 1,
      send: async (body) => (await target.write({ bytes: body, encoding: null }, 0, rinseTimeoutMs, signal)).verdict,
      rewritten: (parts, rows) =>
        this.#acknowledge({ kind: 'body', parts, bytes: 0, rows, points: 0, slots: 0, sample: [], part: 1 }),
      ...{ log, clock, signal, notify },
    });
    this.#log = log;
    this.#follower = followMemory({
      ...{ stages: this.#stages, caches: this.#caches, series: this.#series },
      ...{ allSeries: this.#node.series, pressure: this.#pressure, rinsing: this.#rinsing },
    });
  }

  /** Resolves once the estimates include everything that the other workers of the fleet have sent. */
  async join(): Promise<void> {
    await this.#log?.follow(this.#follower);
  }

  /** Largest body of a batch at this moment. */
  get bodyBytes(): number {
    const room = this.#rinseMarks?.dueBytes ?? null;
    const open = bodyOfOpenBuckets(this.#node.plan, this.#node.plannedBase, room, this.#caches.open);
    return Math.floor(Math.min(this.#pressure.bodyBytes, open));
  }

  /**
   * Thresholds of rinses. The thresholds are low, because memory for all planned vnodes is subtracted first. So rinses
   * begin early: each bucket is rinsed before its rows are flushed, and it is flushed only once.
   */
  get #rinseMarks(): RinseMarks | null {
    const { plan } = this.#node;
    return partOf(rinseMarks(plan, Math.max(this.#node.plannedBase, plan.baseBytes)), this.#context.senders ?? 1);
  }

  /** Must be called for each attempt as soon as its response arrives. */
  observe(attempt: Attempt, bodyBytes: number, batch: Batch, sent?: PlainBody): void {
    const { clock, notify } = this.#context;
    this.#watch(attempt);
    let [rows, series] = [0, 0];
    if (attempt.verdict.kind === 'accepted') {
      const { event, gauged } = bodyEvent(batch, bodyBytes, this.#sampling, sent);
      this.#node.rows.resident += event.rows;
      this.#node.rows.gauged += gauged;
      this.#node.bodies.text += bodyBytes;
      this.#node.bodies.retained += event.parts.reduce((sum, { bytes }) => sum + bytes, 0);
      if (this.#log === null) rows = event.rows;
      series = this.#acknowledge(event);
      if (bodyBytes === batch.body.length) this.#rinsing.remember(batch, event.rows / batch.points);
    }
    this.#pressure.observe(attempt, bodyBytes, rows, series);
    if (this.#pacedNotice.begins(clock.monotonic(), this.#pressure.pacing.heldSeconds))
      notify({ level: 'info', kind: 'paced', message: this.#pacingMessage() });
  }

  /** Resolves when a batch may be sent; rejects with the signal's reason. Call `settled` after the delivery. */
  async admit({ points, buckets, body }: Pick<Batch, 'points' | 'buckets' | 'body'>): Promise<void> {
    if (points === 0) return;
    const more = buckets.filter(({ bucket }) => !this.#caches.has(bucket)).length;
    this.#assertHolds(more);
    await this.#waits.during(
      this.#barrier
        .admit(more > 0)
        .then(() => this.#stages.admit())
        .then(() => this.#recovery)
        .then(() => this.#rinsing.admit())
        .then(() => this.#pressure.admit(body.length)),
    );
  }

  settled({ points, body }: Pick<Batch, 'points' | 'body'>): void {
    if (points === 0) return;
    this.#barrier.settled();
    this.#pressure.settled(body.length);
  }

  /** What delays all batches now; null for no delay. `targetMemory`: only the interval between two flushes. */
  get holding(): 'target' | 'targetMemory' | null {
    if (this.#pressure.pacing.held) return 'targetMemory';
    return this.#waits.going ? 'target' : null;
  }

  account(): ThrottleAccount {
    const planned = this.#context.target.traits.plansMemory;
    return {
      planBytesPerNode: planned ? this.#forecast.plan.peakBytes : null,
      estimatedPeakBytesPerNode: planned ? this.#pressure.peakBytes : null,
      estimatedBytesPerNode: planned ? this.#pressure.nodeBytes : null,
      flushes: this.#pressure.flushes,
      rinses: this.#rinsing.count,
      nodeDeaths: this.#deaths.count,
      gaugeDifferenceBytes: this.#pressure.flushing.gaugeDifference,
      advice: this.#pacedNotice.given ? this.#pacingMessage() : null,
      flushSeconds: this.#waits.seconds,
      pacedSeconds: this.#pressure.pacing.heldSeconds,
    };
  }

  /** Resolves once no flush runs. */
  async idle(): Promise<void> {
    await this.#pressure.running;
  }

  close(): void {
    this.#log?.unfollow();
    this.#rinsing.close();
    this.#pressure.close();
  }

  /** Counts acknowledged points. Returns the bytes of their series. In a fleet, appends to the log and returns 0. */
  #acknowledge(event: BodyEvent): number {
    if (this.#log !== null) {
      this.#log.append(event);
      return 0;
    }
    this.#stages.acknowledged(event.bytes);
    this.#caches.add(event.parts, event.bytes === 0);
    if (event.bytes === 0) this.#pressure.acknowledged(0, event.rows);
    this.#node.series.add(event);
    return event.sample.length === 0 ? 0 : this.#series.add(event);
  }

  /** Reacts to a node that died or returned. */
  #watch({ endpoint, verdict }: Attempt): void {
    const { notify, end } = this.#context;
    const event = this.#context.target.traits.plansMemory ? this.#deaths.observe(endpoint, verdict) : null;
    if (event === 'back') {
      this.#recovery ??= this.#pressure.flushNow().finally(() => {
        this.#recovery = null;
      });
    }
    if (event === 'died') {
      const { limitBytes } = this.#forecast.plan;
      notify(nodeDied(endpoint, limitBytes === null ? null : limitBytes - this.#node.plannedBase));
    }
    if (event === 'cannotStart') end(cannotStart(endpoint));
  }

  /** Ends the run and throws RefusedError if `more` new time buckets would need more than --target-memory. */
  #assertHolds(more: number): void {
    const problem = problemSoFar(this.#forecast, more, this.#caches, this.#node.series);
    if (problem === null) return;
    const error = new RefusedError(problem);
    this.#context.end(error);
    throw error;
  }

  #pacingMessage(): string {
    const { bodyBytes, pacing } = this.#pressure;
    return pacingMessage(this.#forecast, bodyBytes, pacing.bytesPerSecond, this.#node.rowCap);
  }
}
