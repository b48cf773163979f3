// The only counters. Reading is counted where points are taken from the input, settling where their fate is known;
// the two meet in one equation, asserted before a summary is written.

import { BugError, type BulkLoadError, TooManyRejectsError } from '../errors.js';
import type { Batch, BatchReject, Receipt } from '../model.js';
import type { DeadLetters, Letter } from './dead-letters.js';

export interface InputAccount {
  read: number;
  loaded: number;
  rejected: number;
  undelivered: number;
  /** Decoded bytes that settled batches stand for. */
  bytes: number;
  error: string | null;
}

/** How many rejects a load may have: so many, or so many in a hundred points read. */
export type Allowance = { readonly count: number } | { readonly percent: number };

/** A percentage means little of few points: it counts from here on. */
const percentCountsFrom = 100_000;

export class Ledger {
  readonly inputs: InputAccount[];
  readonly cuts = { points: 0, bytes: 0, inputEnd: 0, idle: 0, split: 0 };
  readonly byReason = new Map<string, number>();
  /** First message of each reason, with its place. */
  readonly examples = new Map<string, string>();
  batches = 0;
  alone = 0;
  values = 0;
  /** Why the run ends early; the first cause wins. */
  reason: BulkLoadError | null = null;
  readonly #names: readonly string[];
  readonly #deadLetters: DeadLetters;
  readonly #maxRejected: Allowance;
  readonly #total = { read: 0, loaded: 0, rejected: 0, undelivered: 0 };

  constructor(names: readonly string[], deadLetters: DeadLetters, maxRejected: Allowance) {
    this.#names = names;
    this.#deadLetters = deadLetters;
    this.#maxRejected = maxRejected;
    this.inputs = names.map(() => ({ read: 0, loaded: 0, rejected: 0, undelivered: 0, bytes: 0, error: null }));
  }

  get total(): Readonly<{ read: number; loaded: number; rejected: number; undelivered: number }> {
    return this.#total;
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
    const loaded = count(receipt.loaded);
    this.#book(account, 'loaded', loaded);
    this.#book(account, 'undelivered', count(receipt.undelivered));
    this.#shape(batch, receipt, loaded);
    account.bytes += batch.span.bytes;
    const rejects = [...batch.rejects.map(ours), ...receipt.rejected.map((reject) => theirs(batch, reject))];
    const counted = rejects.filter(isCounted);
    if (rejects.length === 0) return;
    try {
      await this.#deadLetters.write(this.#names[batch.span.input]!, rejects);
    } catch (error) {
      this.#book(account, 'undelivered', counted.length);
      throw error;
    }
    for (const reject of rejects) this.#remember(batch, reject);
    this.#book(account, 'rejected', counted.length);
    if (!this.mayReject(0)) throw this.#tooMany();
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

  #book(account: InputAccount, kind: 'loaded' | 'rejected' | 'undelivered', points: number): void {
    account[kind] += points;
    this.#total[kind] += points;
  }

  #shape(batch: Batch, receipt: Receipt, loaded: number): void {
    if (batch.cut !== 'shape') this.cuts[batch.cut] += 1;
    if (receipt.loaded.length > 1) this.cuts.split += receipt.loaded.length - 1;
    if (loaded === 0) return;
    this.batches += 1;
    if (batch.introduces !== null) this.alone += 1;
    // Values are known per batch; of a batch that was loaded in part the share is taken.
    this.values += loaded === batch.points ? batch.values : Math.round((batch.values * loaded) / batch.points);
  }

  #remember(batch: Batch, letter: Letter): void {
    const { reason, message, line } = letter;
    if (isCounted(letter)) this.byReason.set(reason, (this.byReason.get(reason) ?? 0) + 1);
    if (!this.examples.has(reason)) this.examples.set(reason, `${this.#names[batch.span.input]}:${line}: ${message}`);
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

function ours(reject: BatchReject): Letter {
  return { ...reject, endpoint: null };
}

function theirs(batch: Batch, { point, reason, message, endpoint }: Receipt['rejected'][number]): Letter {
  return { ...batch.source(point), reason, message, endpoint, part: 'whole' };
}

/** Of a point in parts only the last is counted. */
function isCounted({ part }: Letter): boolean {
  return part === 'whole' || part === 'last';
}

function count(ranges: readonly { from: number; to: number }[]): number {
  return ranges.reduce((sum, { from, to }) => sum + to - from, 0);
}
