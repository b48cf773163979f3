// Provides the state in which the earlier runs of the load left each input.

import type { Input } from '../../core/types/index.js';
import type { Checkpoint, CheckpointInput } from '../../state/checkpoint.js';
import { assertResumable, type FoundTarget } from '../../state/cluster.js';
import type { LoadStore } from '../../state/load-store.js';
import type { EarlierTotals, Ledger } from '../ledger/ledger.js';

export class EarlierRuns {
  readonly #store: LoadStore;
  readonly #inputs: readonly Input[];
  readonly #ledger: Ledger;
  /**
   * Unfinished inputs that this run has not begun, by index. The key of an input that is not part of this run is
   * negative.
   */
  readonly #unfinished = new Map<number, CheckpointInput>();
  /** Offset of each finished input's entry in the log of finished inputs; -1 for an input that is not finished. */
  readonly #finishedAt: Float64Array;
  readonly #resumedFrom = new Map<number, number>();
  /** Number of points from the start of the load to the last point that earlier runs loaded or rejected. */
  #reached = 0;

  constructor(store: LoadStore, inputs: readonly Input[], ledger: Ledger) {
    this.#store = store;
    this.#inputs = inputs;
    this.#ledger = ledger;
    this.#finishedAt = new Float64Array(inputs.length).fill(-1);
  }

  get reached(): number {
    return this.#reached;
  }

  /**
   * Checkpoint entries of unfinished inputs that this run has not begun. The next checkpoint contains these entries,
   * too.
   */
  get unfinished(): Iterable<CheckpointInput> {
    return this.#unfinished.values();
  }

  /** Returns the decoded offset at which this run resumes an input; 0 for an input that it reads from its start. */
  resumedFrom(input: number): number {
    return this.#resumedFrom.get(input) ?? 0;
  }

  isFinished(input: number): boolean {
    return this.#finishedAt[input]! >= 0;
  }

  /**
   * Returns how many file bytes of an input belong to points that earlier runs loaded or rejected. Valid until this run
   * begins the input.
   */
  settledBefore(input: number): number {
    if (this.#finishedAt[input]! >= 0) return this.#inputs[input]!.size ?? 0;
    return Math.max(0, (this.#unfinished.get(input)?.fingerprint.tail.to ?? 0) - this.#startOf(input));
  }

  /** Throws RefusedError if the target does not contain the points that earlier runs loaded. */
  async assertResumable(checkpoint: Checkpoint, target: FoundTarget, sameTarget: boolean): Promise<void> {
    const store = this.#store;
    const entries = async function* (): AsyncGenerator<CheckpointInput> {
      yield* checkpoint.inputs;
      for await (const { input } of store.finished()) yield input;
    };
    await assertResumable(checkpoint.cluster, entries(), target, sameTarget);
  }

  /** Adds the totals of all earlier runs to the ledger. */
  async resume(checkpoint: Checkpoint): Promise<void> {
    const index = new Map(this.#inputs.map(({ path }, i) => [path, i]));
    for await (const { input, at } of this.#store.finished()) {
      const i = index.get(input.path);
      if (i !== undefined) await this.#takeOver(i, input, at);
    }
    for (const [n, input] of checkpoint.inputs.entries()) {
      const i = index.get(input.path);
      this.#unfinished.set(i ?? -1 - n, input);
      if (i !== undefined) await this.#takeOver(i, input, -1);
    }
  }

  /** Returns the last entry of an input in the checkpoint or in the log; null if no earlier run has begun the input. */
  async find(i: number): Promise<{ readonly input: CheckpointInput; readonly finished: boolean } | null> {
    const unfinished = this.#unfinished.get(i);
    if (unfinished !== undefined) return { input: unfinished, finished: false };
    const at = this.#finishedAt[i]!;
    return at < 0 ? null : { input: await this.#store.finishedAt(at), finished: true };
  }

  /**
   * Records that this run has begun an input, so that the checkpoint of earlier runs no longer describes this input.
   */
  begun(i: number): void {
    this.#unfinished.delete(i);
  }

  /** Records that an input is finished and has not changed, so this run skips it. */
  unchanged(i: number, { place }: CheckpointInput): void {
    this.#resumedFrom.set(i, place.byteOffset);
    this.#reached = Math.max(this.#reached, place.ordinal);
  }

  /** Forgets the state of an input whose content has changed, and subtracts its totals. */
  drop(i: number, input: CheckpointInput): void {
    this.#ledger.resume(i, this.#totalsOf(i, input), -1);
    this.#resumedFrom.delete(i);
    this.#unfinished.delete(i);
  }

  /**
   * Adds the totals of one entry. If the input has grown since an earlier entry, first subtracts the totals of the
   * earlier entry.
   */
  async #takeOver(i: number, input: CheckpointInput, at: number): Promise<void> {
    const before = this.#finishedAt[i]!;
    if (before >= 0) this.#ledger.resume(i, this.#totalsOf(i, await this.#store.finishedAt(before)), -1);
    this.#finishedAt[i] = at;
    this.#ledger.resume(i, this.#totalsOf(i, input));
    this.#resumedFrom.set(i, input.place.byteOffset);
    for (const { ordinal } of [input.place, ...input.beyond.map(({ to }) => to)])
      this.#reached = Math.max(this.#reached, ordinal);
  }

  #totalsOf(i: number, { loaded, rejected, values, reasons, place }: CheckpointInput): EarlierTotals {
    return { loaded, rejected, values, reasons, bytes: place.byteOffset - this.#startOf(i) };
  }

  /** Returns the decoded offset at which the first run of the load begins the input. */
  #startOf(i: number): number {
    return this.#inputs[i]!.piece?.from.byteOffset ?? 0;
  }
}
