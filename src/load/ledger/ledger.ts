// The only counters of points. Batching counts the points read. Delivery counts points as loaded, rejected or
// undelivered. Before a summary is written, the three counts must add up to the points read.

import { BugError, BulkLoadError, type InputError, TooManyRejectsError } from '../../core/errors.js';
import { count } from '../../core/text.js';
import {
  type Batch,
  type BatchReject,
  type FleetHooks,
  isCounted,
  type Receipt,
  type RejectTotals,
} from '../../core/types/index.js';
import type { DeadLetters } from '../../state/dead-letters/dead-letters.js';
import type { LongLetterPart } from '../../state/dead-letters/long-letters.js';

export interface InputTotals {
  read: number;
  loaded: number;
  rejected: number;
  undelivered: number;
  /** Decoded bytes of the loaded and rejected points, including comments and blank lines between the points. */
  bytes: number;
  /** Field values of the loaded points. */
  values: number;
  /** Rejects by reason; null before the first reject. */
  reasons: Map<string, number> | null;
  error: string | null;
}

/** Totals of an input from earlier runs of the load. `bytes` counts decoded bytes of loaded and rejected points. */
export interface EarlierTotals {
  readonly loaded: number;
  readonly rejected: number;
  readonly values: number;
  readonly reasons: Readonly<Record<string, number>>;
  readonly bytes: number;
}

/**
 * Receives every batch when it is booked (counted). `stored` is true if the dead letters contain the rejects of the
 * batch. A very long reject arrives in parts. `complete` has the line numbers of such rejects that are now completely
 * in the dead letters.
 */
export type BookListener = (batch: Batch, receipt: Receipt, stored: boolean, complete: readonly number[]) => void;

/** Allowed rejects: a number, or a percentage of the points read. */
export type Allowance = { readonly count: number } | { readonly percent: number };

type LedgerFleet = Pick<FleetHooks, 'elsewhere' | 'report'>;

/** Number of points read from which on a percentage applies. Among fewer points, a few rejects could exceed it. */
const percentAppliesFrom = 100_000;

export class Ledger {
  readonly inputs: InputTotals[];
  readonly inputErrors: InputError[] = [];
  readonly cuts = { points: 0, bytes: 0, inputEnd: 0, idle: 0, split: 0 };
  readonly byReason = new Map<string, number>();
  /** For each reject reason, the message of the first reject, with input and line. */
  readonly examples = new Map<string, string>();
  batches = 0;
  /** Number of loaded batches that introduced a table or column. */
  alone = 0;
  values = 0;
  /** Totals of the earlier runs of this load. */
  readonly #earlier = { read: 0, loaded: 0, rejected: 0 };
  readonly #names: readonly string[];
  readonly #deadLetters: DeadLetters;
  readonly #maxRejected: Allowance;
  readonly #fleet: LedgerFleet | undefined;
  readonly #listeners: BookListener[] = [];
  readonly #total = { read: 0, loaded: 0, rejected: 0, undelivered: 0 };

  /** @param fleet provides the points of the other workers, which count for --max-rejected as well */
  constructor(names: readonly string[], deadLetters: DeadLetters, maxRejected: Allowance, fleet?: LedgerFleet) {
    this.#names = names;
    this.#fleet = fleet;
    this.#deadLetters = deadLetters;
    this.#maxRejected = maxRejected;
    this.inputs = names.map(noTotals);
  }

  onBooked(listener: BookListener): void {
    this.#listeners.push(listener);
  }

  get total(): Readonly<{ read: number; loaded: number; rejected: number; undelivered: number }> {
    return this.#total;
  }

  /** Number of points that all runs of the load have loaded or rejected. */
  get settled(): number {
    return this.#total.loaded + this.#total.rejected;
  }

  get thisRun(): { read: number; loaded: number; rejected: number } {
    const { read, loaded, rejected } = this.#total;
    const before = this.#earlier;
    return { read: read - before.read, loaded: loaded - before.loaded, rejected: rejected - before.rejected };
  }

  /** Records the error of an input that cannot be read completely. */
  fail(input: number, error: InputError): void {
    this.inputs[input]!.error = error.message;
    this.inputErrors.push(error);
  }

