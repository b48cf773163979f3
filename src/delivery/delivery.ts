// Delivers one batch: sends, waits, splits and searches until every point is loaded, rejected or given up. A waiting
// batch occupies its writer and its memory, so no more input is read while the target fails.

import type { BulkLoadError } from '../core/errors.js';
import type {
  Attempt,
  Batch,
  Clock,
  EncodedBody,
  Notice,
  PlainBody,
  PointRange,
  PointReject,
  Receipt,
  Target,
} from '../core/types/index.js';
import { halves, type Search, searchOf, startOf } from './bisection.js';
import { errorOf, spentError, tooManyRejects } from './delivery-errors.js';
import { type RangeResult, resultOf, searchAfter } from './range-result.js';
import { decide, noFailures, type RangeFailures, type RetryStep, reasonOf, withoutBlame } from './retry-policy.js';
import { backoff } from './retry-wait.js';
import type { SizeLimit } from './size-limit.js';

export interface DeliveryOptions {
  /** Time limit for one batch from its first attempt, ms; Infinity for no limit. */
  readonly retryForMs: number;
  /** Time limit for one request, ms; null for 30 s plus the time that the body takes at 100 KiB/s. */
  readonly requestTimeoutMs: number | null;
  /**
   * Number of endpoints. After an attempt at an unreachable endpoint, the next attempt follows without a wait, until
   * every endpoint was tried.
   */
  readonly endpoints: number;
  readonly random: () => number;
  /** Called after every attempt, for flow control and the meter. `bodyBytes`: bytes of the points before joining. */
  readonly observe: (attempt: Attempt, batch: Batch, bodyBytes: number, retry: boolean, sent: PlainBody) => void;
  /**
   * Returns a body with fewer lines for the same points; null to send the points as they are. Absent if points are
   * never joined.
   */
  readonly join?: (batch: Batch, range: PointRange) => PlainBody | null;
  /** Returns true if `more` further points may be rejected. If it returns false, the delivery of the batch fails. */
  readonly mayReject: (more: number) => boolean;
  /** Resolves when the target shows the columns that a batch introduces, at the latest after `limitMs`. */
  readonly awaitColumns: (batch: Batch, signal: AbortSignal, limitMs: number) => Promise<void>;
  /** Rules for batches that introduce columns while other workers of a fleet may send; absent without a fleet. */
  readonly turn?: TurnRules;
  readonly notify: (notice: Notice) => void;
}

export interface TurnRules {
  /** Largest request body, bytes. A process that was frozen during its turn may send one such body after its turn. */
  readonly maxBytes: number;
  /** Upper bound of the time limit for a request, ms. */
  readonly maxTimeoutMs: number;
  /** Waits until this process may send a request. Rejects with the signal's reason. */
  readonly hold: (signal: AbortSignal) => Promise<void>;
}

/**
 * Result of a delivery. The receipt always includes every point. `fatal` is the error that must end the run, or null.
 */
export interface Delivered {
  readonly receipt: Receipt;
  readonly fatal: BulkLoadError | null;
}

const baseTimeoutMs = 30_000;
const timeoutBytesPerMs = 102.4;

/** Returns the time limit for one request, ms. */
export function requestTimeout(bodyBytes: number, requestedMs: number | null): number {
  return requestedMs ?? baseTimeoutMs + bodyBytes / timeoutBytesPerMs;
}

/** A range of a batch, while it is being sent. */
interface Sending {
  readonly batch: Batch;
  readonly range: PointRange;
  /** Bytes of the range in the body of the batch, before points are joined. */
  readonly bodyBytes: number;
  readonly sent: PlainBody;
  /** End of the time limit of the batch, monotonic ms. */
  readonly deadline: number;
  readonly stop: AbortSignal;
  readonly abort: AbortSignal;
}

export class Delivery {
  readonly #target: Pick<Target, 'encode' | 'write'>;
  readonly #clock: Clock;
  readonly #options: DeliveryOptions;
  readonly #sizes: SizeLimit;
  /** Reason of the last failure, by endpoint. An acknowledged request removes the entry of its endpoint. */
  readonly #failing = new Map<string, string>();

  constructor(target: Pick<Target, 'encode' | 'write'>, clock: Clock, sizes: SizeLimit, options: DeliveryOptions) {
    this.#target = target;
    this.#clock = clock;
    this.#sizes = sizes;
    this.#options = options;
  }

