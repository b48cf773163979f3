// One batch → one receipt: retries, splits and searches for bad points until every point is loaded, rejected or given
// up. A batch in back-off keeps its permit and its slot: a sick target must not pull more bytes in.

import { BugError, BulkLoadError, RefusedError, TooManyRejectsError, UnavailableError } from '../core/errors.js';
import type {
  Attempt,
  Batch,
  Clock,
  EncodedBody,
  Notice,
  PointRange,
  PointReject,
  Receipt,
  Target,
  Verdict,
} from '../core/types/index.js';
import { backoff, formingBackoff } from './retry-wait.js';
import type { SizeLimit } from './size-limit.js';

export interface DeliveryOptions {
  /** From a batch's first attempt, ms; Infinity for ever. */
  readonly retryForMs: number;
  /** ms; null: 30 s + body bytes at 100 KiB/s. */
  readonly requestTimeoutMs: number | null;
  /** Endpoints there are: so many unreachable answers in a row are met without a wait. */
  readonly endpoints: number;
  readonly random: () => number;
  /** Every attempt, not only the last: pressure and the account live on it. */
  readonly observe: (attempt: Attempt, bodyBytes: number, retry: boolean) => void;
  /** Whether so many more points may still be rejected; false ends a search through a batch that is bad all over. */
  readonly mayReject: (more: number) => boolean;
  /** Resolves when the columns that an introducing batch brings can be seen at the target, or waiting is over. */
  readonly landed: (batch: Batch, signal: AbortSignal, patienceMs: number) => Promise<void>;
  readonly notify: (notice: Notice) => void;
}

/** `fatal`: why the run has to stop, if it has to. The receipt is whole in any case. */
export interface Delivered {
  readonly receipt: Receipt;
  readonly fatal: BulkLoadError | null;
}

const base = 30_000;
const bytesPerMs = 102.4;
/** Mid-load a refusal may be CnosDB's meta service being away: it maps every such error to "access denied". */
const refusedForMs = 30_000;
const unknownRetries = 3;
const dropsBeforeSplit = 2;
const dropsOfOnePoint = 3;
/** Smaller bodies are not split because they took too long: it was not their size. */
const smallestTimedOutSplit = 64 * 1024;

/** Time for one request of so many body bytes, ms. */
export function requestTimeout(bodyBytes: number, asked: number | null): number {
  return asked ?? base + bodyBytes / bytesPerMs;
}

/** What is to be done with a range after one attempt. */
type DeliveryStep =
  | { readonly do: 'loaded' }
  | { readonly do: 'wait'; readonly ms: number; readonly reason: string }
  | { readonly do: 'split'; readonly at: number }
  | { readonly do: 'isolate'; readonly point: number }
  | { readonly do: 'reject'; readonly reason: string; readonly message: string }
  | { readonly do: 'stop'; readonly error: BulkLoadError };

/** The end of the attempts at a range; `step` null: stopped before its fate was known. */
interface Sent {
  readonly step: Exclude<DeliveryStep, { do: 'wait' }> | null;
  readonly attempt: Attempt | null;
}

interface Failures {
  total: number;
  unreachable: number;
  drops: number;
  /** Endpoints that closed the connection on it. */
  readonly droppedBy: Set<string>;
  unknown: number;
  refusedSince: number | null;
  /** What each endpoint said or did last, the latest last. */
  readonly seen: Map<string, string>;
  /** An offset of this batch named a good point: halve instead. */
  readonly misled: boolean;
}

function reasonOf(verdict: Verdict): string {
  return 'reason' in verdict ? verdict.reason : verdict.kind;
}

export class Delivery {
  readonly #target: Target;
  readonly #clock: Clock;
  readonly #options: DeliveryOptions;
  readonly #sizes: SizeLimit;
  /** By endpoint: why it failed last, where it has acknowledged nothing since. */
  readonly #failing = new Map<string, string>();

  constructor(target: Target, clock: Clock, sizes: SizeLimit, options: DeliveryOptions) {
    this.#target = target;
    this.#clock = clock;
    this.#sizes = sizes;
    this.#options = options;
  }

