// The sending half of a run: (alone?) → deliver → account, by as many writers as the governor lets. A writer pulls a batch
// when it may send it, and never before.

import pLimit from 'p-limit';
import { shares } from '../batching/coalescer.js';
import type { Settings } from '../config/settings.js';
import type { Batch, Clock, Notice, Receipt, Target } from '../core/types/index.js';
import { Delivery } from '../delivery/delivery.js';
import { exclusiveBatches, InFlightBatches } from '../delivery/exclusive-batches.js';
import { RateLimit } from '../delivery/rate-limit.js';
import { SizeLimit } from '../delivery/size-limit.js';
import { runWriters } from '../delivery/writers.js';
import { govern } from '../flow-control/governor.js';
import { collector } from '../flow-control/own-memory/gc.js';
import type { MemoryPlan } from '../flow-control/own-memory/memory-plan.js';
import type { TargetThrottle } from '../flow-control/target-memory/target-throttle.js';
import type { Governor } from '../flow-control/types.js';
import { StallReport } from '../reporting/progress/stall.js';
import { awaitColumns, refresh } from '../schema/await-columns.js';
import type { Catalogue } from '../schema/catalogue.js';
import { FirstWriteLock } from '../state/locks/first-write-lock.js';
import type { Ledger } from './ledger/ledger.js';
import type { Meter } from './ledger/meter.js';
import type { Verification } from './verify.js';

export interface WriteStageContext {
  readonly settings: Settings;
  readonly memory: MemoryPlan;
  readonly target: Target;
  readonly side: TargetThrottle;
  readonly catalogue: Catalogue;
  readonly ledger: Ledger;
  readonly meter: Meter;
  /** Null: nothing is read back. */
  readonly verification: Verification | null;
  readonly clock: Clock;
  /** Resident bytes just now. */
  readonly resident: () => number;
  /** Name of the input that is read just now. */
  readonly input: () => string | null;
  /** Ends waiting and new attempts. */
  readonly stop: AbortSignal;
  /** Ends requests in flight as well. */
  readonly abort: AbortSignal;
  /** Ends the run; the first cause wins. */
  readonly end: (cause: unknown) => void;
  readonly notify: (notice: Notice) => void;
}

export class WriteStage {
  readonly governor: Governor;
  readonly sizes: SizeLimit;
  readonly rate: RateLimit;
  readonly #context: WriteStageContext;
  readonly #gate = pLimit(1);
  readonly #outstanding = new InFlightBatches();
  readonly #turns: FirstWriteLock;
  readonly #stall: StallReport;
  readonly #delivery: Delivery;
  #begun = false;

