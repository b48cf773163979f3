// Lets several runs continue one load. Takes the lock, reads the checkpoint, decides where each input begins, and
// writes the checkpoint from which the next run resumes.

import { join } from 'node:path';
import { count, plural } from '../../core/text.js';
import { stampOf } from '../../core/time/iso-time.js';
import type { ByteSource, ResumePoint, RunDetails } from '../../core/types/index.js';
import type { Checkpoint } from '../../state/checkpoint.js';
import type { FoundTarget } from '../../state/cluster.js';
import type { DeadLetters } from '../../state/dead-letters/dead-letters.js';
import type { SettledPiece } from '../../state/input-progress.js';
import { LoadStore } from '../../state/load-store.js';
import { lockLost, takeLoadLock } from '../../state/locks/load-lock.js';
import type { HeldLock } from '../../state/locks/lock.js';
import { prepareStateDir } from '../../state/state-dir.js';
import type { Ledger } from '../ledger/ledger.js';
import { CheckpointSaver } from './checkpoint-saver.js';
import { EarlierRuns } from './earlier-runs.js';
import { InputStarts } from './input-starts.js';
import { InputTracks } from './input-tracks.js';
import type { ResumeContext } from './types.js';

/**
 * When this many finished inputs are in memory, they are appended to the log. Each input needs about 1.5 KiB of memory.
 */
const maxFinished = 500;

/** Ending of a run. `not-started` means that no run of this load has sent a point. */
export type RunEnding = 'finished' | 'stopped' | 'not-started';

export class ResumeState {
  readonly #context: ResumeContext;
  readonly #deadLetters: DeadLetters;
  readonly #ledger: Ledger;
  readonly #store: LoadStore;
  readonly #saver: CheckpointSaver;
  readonly earlier: EarlierRuns;
  readonly #tracks: InputTracks;
  readonly #starts: InputStarts;
  /** True if the load has a checkpoint. A checkpoint requires that all inputs have a path and a size. */
  readonly #persistent: boolean;
  readonly #stamp: string;
  #lock: HeldLock | null = null;
  #startMs: number;
  #opened = false;
  #finished = false;
  /** Checkpoint of an earlier run, as `open` read it; null without such a checkpoint. */
  #unresumed: Checkpoint | null = null;
  #target: FoundTarget | null = null;
  /** Part of the final names of the dead-letter files, such as `rejected-…`; null until the load is finished. */
  #completing: string | null = null;