  /**
   * Never throws. Points of a batch come back in exactly one part of the receipt, whatever happens.
   * @param stop ends waiting and further attempts; a request in flight goes on
   * @param abort tears down the request in flight as well
   */
  async deliver(batch: Batch, stop: AbortSignal, abort: AbortSignal): Promise<Delivered> {
    const loaded: PointRange[] = [];
    const rejected: PointReject[] = [];
    const open: PointRange[] = batch.points === 0 ? [] : [{ from: 0, to: batch.points }];
    const deadline = this.#clock.monotonic() + this.#options.retryForMs;
    const search = { suspect: -1, misled: false };
    let fatal: BulkLoadError | null = null;
    // Parts go one after another: of an introducing batch no two may be under way at once.
    while (open.length > 0 && fatal === null && !stop.aborted) {
      const range = open.pop()!;
      if (this.#isTooLarge(batch, range)) {
        open.push(...halves(range));
        continue;
      }
      const { step, attempt } = await this.#send(batch, range, deadline, search.misled, stop, abort).catch(thrown);
      search.misled ||= step !== null && wasMisled(range, search.suspect, step.do === 'loaded');
      if (step === null) open.push(range);
      else if (step.do === 'loaded') loaded.push(range);
      else if (step.do === 'isolate' && search.misled) open.push(...halves(range));
      else if (step.do === 'split') open.push({ from: step.at, to: range.to }, { from: range.from, to: step.at });
      else if (step.do === 'isolate') {
        search.suspect = step.point;
        open.push(...isolated(range, step.point));
      } else if (step.do === 'reject') {
        const { reason, message } = step;
        rejected.push({ point: range.from, reason, message, endpoint: attempt?.endpoint ?? null });
        // Not left to the account: a percentage may hold again by the time it looks, with points left behind here.
        if (!this.#options.mayReject(rejected.length)) fatal = tooMany(batch, rejected);
      } else {
        open.push(range);
        fatal = step.error;
      }
    }
    return { receipt: { loaded, rejected, undelivered: open }, fatal };
  }

  /** A part of a batch cut before the target was found to take only less: no need to be told again. */
  #isTooLarge(batch: Batch, { from, to }: PointRange): boolean {
    return to - from > 1 && batch.bodyEnd(to - 1) - (from === 0 ? 0 : batch.bodyEnd(from - 1)) > this.#sizes.current;
  }