  /**
   * Delivers a batch and never throws. The receipt has each point exactly once: loaded, rejected or undelivered.
   * @param stop prevents further attempts and ends waits; a request in flight may finish
   * @param abort also ends the request in flight
   */
  async deliver(batch: Batch, stop: AbortSignal, abort: AbortSignal): Promise<Delivered> {
    const deadline = this.#clock.monotonic() + this.#options.retryForMs;
    const loaded: PointRange[] = [];
    const rejected: PointReject[] = [];
    let search = searchOf(batch.points);
    let fatal: BulkLoadError | null = null;
    // Sends one range after the other, because two requests of a batch that introduces columns must not be in flight at
    // once.
    while (search.open.length > 0 && fatal === null && !stop.aborted) {
      const range = search.open.at(-1)!;
      const rest = search.open.slice(0, -1);
      if (this.#isTooLarge(batch, range)) {
        search = { ...search, open: [...rest, ...halves(range)] };
        continue;
      }
      const result = await this.#sendRange(batch, range, search, deadline, stop, abort);
      search = searchAfter(search, range, result);
      if (result.do === 'loaded') loaded.push(range);
      else if (result.do === 'fail') fatal = result.error;
      else if (result.do === 'reject') {
        const { reason, message, endpoint } = result;
        rejected.push({ point: range.from, reason, message, endpoint });
        // The ledger checks --max-rejected only after the batch; this check ends the search for bad points earlier.
        if (!this.#options.mayReject(rejected.length)) fatal = tooManyRejects(batch.points, rejected);
      }
    }
    return { receipt: { loaded, rejected, undelivered: search.open }, fatal };
  }

  /** Returns true if a range must be split to meet the size limit, which may have fallen since the batch was filled. */
  #isTooLarge(batch: Batch, range: PointRange): boolean {
    const maxBytes = Math.min(this.#sizes.current, this.#turnOf(batch)?.maxBytes ?? Number.POSITIVE_INFINITY);
    return range.to - range.from > 1 && bodyBytesOf(batch, range) > maxBytes;
  }

  async #sendRange(
    batch: Batch,
    range: PointRange,
    { misled }: Search,
    deadline: number,
    stop: AbortSignal,
    abort: AbortSignal,
  ): Promise<RangeResult> {
    const bytes = batch.body.subarray(startOf(batch, range), batch.bodyEnd(range.to - 1));
    const sending = { batch, range, bodyBytes: bytes.length, deadline, stop, abort };
    try {
      const joined = range.to - range.from > 1 ? this.#options.join?.(batch, range) : null;
      if (joined) {
        const result = await this.#sendBody({ ...sending, sent: joined }, misled);
        if (result.do !== 'separate') return result;
      }
      return await this.#sendBody({ ...sending, sent: { bytes, linesPerPoint: 1 } }, misled);
    } catch (error) {
      return { do: 'fail', error: errorOf(error) };
    }
  }