  /** Adds the totals of earlier runs for an input. With `sign` -1, subtracts them again. */
  resume(input: number, earlier: EarlierTotals, sign: 1 | -1 = 1): void {
    const account = this.inputs[input]!;
    const { loaded, rejected } = earlier;
    const points = { read: sign * (loaded + rejected), loaded: sign * loaded, rejected: sign * rejected };
    for (const each of [account, this.#total, this.#earlier]) {
      each.read += points.read;
      each.loaded += points.loaded;
      each.rejected += points.rejected;
    }
    account.bytes += sign * earlier.bytes;
    account.values += sign * earlier.values;
    this.values += sign * earlier.values;
    for (const [reason, points] of Object.entries(earlier.reasons)) this.#count(account, reason, sign * points);
  }

  /** Number of points read so far, rejects included. */
  get read(): number {
    return this.#total.read;
  }

  /** Counts points that were read from an input. */
  add(input: number, points: number): void {
    this.inputs[input]!.read += points;
    this.#total.read += points;
  }

  /** Counts points as undelivered, because the run stopped before they were sent. */
  abandon(input: number, points: number): void {
    this.inputs[input]!.undelivered += points;
    this.#total.undelivered += points;
  }

  /** Tests whether `more` further rejects would stay within --max-rejected. */
  mayReject(more: number): boolean {
    const { read, rejected } = this.#all;
    return within(rejected + more, read, this.#maxRejected);
  }

  /**
   * Counts every point of a batch as loaded, rejected or undelivered. Writes rejects to the dead letters before they
   * count as rejected. If writing fails, counts the rejects as undelivered, then throws StateError or
   * TooManyRejectsError. If the rejects exceed --max-rejected, throws TooManyRejectsError after counting.
   * @param isKnown true if another worker introduced the columns of the batch before the batch was sent
   */
  async settle(batch: Batch, receipt: Receipt, isKnown = false): Promise<void> {
    const account = this.inputs[batch.span.input]!;
    const rejects = [
      ...batch.rejects.map(rejectedHere),
      ...receipt.rejected.map((reject) => rejectedByTarget(batch, reject)),
    ];
    const counted = rejects.filter(isCounted);
    const stored = await this.#store(batch, rejects);
    // The code below does not await, so that a snapshot includes the batch either completely or not at all.
    const loaded = pointsIn(receipt.loaded);
    this.#book(account, 'loaded', loaded);
    this.#book(account, 'undelivered', pointsIn(receipt.undelivered));
    this.#countBatch(batch, account, receipt, loaded);
    if (loaded > 0 && batch.introduces !== null && !isKnown) this.alone += 1;
    account.bytes += settledBytes(batch, receipt);
    this.#book(account, stored instanceof BulkLoadError ? 'undelivered' : 'rejected', counted.length);
    if (stored instanceof BulkLoadError) {
      this.#report(batch, receipt, false, []);
      throw stored;
    }
    for (const reject of rejects) this.#countReject(batch, account, reject);
    this.#report(batch, receipt, true, stored);
    if (rejects.length > 0) await this.#fleet?.report(this.#total);
    if (rejects.length > 0 && !this.mayReject(0)) throw this.#tooMany();
  }

  /**
   * Throws BugError unless read = loaded + rejected + undelivered, for each input and in total. Also throws BugError
   * for undelivered points of a run that was not stopped.
   */
  assertBalanced(stopped: boolean): void {
    const { undelivered: left } = this.#total;
    if (left > 0 && !stopped) throw new BugError(`${left} points are undelivered, but the run was not stopped`);
    for (const [i, account] of [...this.inputs, this.#total].entries()) {
      const sum = account.loaded + account.rejected + account.undelivered;
      if (sum === account.read) continue;
      const name = this.#names[i] ?? 'all inputs';
      const { read, loaded, rejected, undelivered } = account;
      throw new BugError(
        `the totals of ${name} do not balance: read ${read} ≠ loaded ${loaded} + rejected ${rejected} + undelivered ${undelivered}`,
      );
    }
  }

  /** Points of this run and of the other workers of the fleet. */
  get #all(): RejectTotals {
    const { read, rejected } = this.#total;
    const others = this.#fleet?.elsewhere;
    return { read: read + (others?.read ?? 0), rejected: rejected + (others?.rejected ?? 0) };
  }

  #report(...booked: Parameters<BookListener>): void {
    for (const listener of this.#listeners) listener(...booked);
  }

  /**
   * Writes rejects to the dead letters. Returns the line numbers of rejects that arrived in parts and are now complete.
   * If writing fails, returns the error.
   */
  async #store(batch: Batch, rejects: readonly LongLetterPart[]): Promise<readonly number[] | BulkLoadError> {
    if (rejects.length === 0) return [];
    try {
      return await this.#deadLetters.write(this.#names[batch.span.input]!, rejects, batch.deadLetterFormat);
    } catch (error) {
      if (error instanceof BulkLoadError) return error;
      throw error;
    }
  }

  #book(account: InputTotals, kind: 'loaded' | 'rejected' | 'undelivered', points: number): void {
    account[kind] += points;
    this.#total[kind] += points;
  }