  /** Sends one range until its fate is known; `step` null: stopped before it was. */
  async #send(
    batch: Batch,
    range: PointRange,
    deadline: number,
    misled: boolean,
    stop: AbortSignal,
    abort: AbortSignal,
  ): Promise<Sent> {
    const from = range.from === 0 ? 0 : batch.bodyEnd(range.from - 1);
    const body = batch.body.subarray(from, batch.bodyEnd(range.to - 1));
    const encoded = await this.#target.encode(body);
    try {
      return await this.#sendEncoded(encoded, batch, range, deadline, misled, stop, abort);
    } finally {
      encoded.release?.();
    }
  }

  async #sendEncoded(
    encoded: EncodedBody,
    batch: Batch,
    range: PointRange,
    deadline: number,
    misled: boolean,
    stop: AbortSignal,
    abort: AbortSignal,
  ): Promise<Sent> {
    const from = range.from === 0 ? 0 : batch.bodyEnd(range.from - 1);
    const bodyBytes = batch.bodyEnd(range.to - 1) - from;
    const failures = noFailures(misled);
    while (!stop.aborted) {
      const attempt = await this.#attempt(encoded, bodyBytes, range.to - range.from, failures.total > 0, abort);
      const { verdict } = attempt;
      if (stop.aborted && verdict.kind !== 'accepted') return { step: null, attempt };
      if (batch.introduces !== null && 'mayBeApplied' in verdict && verdict.mayBeApplied) {
        this.#tell(attempt, `${reasonOf(verdict)}; the outcome is unknown, waiting for its columns to show`);
        // Half of what is left, so that it is asked again in any case: nothing may have landed.
        const left = Math.max(0, deadline - this.#clock.monotonic());
        await this.#options.landed(batch, stop, left / 2).catch(() => {});
      }
      if (verdict.kind === 'dropped') failures.droppedBy.add(attempt.endpoint);
      let step = this.#judge(batch, range, from, bodyBytes, verdict, failures);
      if (step.do === 'reject' && verdict.kind === 'dropped' && !(await this.#answersOthers(failures, abort))) {
        failures.drops = dropsOfOnePoint - 1;
        step = { do: 'wait', ms: backoff(failures.total, 0, this.#options.random), reason: verdict.reason };
      }
      if (step.do !== 'wait') return { step, attempt };
      failures.seen.delete(attempt.endpoint);
      failures.seen.set(attempt.endpoint, step.reason);
      this.#failing.set(attempt.endpoint, step.reason);
      const left = deadline - this.#clock.monotonic();
      if (left <= 0) {
        const error = spent(batch, attempt, failures, this.#failing, this.#options.retryForMs);
        return { step: { do: 'stop', error }, attempt };
      }
      this.#tell(attempt, step.reason);
      // The last attempt is made when time is up, not before: what comes back until then is still found.
      await this.#clock.sleep(Math.min(step.ms, left), stop).catch(() => {});
      // Meanwhile the target may have been found to take only less at a time.
      if (this.#isTooLarge(batch, range) && !stop.aborted)
        return { step: { do: 'split', at: middleOf(range) }, attempt };
    }
    return { step: null, attempt: null };
  }

  async #attempt(
    encoded: EncodedBody,
    bodyBytes: number,
    points: number,
    retry: boolean,
    abort: AbortSignal,
  ): Promise<Attempt> {
    const timeout = requestTimeout(bodyBytes, this.#options.requestTimeoutMs);
    const attempt = await this.#target.write(encoded, points, timeout, abort);
    if (attempt.verdict.kind === 'accepted') this.#failing.delete(attempt.endpoint);
    this.#options.observe(attempt, bodyBytes, retry);
    return attempt;
  }

  #tell({ verdict, endpoint }: Attempt, reason: string): void {
    this.#options.notify({ level: 'warn', kind: verdict.kind, message: `${endpoint}: ${reason}; trying again` });
  }

  /**
   * Whether the target lives while it keeps closing the connection on one point: an empty body is answered, and by an
   * endpoint that dropped the point. The answer of another says nothing about it.
   */
  async #answersOthers({ droppedBy }: Failures, abort: AbortSignal): Promise<boolean> {
    const empty = { bytes: new Uint8Array(0), encoding: null };
    const { verdict, endpoint } = await this.#target.write(empty, 0, requestTimeout(0, null), abort);
    return verdict.kind === 'accepted' && droppedBy.has(endpoint);
  }

  #judge(
    batch: Batch,
    range: PointRange,
    from: number,
    bytes: number,
    verdict: Verdict,
    failures: Failures,
  ): DeliveryStep {
    const { random } = this.#options;
    const points = range.to - range.from;
    const middle = middleOf(range);
    if (verdict.kind !== 'accepted') failures.total += 1;
    if (verdict.kind !== 'unreachable') failures.unreachable = 0;
    if (verdict.kind !== 'dropped' && verdict.kind !== 'unreachable') failures.drops = 0;
    if (verdict.kind !== 'refused') failures.refusedSince = null;
    switch (verdict.kind) {
      case 'accepted':
        return { do: 'loaded' };
      case 'overloaded':
        if (verdict.timedOut && points > 1 && bytes > smallestTimedOutSplit) return { do: 'split', at: middle };
        return { do: 'wait', ms: backoff(failures.total, verdict.retryAfterMs ?? 0, random), reason: verdict.reason };
      case 'forming':
        return { do: 'wait', ms: formingBackoff(failures.total, random), reason: verdict.reason };
      case 'unreachable': {
        failures.unreachable += 1;
        const untried = failures.unreachable < this.#options.endpoints;
        return { do: 'wait', ms: untried ? 0 : backoff(failures.total, 0, random), reason: verdict.reason };
      }
      case 'dropped':
        failures.drops += 1;
        if (failures.drops >= dropsBeforeSplit && points > 1) return { do: 'split', at: middle };
        if (failures.drops >= dropsOfOnePoint) {
          return {
            do: 'reject',
            reason: 'target-drops-connection',
            message: `the target closes the connection on it: ${verdict.reason}`,
          };
        }
        return { do: 'wait', ms: backoff(failures.total, 0, random), reason: verdict.reason };
      case 'rejected':
        return this.#searchFor(batch, range, from, bytes, verdict, failures, middle);
      case 'refused':
        failures.refusedSince ??= this.#clock.monotonic();
        if (this.#clock.monotonic() - failures.refusedSince < refusedForMs) {
          return { do: 'wait', ms: formingBackoff(failures.total, random), reason: verdict.reason };
        }
        return {
          do: 'stop',
          error: new RefusedError(
            `writing a batch — expected the target to take it — got refusals for 30s: ${verdict.reason} — ` +
              'look at its users, privileges and database, then run the same command again',
          ),
        };
    }
  }

  #searchFor(
    batch: Batch,
    range: PointRange,
    from: number,
    bytes: number,
    verdict: Extract<Verdict, { kind: 'rejected' }>,
    failures: Failures,
    middle: number,
  ): DeliveryStep {
    const points = range.to - range.from;
    if (verdict.tooLarge) this.#sizes.shrink(bytes, 'the target answered 413');
    if (verdict.unknown && failures.unknown < unknownRetries) {
      failures.unknown += 1;
      return { do: 'wait', ms: backoff(failures.unknown, 0, this.#options.random), reason: verdict.message };
    }
    if (points === 1) return { do: 'reject', reason: verdict.reason, message: verdict.message };
    const { offset, point } = verdict;
    if (verdict.tooLarge || failures.misled) return { do: 'split', at: middle };
    if (typeof point === 'number' && point < points) return { do: 'isolate', point: range.from + point };
    if (offset === null || offset < 0 || offset >= bytes) return { do: 'split', at: middle };
    return { do: 'isolate', point: pointAt(batch, range, from + offset) };
  }
}

/**
 * Whether an offset named the wrong point: that one is good, or what stands before it is not. Offsets about this batch
 * are then left alone, or each could cost a request with all of its points.
 */
function wasMisled({ from, to }: PointRange, suspect: number, loaded: boolean): boolean {
  return loaded ? from === suspect && to === from + 1 : to <= suspect;
}

function middleOf({ from, to }: PointRange): number {
  return from + Math.ceil((to - from) / 2);
}

/** What is sent first comes last. */
function halves({ from, to }: PointRange): PointRange[] {
  const middle = middleOf({ from, to });
  return [
    { from: middle, to },
    { from, to: middle },
  ];
}

/** The point of a range that a body offset falls into. */
function pointAt(batch: Batch, range: PointRange, offset: number): number {
  let low = range.from;
  let high = range.to - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (batch.bodyEnd(middle) > offset) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * What is before the named point, the point alone, what is behind it; last is sent first. In order, since of two points
 * with one series and time the later must win. Alone, since an offset may mislead: only what is refused by itself is bad.
 */
function isolated({ from, to }: PointRange, point: number): PointRange[] {
  return [
    { from: point + 1, to },
    { from: point, to: point + 1 },
    { from, to: point },
  ].filter((range) => range.from < range.to);
}

function noFailures(misled: boolean): Failures {
  return {
    total: 0,
    unreachable: 0,
    drops: 0,
    droppedBy: new Set(),
    unknown: 0,
    refusedSince: null,
    seen: new Map(),
    misled,
  };
}

/** What the target throws is meant to end the run; everything else is not meant at all. */
function thrown(cause: unknown): Sent {
  if (cause instanceof BulkLoadError) return { step: { do: 'stop', error: cause }, attempt: null };
  const message = cause instanceof Error ? cause.message : String(cause);
  return { step: { do: 'stop', error: new BugError(`a defect of bulk-load: ${message}`, { cause }) }, attempt: null };
}

function tooMany(batch: Batch, rejected: readonly PointReject[]): TooManyRejectsError {
  const { reason, message } = rejected.at(-1)!;
  return new TooManyRejectsError(
    `writing a batch of ${batch.points} points — expected no more rejected points than --max-rejected allows — ` +
      `got ${rejected.length} in this batch, last ${reason}: ${message} — ` +
      'look at the dead letters, mend the input, or raise --max-rejected',
  );
}

/** What ends a memory that stays exhausted; a load asks for it by itself unless it was told not to. */
const exhausted =
  'have its caches written to disk with COMPACT DATABASE (--no-relieve keeps a load from asking for that), or give it more memory; then ';

/** @param failing by endpoint, why it failed last in any batch, where it has acknowledged none since */
function spent(
  batch: Batch,
  attempt: Attempt,
  { seen }: Failures,
  failing: ReadonlyMap<string, string>,
  retryForMs: number,
): BulkLoadError {
  const where = `${batch.points} points`;
  const memory = attempt.verdict.kind === 'overloaded' && attempt.verdict.memory;
  const own = [...seen].reverse();
  // Which endpoint a batch comes to is chance: where it never came to one that fails as well, others have.
  const others = [...failing].filter(([endpoint]) => !seen.has(endpoint));
  const said = (from: [string, string][]): string[] => from.map(([endpoint, reason]) => `${endpoint}: ${reason}`);
  const last = [said(own).join('; before that from '), ...said(others)].join('; for other batches from ');
  const Ending = attempt.verdict.kind === 'refused' ? RefusedError : UnavailableError;
  return new Ending(
    `writing a batch of ${where} — expected an answer within --retry-for ${Math.round(retryForMs / 1000)}s — ` +
      `last from ${last} — ${memory ? exhausted : ''}the load can be run again`,
  );
}