  async #sendBody(sending: Sending, misled: boolean): Promise<RangeResult> {
    const encoded = await this.#target.encode(sending.sent.bytes);
    try {
      return await this.#attemptUntilKnown(encoded, sending, misled);
    } finally {
      encoded.release?.();
    }
  }

  /** Repeats a request until its outcome is known, the time limit of the batch ends, or `stop` aborts. */
  async #attemptUntilKnown(encoded: EncodedBody, sending: Sending, misled: boolean): Promise<RangeResult> {
    const { batch, range, bodyBytes, sent, deadline, stop, abort } = sending;
    const points = range.to - range.from;
    const { endpoints, random, retryForMs } = this.#options;
    const droppedBy = new Set<string>();
    const reasons = new Map<string, string>();
    let failures = noFailures;
    while (!stop.aborted) {
      const attempt = await this.#attempt(encoded, sending, failures.total > 0);
      const { verdict, endpoint, latencyMs } = attempt;
      if (stop.aborted && verdict.kind !== 'accepted') break;
      await this.#awaitColumns(attempt, sending);
      if (verdict.kind === 'dropped') droppedBy.add(endpoint);
      if (verdict.kind === 'rejected' && verdict.tooLarge) this.#sizes.shrink(bodyBytes, 'the target answered 413');
      const result = { verdict, points, bodyBytes, latencyMs, at: this.#clock.monotonic() };
      const decision = decide(failures, result, { endpoints, random });
      ({ failures } = decision);
      let { step } = decision;
      if (step.do === 'blame' && !(await this.#answersEmptyBody(droppedBy, abort)))
        [failures, step] = waitForDrop(failures, reasonOf(verdict), random);
      if (sent.linesPerPoint < 1 && isAboutPoints(step)) return { do: 'separate' };
      if (step.do !== 'wait') return resultOf(step, attempt, batch, range, misled);
      reasons.delete(endpoint);
      reasons.set(endpoint, step.reason);
      this.#failing.set(endpoint, step.reason);
      const left = deadline - this.#clock.monotonic();
      if (left <= 0)
        return { do: 'fail', error: spentError(batch.points, attempt, reasons, this.#failing, retryForMs) };
      this.#warn(attempt, `${step.reason}; trying again`);
      // Shortens the last wait, so that the last attempt begins when the time limit ends.
      await this.#clock.sleep(Math.min(step.ms, left), stop).catch(() => {});
      // The size limit may have fallen during the wait.
      if (this.#isTooLarge(batch, range) && !stop.aborted) return { do: 'split' };
    }
    return { do: 'stopped' };
  }

  async #attempt(encoded: EncodedBody, sending: Sending, retry: boolean): Promise<Attempt> {
    const { batch, range, bodyBytes, sent, abort } = sending;
    const turn = this.#turnOf(batch);
    const timeoutMs = Math.min(
      requestTimeout(bodyBytes, this.#options.requestTimeoutMs),
      turn?.maxTimeoutMs ?? Number.POSITIVE_INFINITY,
    );
    await turn?.hold(sending.stop);
    const attempt = await this.#target.write(encoded, range.to - range.from, timeoutMs, abort);
    if (attempt.verdict.kind === 'accepted') this.#failing.delete(attempt.endpoint);
    this.#options.observe(attempt, batch, bodyBytes, retry, sent);
    return attempt;
  }

  #turnOf({ introduces }: Batch): TurnRules | undefined {
    return introduces === null ? undefined : this.#options.turn;
  }

  /** After an attempt with unknown outcome, waits until the target shows the columns that the batch introduces. */
  async #awaitColumns(attempt: Attempt, { batch, deadline, stop }: Sending): Promise<void> {
    const { verdict } = attempt;
    if (batch.introduces === null || !('mayBeApplied' in verdict) || verdict.mayBeApplied !== true) return;
    this.#warn(
      attempt,
      `${reasonOf(verdict)}; the outcome is unknown: bulk-load waits for the new columns, then sends the points again`,
    );
    // Waits for at most half of the time left. The other half remains for repeating the request.
    const left = Math.max(0, deadline - this.#clock.monotonic());
    await this.#options.awaitColumns(batch, stop, left / 2).catch(() => {});
  }

  #warn({ verdict, endpoint }: Attempt, text: string): void {
    this.#options.notify({ level: 'warn', kind: verdict.kind, message: `${endpoint}: ${text}` });
  }

  /**
   * Sends an empty body, to find out whether the previous point causes the dropped connections. Returns true if an
   * endpoint accepts the empty body but dropped the connection when it received the point.
   */
  async #answersEmptyBody(droppedBy: ReadonlySet<string>, abort: AbortSignal): Promise<boolean> {
    const empty = { bytes: new Uint8Array(0), encoding: null };
    const { verdict, endpoint } = await this.#target.write(empty, 0, requestTimeout(0, null), abort);
    return verdict.kind === 'accepted' && droppedBy.has(endpoint);
  }
}

function bodyBytesOf(batch: Batch, range: PointRange): number {
  return batch.bodyEnd(range.to - 1) - startOf(batch, range);
}

/** Returns true if the step means that a point of the body may be bad. */
function isAboutPoints({ do: what }: RetryStep): boolean {
  return what === 'reject' || what === 'blame' || what === 'search';
}

/** Replaces the step `blame` by a wait. Used if the target does not accept even an empty body. */
function waitForDrop(failures: RangeFailures, reason: string, random: () => number): [RangeFailures, RetryStep] {
  return [withoutBlame(failures), { do: 'wait', ms: backoff(failures.total, 0, random), reason }];
}
