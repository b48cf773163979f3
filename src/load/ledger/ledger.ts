// The only counters. Reading is counted where points are taken from the input, settling where their fate is known;
// the two meet in one equation, asserted before a summary is written.

import { BugError, type BulkLoadError, StateError, TooManyRejectsError } from '../../core/errors.js';
import { type Batch, type BatchReject, isCounted, type Receipt } from '../../core/types/index.js';
import type { DeadLetters } from '../../state/dead-letters/dead-letters.js';
import type { LongLetterPart } from '../../state/dead-letters/long-letters.js';

export interface InputTotals {
  read: number;
  loaded: number;
  rejected: number;
  undelivered: number;
  /** Decoded bytes whose points are acknowledged or rejected, comments and blank lines included. */
  bytes: number;
  /** Field values of what was loaded. */
  values: number;
  /** Rejects by reason; null as long as there are none. */
  reasons: Map<string, number> | null;
  error: string | null;
}

/** The account of an input as earlier runs of the load left it. */
export interface EarlierTotals {
  readonly loaded: number;
  readonly rejected: number;
  readonly values: number;
  readonly reasons: Readonly<Record<string, number>>;
  /** Decoded bytes. */
  readonly bytes: number;
}

/**
 * Told of every batch in the same instant in which it is booked. `kept`: its rejects are in the dead letters; `whole`:
 * lines of the points in parts that are whole there now.
 */
export type Booked = (batch: Batch, receipt: Receipt, kept: boolean, whole: readonly number[]) => void;

/** How many rejects a load may have: so many, or so many in a hundred points read. */
export type Allowance = { readonly count: number } | { readonly percent: number };

/** A percentage means little of few points: it counts from here on. */
const percentCountsFrom = 100_000;

export class Ledger {
  readonly inputs: InputTotals[];
  readonly cuts = { points: 0, bytes: 0, inputEnd: 0, idle: 0, split: 0 };
  readonly byReason = new Map<string, number>();
  /** First message of each reason, with its place. */
  readonly examples = new Map<string, string>();
  batches = 0;
  alone = 0;
  values = 0;
  /** What earlier runs of the load did. */
  readonly #earlier = { read: 0, loaded: 0, rejected: 0 };
  /** Why the run ends early; the first cause wins. */
  reason: BulkLoadError | null = null;
  readonly #names: readonly string[];
  readonly #deadLetters: DeadLetters;
  readonly #maxRejected: Allowance;
  readonly #booked: Booked;
  readonly #total = { read: 0, loaded: 0, rejected: 0, undelivered: 0 };

  constructor(names: readonly string[], deadLetters: DeadLetters, maxRejected: Allowance, booked: Booked = () => {}) {
    this.#names = names;
    this.#deadLetters = deadLetters;
    this.#maxRejected = maxRejected;
    this.#booked = booked;
    this.inputs = names.map(nothing);
  }

  get total(): Readonly<{ read: number; loaded: number; rejected: number; undelivered: number }> {
    return this.#total;
  }

  get thisRun(): { read: number; loaded: number; rejected: number } {
    const { read, loaded, rejected } = this.#total;
    const before = this.#earlier;
    return { read: read - before.read, loaded: loaded - before.loaded, rejected: rejected - before.rejected };
  }

  /** Adds what earlier runs did with an input; with a `sign` of -1 takes it back. */
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

  /** Points read so far, rejects included. */
  get read(): number {
    return this.#total.read;
  }

  add(input: number, points: number): void {
    this.inputs[input]!.read += points;
    this.#total.read += points;
  }

  abandon(input: number, points: number): void {
    this.inputs[input]!.undelivered += points;
    this.#total.undelivered += points;
  }

  /** Keeps the first cause. */
  stopFor(reason: BulkLoadError): void {
    this.reason ??= reason;
  }