  constructor(context: ResumeContext, deadLetters: DeadLetters, ledger: Ledger) {
    const { options, inputs, names, startedMs, clock, notify, end } = context;
    this.#context = context;
    this.#deadLetters = deadLetters;
    this.#ledger = ledger;
    this.#persistent = options.checkpoint && inputs.every(({ path, size }) => path !== null && size !== null);
    this.#stamp = stampOf(startedMs);
    this.#startMs = startedMs;
    this.#store = new LoadStore(options.stateDir, names.load, names.database);
    this.earlier = new EarlierRuns(this.#store, inputs, ledger);
    const checkpoint = this.#persistent;
    this.#tracks = new InputTracks({
      paths: inputs.map(({ path }) => path),
      totals: (input) => ledger.inputs[input]!,
      checkpoint,
      checksums: options.skipLoaded,
      cluster: () => this.#target?.cluster,
    });
    this.#starts = new InputStarts({
      inputs,
      onChanged: options.onChanged,
      checkpoint,
      sameTarget: options.sameTarget,
      earlier: this.earlier,
      tracks: this.#tracks,
      copyCheckpoint: () => this.#store.keepCopy(this.#stamp),
      notify,
    });
    this.#saver = new CheckpointSaver({ clock, end, save: () => this.#saveCheckpoint() });
    ledger.onBooked((...booked) => {
      this.#tracks.book(...booked);
      this.#saver.touch();
    });
  }

  /** Start of the first run of the load, ms since 1970. */
  get startMs(): number {
    return this.#startMs;
  }

  /** Path of the checkpoint; null if the next run cannot resume from a checkpoint. */
  get checkpoint(): string | null {
    return this.#persistent && this.#store.written && !this.#finished ? this.#store.path : null;
  }

  /** Number of points of inputs that --skip-loaded skipped. */
  get skippedPoints(): number {
    return this.#starts.skippedPoints;
  }

  /**
   * Number for --skip-points of the next run; null for a load with a checkpoint, because it does not need the option.
   */
  get pointsToSkip(): number | null {
    if (this.#persistent) return null;
    return Math.max(this.#context.options.skipPoints, this.#tracks.firstOpenOrdinal ?? this.#starts.nextOrdinal);
  }

  /** Loads and inputs whose unfinished state this run does not resume. */
  get abandoned(): RunDetails['abandoned'] {
    return this.#starts.abandoned;
  }

  /** Takes the lock and reads the checkpoint. Throws StateError, and BusyError if another run has the lock. */
  async open(): Promise<void> {
    await this.#takeLock();
    if (this.#context.options.fresh || !this.#persistent)
      await this.#abandon('info', 'this run does not resume the unfinished load');
    this.#unresumed = this.#persistent ? await this.#store.open() : null;
  }

  /**
   * Resumes from the checkpoint. Called when the target is known. Throws StateError. Throws RefusedError if the target
   * does not contain the points that earlier runs loaded.
   */
  async resume(target: FoundTarget): Promise<void> {
    this.#target = target;
    const checkpoint = await this.#resumable(target);
    await this.#deadLetters.prepare(
      this.#stamp,
      checkpoint && { lengths: checkpoint.deadLetters, completing: checkpoint.completing },
    );
    this.#opened = true;
    if (checkpoint !== null) await this.#takeOver(checkpoint);
    if (this.#context.options.skipLoaded) await this.#starts.readHistory(this.#store.history, target);
  }

  /** Writes the first checkpoint, with the start of the load, the base of generated timestamps. Throws StateError. */
  async saveStart(): Promise<void> {
    if (this.#persistent) await this.#saver.save();
  }

  /**
   * Returns the position at which to begin reading an input; null if the input need not be read. Throws InputError if
   * the content has changed and --on-changed is `refuse`.
   * @param reached number of points of the load that precede the input
   */
  async beginInput(i: number, source: ByteSource, reached: number): Promise<ResumePoint | null> {
    this.#starts.advanceTo(reached);
    return await this.#starts.begin(i, source);
  }

  /**
   * Extends the fingerprint of an input for the last time, before its source is closed. If many finished inputs are in
   * memory, appends them to the log at once, because the next checkpoint may be minutes away. Appends nothing during a
   * save, because the totals that are being saved do not include these inputs.
   */
  async closeInput(i: number): Promise<void> {
    await this.#tracks.close(i);
    if (this.#tracks.finishedCount < maxFinished || this.#saver.isSaving) return;
    await this.#store.append(this.#tracks.takeFinished());
  }

  /**
   * Records that an input was read to its end. `rest` is the part of the input after the last batch. This part has no
   * points to send.
   */
  inputRead(i: number, rest: SettledPiece): void {
    this.#tracks.readToEnd(i, rest);
    this.#starts.advanceTo(rest.to.ordinal);
    this.#saver.touch();
  }

  /** Saves the state for the next run. The files of a finished load remain until `end`. Throws StateError. */
  async close(ending: RunEnding): Promise<void> {
    try {
      await this.#saver.stop();
      if (this.#opened) await this.#closeFiles(ending);
    } finally {
      await this.#store.close();
    }
    const { saves, ms } = this.#saver.stats;
    if (saves === 0) return;
    const message = `${plural(saves, 'checkpoint')} written in ${Math.round(ms)} ms`;
    this.#context.notify({ level: 'debug', kind: 'checkpoint', message });
  }

  /**
   * Removes the checkpoint of a finished load, and releases the lock. Throws StateError if the checkpoint cannot be
   * removed.
   * @param reported true if the results of the run are written; otherwise the checkpoint remains
   */
  async end(reported: boolean): Promise<void> {
    try {
      if (reported && this.#finished) await this.#store.forget();
    } finally {
      this.#lock?.release();
    }
  }

  async #closeFiles(ending: RunEnding): Promise<void> {
    const finished = ending === 'finished';
    const name = finished && this.#deadLetters.lengths ? await this.#deadLetters.finalName(this.#stamp) : null;
    this.#completing = name;
    const started = this.#persistent && this.#saver.stats.saves > 0;
    let saved = false;
    try {
      // A finished load without dead letters needs no further checkpoint. If the process dies now, the last checkpoint
      // can resume the load.
      if (started && finished && name === null) await this.#store.append(this.#tracks.takeFinished());
      // A run that has not saved a checkpoint must not overwrite the checkpoint of an earlier run.
      else if (started) await this.#saver.save();
      saved = true;
    } finally {
      await this.#deadLetters.close(saved ? name : null);
    }
    // Removes the empty log if the run stopped before its first checkpoint.
    if (!started) return this.#persistent && !this.#store.written ? await this.#store.forget() : undefined;
    this.#finished = finished;
    // Inputs are not recorded as loaded if --skip-points skipped some of their points, so a later load reads them.
    if (finished && this.#context.options.skipPoints === 0) await this.#store.record();
    else if (ending === 'not-started') await this.#store.forget();
  }

  async #takeLock(): Promise<void> {
    const { options, names, clock, signal, notify, end } = this.#context;
    const path = join(options.stateDir, `${names.load}.lock`);
    await prepareStateDir(options.stateDir);
    const lost = (): void => end(lockLost('loading', `the lock ${path}`));
    this.#lock = await takeLoadLock(path, { clock, signal, notify, lost });
  }

  /** Returns the checkpoint to resume from; null if none exists, or if this run created the database. */
  async #resumable(target: FoundTarget): Promise<Checkpoint | null> {
    const checkpoint = this.#unresumed;
    if (checkpoint === null || !target.isCreated) {
      const { sameTarget } = this.#context.options;
      if (checkpoint !== null) await this.earlier.assertResumable(checkpoint, target, sameTarget);
      return checkpoint;
    }
    await this.#store.close();
    await this.#abandon('warn', 'this run created the database, so the unfinished load starts over');
    return await this.#store.open();
  }

  /** Renames the checkpoint of an earlier run so that it is not resumed, and reports the reason. */
  async #abandon(level: 'info' | 'warn', reason: string): Promise<void> {
    const kept = await this.#store.abandon(this.#stamp);
    if (kept === null) return;
    this.#starts.abandon(null, kept);
    const message = `${reason}; the checkpoint of the unfinished load is kept as ${kept}`;
    this.#context.notify({ level, kind: 'fresh', message });
  }

  async #takeOver(checkpoint: Checkpoint): Promise<void> {
    this.#startMs = checkpoint.startedMs;
    await this.earlier.resume(checkpoint);
    this.#starts.advanceTo(this.earlier.reached);
    const { read, loaded, rejected } = this.#ledger.total;
    const message =
      `resuming the load that began at ${new Date(this.#startMs).toISOString()}: ` +
      `${plural(read, 'point')} read, ${count(loaded)} loaded, ${count(rejected)} rejected so far`;
    this.#context.notify({ level: 'info', kind: 'resume', message });
  }

  /**
   * Writes the checkpoint. Returns false and writes nothing if a point counts as rejected, but is not completely in the
   * dead letters.
   */
  async #saveCheckpoint(): Promise<boolean> {
    await this.#tracks.refreshFingerprints();
    if (this.#tracks.incompletePoints > 0) return false;
    // Copies progress, totals and dead letters without `await`, so that they describe the same moment.
    const checkpoint = {
      startedMs: this.#startMs,
      deadLetters: this.#deadLetters.lengths,
      completing: this.#completing,
      cluster: this.#target?.cluster,
      inputs: [...this.earlier.unfinished, ...this.#tracks.unfinished()],
    };
    const finished = this.#tracks.takeFinished();
    this.#saver.copied();
    await this.#deadLetters.sync();
    await this.#store.save(checkpoint, finished);
    return true;
  }
}