  constructor(context: WriteStageContext) {
    const { settings, memory, side, clock, notify } = context;
    const { dryRun, urls, tenant, db, turn, turnDir, retryForMs, ratePoints, rateBytes } = settings;
    this.#context = context;
    this.sizes = new SizeLimit(memory.batchBytes, () => side.bodyBytes, notify);
    this.rate = new RateLimit({ pointsPerSecond: ratePoints, bytesPerSecond: rateBytes }, clock);
    this.governor = this.#govern();
    this.#turns = new FirstWriteLock({
      endpoints: turn && dryRun === null ? urls.map(({ origin }) => origin) : [],
      database: [tenant, db],
      directory: turnDir,
      maxWaitMs: retryForMs,
      clock,
      notify,
    });
    this.#stall = this.#watchForStalls();
    this.#delivery = this.#deliveryTo();
  }

  /** Whether points were handed to a writer. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Batches handed out and not settled yet. */
  get inFlight(): number {
    return this.#outstanding.count;
  }

  /** Resolves once everything handed out is settled. */
  async idle(): Promise<void> {
    await this.#outstanding.idle();
  }

  /** Sends them all. What a batch does wrong ends the run by `end`; the batches are returned in any case. */
  async run(read: AsyncGenerator<Batch, void>): Promise<void> {
    const { memory, target } = this.#context;
    const batches = exclusiveBatches(read, this.#outstanding, target.traits.firstWriteExclusive);
    try {
      await runWriters(memory.slots, this.#gate, batches, (batch) => this.#send(batch));
    } finally {
      await batches.return();
    }
  }

  /** Records that all points are sent and a sample is being read back. */
  verifying(): void {
    this.#stall.verifying();
  }

  close(): void {
    this.governor.close();
    this.#stall.close();
  }

  async #send(batch: Batch): Promise<void> {
    const { verification, end } = this.#context;
    try {
      verification?.pulled(batch);
      const receipt = await this.#deliver(batch);
      await this.#settle(batch, receipt);
      verification?.settled(batch, receipt);
    } catch (error) {
      end(error);
    } finally {
      this.#outstanding.end();
      this.governor.sample();
    }
  }

  /** What it introduced is known to be there once it was acknowledged; where part of it was not, the target is asked. */
  async #deliver(batch: Batch): Promise<Receipt> {
    const { target, catalogue, stop, abort, end } = this.#context;
    this.#begun ||= batch.points > 0;
    // Stopped while it waits, it comes back from the delivery undelivered.
    await this.#admit(batch).catch(() => {});
    const needsTurn = batch.introduces !== null && target.traits.firstWriteExclusive;
    const turn = needsTurn ? await this.#turns.take(stop).catch(end) : undefined;
    const { receipt, fatal } = await this.#delivery.deliver(batch, stop, abort);
    turn?.release();
    if (fatal !== null) end(fatal);
    if (batch.introduces === null) return receipt;
    const whole = receipt.rejected.length === 0 && receipt.undelivered.length === 0;
    if (whole) catalogue.pin(batch.introduces);
    else if (receipt.loaded.length > 0) await refresh(target, catalogue, batch.introduces, stop).catch(() => {});
    return receipt;
  }

  /** Resolves when target memory and rate limit let a batch pass; rejects with the reason of the stop. */
  async #admit(batch: Batch): Promise<void> {
    const { side, stop } = this.#context;
    await side.admit(batch);
    if (batch.points > 0) await this.rate.admit(batch.points, batch.body.length, stop);
  }

  /** Books each input's share; what one of them ends the run with comes last, so that none is forgotten. */
  async #settle(batch: Batch, receipt: Receipt): Promise<void> {
    const failures: unknown[] = [];
    for (const [part, share] of shares(batch, receipt)) {
      await this.#context.ledger.settle(part, share).catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }

  #govern(): Governor {
    const { settings, memory, clock, resident, end, notify } = this.#context;
    return govern({
      limitBytes: memory.limitBytes,
      watchdog: settings.memoryWatchdog,
      workers: memory.slots,
      clock,
      probe: resident,
      drained: () => this.#outstanding.count === 0,
      collect: collector(),
      changed: (writers) => {
        this.#gate.concurrency = writers;
      },
      stop: end,
      notify,
    });
  }

  #watchForStalls(): StallReport {
    const { clock, target, input, notify } = this.#context;
    const facts = () => ({
      outstanding: this.#outstanding.count,
      endpoints: target.endpoints(),
      input: input(),
    });
    return new StallReport({ clock, facts, notify });
  }

  #deliveryTo(): Delivery {
    const { settings, target, catalogue, ledger, meter, side, clock, notify } = this.#context;
    const { retryForMs, requestTimeoutMs, urls } = settings;
    return new Delivery(target, this.#stall.backOffs(clock), this.sizes, {
      retryForMs,
      requestTimeoutMs,
      endpoints: urls.length,
      random: Math.random,
      observe: (attempt, bodyBytes, retry) => {
        meter.count(attempt, retry, clock.monotonic());
        this.governor.observe(attempt, bodyBytes, this.#outstanding.count);
        side.observe(attempt, bodyBytes);
        this.#stall.observe(attempt);
      },
      mayReject: (more) => ledger.mayReject(more),
      awaitColumns: async (batch, signal, patienceMs) => {
        if (!target.traits.firstWriteExclusive) return;
        const shown = awaitColumns(target, catalogue, batch.introduces ?? [], clock, signal, patienceMs);
        await this.#stall.during('the columns of a batch whose outcome is unknown', shown);
      },
      notify,
    });
  }
}