  /** Whether `more` further rejects stay within `--max-rejected`. */
  mayReject(more: number): boolean {
    return within(this.#total.rejected + more, this.#total.read, this.#maxRejected);
  }

  /**
   * Books the fate of every point of a batch, once. Rejects are in the dead letters before they are counted as rejected.
   * Throws StateError when they cannot be written (they are then undelivered: nothing is forgotten) and
   * TooManyRejectsError when there are more than allowed.
   */
  async settle(batch: Batch, receipt: Receipt): Promise<void> {
    const account = this.inputs[batch.span.input]!;
    const rejects = [...batch.rejects.map(ours), ...receipt.rejected.map((reject) => theirs(batch, reject))];
    const counted = rejects.filter(isCounted);
    const kept = await this.#keep(batch, rejects);
    // From here on without a pause: whoever looks sees a batch as a whole, or not at all.
    const loaded = count(receipt.loaded);
    this.#book(account, 'loaded', loaded);
    this.#book(account, 'undelivered', count(receipt.undelivered));
    this.#shape(batch, account, receipt, loaded);
    account.bytes += settledBytes(batch, receipt);
    this.#book(account, kept instanceof StateError ? 'undelivered' : 'rejected', counted.length);
    if (kept instanceof StateError) {
      this.#booked(batch, receipt, false, []);
      throw kept;
    }
    for (const reject of rejects) this.#remember(batch, account, reject);
    this.#booked(batch, receipt, true, kept);
    if (rejects.length > 0 && !this.mayReject(0)) throw this.#tooMany();
  }

  /**
   * Asserts read = loaded + rejected + undelivered, per input and in total, and that a run without a reason to stop left
   * nothing undelivered. Throws BugError.
   */
  assertBalanced(): void {
    const { undelivered: left } = this.#total;
    if (left > 0 && this.reason === null) throw new BugError(`${left} points are undelivered and nothing says why`);
    for (const [i, account] of [...this.inputs, this.#total].entries()) {
      const sum = account.loaded + account.rejected + account.undelivered;
      if (sum === account.read) continue;
      const name = this.#names[i] ?? 'all inputs';
      const { read, loaded, rejected, undelivered } = account;
      throw new BugError(
        `the account of ${name} does not balance: read ${read} ≠ loaded ${loaded} + rejected ${rejected} + undelivered ${undelivered}`,
      );
    }
  }

  /** Rejects into the dead letters: what became whole there, or why they are not in it. */
  async #keep(batch: Batch, rejects: readonly LongLetterPart[]): Promise<readonly number[] | StateError> {
    if (rejects.length === 0) return [];
    try {
      return await this.#deadLetters.write(this.#names[batch.span.input]!, rejects, batch.deadLetterFormat);
    } catch (error) {
      if (error instanceof StateError) return error;
      throw error;
    }
  }

  #book(account: InputTotals, kind: 'loaded' | 'rejected' | 'undelivered', points: number): void {
    account[kind] += points;
    this.#total[kind] += points;
  }

  #shape(batch: Batch, account: InputTotals, receipt: Receipt, loaded: number): void {
    if (batch.cut !== 'shape') this.cuts[batch.cut] += 1;
    if (receipt.loaded.length > 1) this.cuts.split += receipt.loaded.length - 1;
    if (loaded === 0) return;
    this.batches += 1;
    if (batch.introduces !== null) this.alone += 1;
    // Values are known per batch; of a batch that was loaded in part the share is taken.
    const values = loaded === batch.points ? batch.values : Math.round((batch.values * loaded) / batch.points);
    this.values += values;
    account.values += values;
  }

  #remember(batch: Batch, account: InputTotals, letter: LongLetterPart): void {
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
    const { rejected, read } = this.#total;
    const allowed = 'count' in this.#maxRejected ? `${this.#maxRejected.count}` : `${this.#maxRejected.percent}%`;
    return new TooManyRejectsError(
      `loading — expected at most ${allowed} rejected points (--max-rejected) — got ${rejected} of ${read} read — ` +
        'look at the dead letters, mend the input, or raise --max-rejected',
    );
  }
}

/** Whether a load that came to its end with so many rejects is a success; a percentage counts from the first point on. */
export function accepts(rejected: number, read: number, allowance: Allowance): boolean {
  if ('count' in allowance) return rejected <= allowance.count;
  return rejected * 100 <= allowance.percent * read;
}

/** Whether `rejected` of `read` points stay within an allowance. A percentage counts from 100,000 points on. */
export function within(rejected: number, read: number, allowance: Allowance): boolean {
  return accepts(rejected, read, allowance) || ('percent' in allowance && read < percentCountsFrom);
}

/** Bytes of the batch without the share of its undelivered points. */
function settledBytes({ span, points }: Batch, { undelivered }: Receipt): number {
  const lost = count(undelivered);
  return lost === 0 ? span.bytes : Math.floor((span.bytes * (points - lost)) / points);
}

function nothing(): InputTotals {
  return { read: 0, loaded: 0, rejected: 0, undelivered: 0, bytes: 0, values: 0, reasons: null, error: null };
}

function ours(reject: BatchReject): LongLetterPart {
  return { ...reject, endpoint: null };
}

function theirs(batch: Batch, { point, reason, message, endpoint }: Receipt['rejected'][number]): LongLetterPart {
  return { ...batch.source(point), reason, message, endpoint, part: 'whole' };
}

function count(ranges: readonly { from: number; to: number }[]): number {
  return ranges.reduce((sum, { from, to }) => sum + to - from, 0);
}