  #countBatch(batch: Batch, account: InputTotals, receipt: Receipt, loaded: number): void {
    if (batch.cut !== 'shape' && batch.cut !== 'bucket') this.cuts[batch.cut] += 1;
    this.cuts.split += Math.max(0, receipt.loaded.length - 1);
    if (loaded === 0) return;
    this.batches += 1;
    // `batch.values` counts all values. If only part of the batch is loaded, the loaded values are estimated.
    const values = loaded === batch.points ? batch.values : Math.round((batch.values * loaded) / batch.points);
    this.values += values;
    account.values += values;
  }

  #countReject(batch: Batch, account: InputTotals, letter: LongLetterPart): void {
    const { reason, message, line } = letter;
    if (isCounted(letter)) this.#count(account, reason, 1);
    if (!this.examples.has(reason)) this.examples.set(reason, `${this.#names[batch.span.input]}:${line}: ${message}`);
  }

  #count(account: InputTotals, reason: string, points: number): void {
    account.reasons ??= new Map();
    for (const counts of [account.reasons, this.byReason]) {
      const sum = (counts.get(reason) ?? 0) + points;
      if (sum === 0) counts.delete(reason);
      else counts.set(reason, sum);
    }
  }

  #tooMany(): TooManyRejectsError {
    const { rejected, read } = this.#all;
    const allowed = 'count' in this.#maxRejected ? count(this.#maxRejected.count) : `${this.#maxRejected.percent}%`;
    return new TooManyRejectsError({
      tried: 'loading',
      expected: `at most ${allowed} rejected points (--max-rejected)`,
      found: `${count(rejected)} rejected of ${count(read)} read`,
      fix: 'look at the dead letters, fix the input, or raise --max-rejected',
    });
  }
}

/** Tests whether --accept-rejects allows the rejects of a load. A percentage applies to any number of points. */
export function accepts(rejected: number, read: number, allowance: Allowance): boolean {
  if ('count' in allowance) return rejected <= allowance.count;
  return rejected * 100 <= allowance.percent * read;
}

/** Tests whether --max-rejected allows the rejects. A percentage applies only if at least 100,000 points were read. */
export function within(rejected: number, read: number, allowance: Allowance): boolean {
  return accepts(rejected, read, allowance) || ('percent' in allowance && read < percentAppliesFrom);
}

/** Returns the decoded bytes of a batch, minus an estimate of the bytes of its undelivered points. */
function settledBytes({ span, points }: Batch, { undelivered }: Receipt): number {
  const lost = pointsIn(undelivered);
  return lost === 0 ? span.bytes : Math.floor((span.bytes * (points - lost)) / points);
}

function noTotals(): InputTotals {
  return { read: 0, loaded: 0, rejected: 0, undelivered: 0, bytes: 0, values: 0, reasons: null, error: null };
}

function rejectedHere(reject: BatchReject): LongLetterPart {
  return { ...reject, endpoint: null };
}

function rejectedByTarget(
  batch: Batch,
  { point, reason, message, endpoint }: Receipt['rejected'][number],
): LongLetterPart {
  return { ...batch.source(point), reason, message, endpoint, part: 'whole' };
}

function pointsIn(ranges: readonly { from: number; to: number }[]): number {
  return ranges.reduce((sum, { from, to }) => sum + to - from, 0);
}
