// Sends batches to the target and records the results. The governor decides how many writers send at the same time.

import pLimit from 'p-limit';
import { shares } from '../../batching/coalescer.js';
import { InFlightBatches } from '../../core/in-flight-batches.js';
import type {
  Batch,
  Clock,
  FleetHooks,
  HeldTurn,
  Notice,
  Receipt,
  RequestPermit,
  Target,
} from '../../core/types/index.js';
import { Delivery, type TurnRules } from '../../delivery/delivery.js';
import { joinSparse } from '../../delivery/join-points.js';
import { RateLimit } from '../../delivery/rate-limit.js';
import { SizeLimit } from '../../delivery/size-limit.js';
import { govern } from '../../flow-control/governor.js';
import type { MemoryPlan } from '../../flow-control/own-memory/memory-plan.js';
import type { Watchdog } from '../../flow-control/own-memory/watchdog.js';
import type { TargetThrottle } from '../../flow-control/target-memory/target-throttle.js';
import type { Governor } from '../../flow-control/types.js';
import { StallReport } from '../../reporting/progress/stall.js';
import { awaitColumns, refresh } from '../../schema/await-columns.js';
import type { Catalogue } from '../../schema/catalogue.js';
import { SchemaIntroduction } from '../../schema/schema-introduction.js';
import { FirstWriteLock } from '../../state/locks/first-write-lock.js';
import type { Ledger } from '../ledger/ledger.js';
import type { Meter } from '../ledger/meter.js';
import type { RunControl } from '../run-control.js';
import { takeTurn } from './take-turn.js';
import type { Verification } from './verify.js';

export interface WriteOptions {
  readonly dryRun: string | null;
  readonly urls: readonly { readonly origin: string }[];
  readonly tenant: string;
  readonly db: string;
  readonly turn: boolean;
  readonly turnDir: string | null;
  readonly retryForMs: number;
  readonly requestTimeoutMs: number | null;
  readonly ratePoints: number | null;
  readonly rateBytes: number | null;
  readonly names: { readonly sharedNames: boolean };
}

/**
 * Largest size (bytes) and longest duration (ms) of a request that introduces columns in a fleet. So a process that
 * freezes and continues after its turn has ended can write only a little.
 */
const maxTurnBytes = 64 * 1024;
const maxTurnMs = 30_000;

export interface WriteStageContext {
  readonly settings: WriteOptions;
  readonly memory: MemoryPlan;
  readonly watchdog: Watchdog;
  readonly target: Target;
  readonly throttle: TargetThrottle;
  readonly catalogue: Catalogue;
  readonly account: {
    readonly ledger: Ledger;
    readonly meter: Meter;
  };
  /** Samples points for --verify; null without --verify. */
  readonly verification: Verification | null;
  readonly clock: Clock;
  readonly control: Pick<RunControl, 'stop' | 'abort' | 'end'>;
  /** Limits that the workers of a fleet share; null outside of a fleet. */
  readonly fleet: FleetHooks | null;
  /** Returns the name of the input being read. */
  readonly currentInput: () => string | null;
  readonly notify: (notice: Notice) => void;
}

export class WriteStage {
  readonly governor: Governor;
  readonly sizes: SizeLimit;
  readonly rate: RateLimit;
  /** Limits the number of writers that send at the same time. The governor sets the limit. */
  readonly gate = pLimit(1);
  readonly inFlight = new InFlightBatches();
  readonly #context: WriteStageContext;
  readonly #firstWrites: FirstWriteLock;
  readonly #stall: StallReport;
  readonly #delivery: Delivery;
  #hasSent = false;
  /** Introduction of columns by the latest batch; null for a batch without new columns. */
  #introduction: SchemaIntroduction | null = null;

  constructor(context: WriteStageContext) {
    const { settings, target, memory, throttle, clock, notify } = context;
    const { urls, tenant, db, turn, turnDir, retryForMs, ratePoints, rateBytes } = settings;
    this.#context = context;
    this.sizes = new SizeLimit(memory.batchBytes, () => throttle.bodyBytes, notify);
    this.rate = new RateLimit({ pointsPerSecond: ratePoints, bytesPerSecond: rateBytes }, clock);
    this.governor = this.#govern();
    this.#firstWrites = new FirstWriteLock({
      // A dry run and a target that a program supplies share no endpoint with other loads, so they need no lock.
      endpoints: turn && target.endpoints().length > 0 ? urls.map(({ origin }) => origin) : [],
      database: [tenant, db],
      directory: turnDir,
      maxWaitMs: retryForMs,
      clock,
      notify,
    });
    this.#stall = this.#stallReport();
    this.#delivery = this.#createDelivery();
  }

  /** True once `send` was called with a batch that contains points. */
  get hasSent(): boolean {
    return this.#hasSent;
  }

  /** Resolves once no batch is in flight. */
  async idle(): Promise<void> {
    await this.inFlight.idle();
  }

  /** Records the end of sending, and the start of reading a sample back. */
  verifying(): void {
    this.#stall.verifying();
  }

  close(): void {
    this.governor.close();
    this.#stall.close();
  }

  /** Delivers one batch and counts the results of its points. Never throws: an error ends the run. */
  async send(batch: Batch): Promise<void> {
    const { verification, control } = this.#context;
    try {
      verification?.sample(batch);
      const receipt = await this.#deliver(batch);
      await this.#book(batch, receipt);
      verification?.settled(batch, receipt);
    } catch (error) {
      control.end(error);
    } finally {
      this.inFlight.end();
      this.governor.sample();
    }
  }

  /**
   * Delivers a batch. A batch that introduces columns first takes the turn: only the load with the turn introduces
   * columns. The turn is released when all endpoints show the columns of the batch.
   */
  async #deliver(batch: Batch): Promise<Receipt> {
    const { target, catalogue, control, fleet, throttle } = this.#context;
    const { stop, abort, end } = control;
    this.#hasSent ||= batch.points > 0;
    const introduction = target.traits.firstWriteExclusive ? this.#introductionOf(batch) : null;
    this.#introduction = introduction;
    // In a fleet, takes the turn before the permit: otherwise the batch could hold a permit that the holder of the turn
    // needs. Outside of a fleet, waits for the rate limit first, so that the turn is held for a shorter time.
    if (fleet !== null) await introduction?.hold(stop).catch(end);
    // After a stop, `#admit` rejects. The delivery then returns the batch as undelivered.
    const permit = await this.#admit(batch).catch(() => undefined);
    if (fleet === null) await introduction?.hold(stop).catch(end);
    const { receipt, fatal } = await this.#delivery.deliver(batch, stop, abort);
    permit?.end();
    throttle.settled(batch);
    if (fatal !== null) end(fatal);
    await introduction?.end(receipt, stop).catch(end);
    if (batch.introduces === null) return receipt;
    const complete = receipt.rejected.length === 0 && receipt.undelivered.length === 0;
    if (complete) catalogue.pin(batch.introduces);
    else if (receipt.loaded.length > 0) await refresh(target, catalogue, batch.introduces, stop).catch(() => {});
    return receipt;
  }

  #introductionOf({ introduces }: Batch): SchemaIntroduction | null {
    if (introduces === null) return null;
    const { target, catalogue, clock, settings, fleet } = this.#context;
    const { sharedNames } = settings.names;
    const take = (signal: AbortSignal): Promise<HeldTurn> => takeTurn(fleet, this.#firstWrites, clock, signal);
    const turns = { takeTurn: take, readsFirst: fleet !== null };
    return new SchemaIntroduction({ ...turns, target, catalogue, clock, sharedNames }, introduces);
  }

  /**
   * Waits until the fleet, the target's memory and the rate limit allow a batch. Resolves with the fleet's permit;
   * undefined if no permit is needed. Rejects with the reason of the stop.
   */
  async #admit(batch: Batch): Promise<RequestPermit | undefined> {
    const { throttle, control, fleet } = this.#context;
    if (batch.points === 0) return undefined;
    // Takes the permit of the fleet first. The memory log has then delivered what the other workers have sent, so the
    // throttle decides with complete data.
    const permit = await fleet?.admit(batch.points, batch.body.length, control.stop);
    try {
      await throttle.admit(batch);
      if (permit !== undefined) await this.rate.wait(permit.delayMs, control.stop);
      await this.rate.admit(batch.points, batch.body.length, control.stop);
    } catch (error) {
      permit?.end();
      throw error;
    }
    return permit;
  }

  /**
   * Counts the results of a batch. A batch that combines several inputs is counted in one part for each input. Throws
   * the first error after all parts are counted.
   */
  async #book(batch: Batch, receipt: Receipt): Promise<void> {
    const { ledger } = this.#context.account;
    const failures: unknown[] = [];
    const isKnown = this.#introduction?.isKnown;
    for (const [part, share] of shares(batch, receipt)) {
      await ledger.settle(part, share, isKnown).catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }

  #turnRules(): TurnRules {
    const introduction = (): SchemaIntroduction | null => this.#introduction;
    return {
      get maxBytes() {
        return introduction()?.isKnown === true ? Number.POSITIVE_INFINITY : maxTurnBytes;
      },
      maxTimeoutMs: maxTurnMs,
      hold: async (signal) => await this.#introduction?.hold(signal),
    };
  }

  #govern(): Governor {
    const { memory, watchdog, clock, notify } = this.#context;
    return govern({
      workers: memory.slots,
      clock,
      watchdog,
      changed: (writers) => {
        this.gate.concurrency = writers;
      },
      notify,
    });
  }

  #stallReport(): StallReport {
    const { clock, target, account, currentInput, notify } = this.#context;
    const facts = () => ({
      outstanding: this.inFlight.count,
      endpoints: target.endpoints(),
      input: currentInput(),
    });
    return new StallReport({ clock, facts, rejected: () => account.ledger.total.rejected, notify });
  }

  #createDelivery(): Delivery {
    const { settings, target, catalogue, account, throttle, clock, fleet, notify } = this.#context;
    const { retryForMs, requestTimeoutMs, urls } = settings;
    return new Delivery(target, this.#stall.backOffs(clock), this.sizes, {
      retryForMs,
      requestTimeoutMs,
      endpoints: urls.length,
      random: Math.random,
      observe: (attempt, batch, bodyBytes, retry, sent) => {
        account.meter.count(attempt, retry, clock.monotonic());
        this.governor.observe(attempt, bodyBytes, this.inFlight.count);
        throttle.observe(attempt, bodyBytes, batch, sent);
        this.#stall.observe(attempt);
        const { kind } = attempt.verdict;
        if (kind === 'accepted' || kind === 'overloaded') fleet?.observe(kind);
      },
      ...(target.traits.plansMemory && this.#context.memory.slots > 1 ? { join: joinSparse } : {}),
      mayReject: (more) => account.ledger.mayReject(more),
      ...(fleet === null || !target.traits.firstWriteExclusive ? {} : { turn: this.#turnRules() }),
      awaitColumns: async (batch, signal, limitMs) => {
        if (!target.traits.firstWriteExclusive) return;
        const appeared = awaitColumns(target, catalogue, batch.introduces ?? [], clock, signal, limitMs);
        await this.#stall.during('the columns of a batch whose outcome is unknown', appeared);
      },
      notify,
    });
  }
}
