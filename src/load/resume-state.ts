// What makes a load one load over several runs: how far each input is accounted for, kept on the disk once a second and
// at every stop, and taken up again by the next run. Reading asks where to begin, the ledger tells what was settled.

import { join } from 'node:path';
import type { Settings } from '../config/settings.js';
import { InputError, StateError } from '../core/errors.js';
import type {
  Batch,
  ByteSource,
  Clock,
  Input,
  Notice,
  Position,
  Receipt,
  ResumePoint,
  RunDetails,
} from '../core/types/index.js';
import { INPUT_START } from '../core/types/index.js';
import type { Checkpoint, CheckpointInput } from '../state/checkpoint.js';
import { DeadLetters } from '../state/dead-letters/dead-letters.js';
import { compareFingerprint, type Fingerprint, fingerprint } from '../state/fingerprint.js';
import { readHistory } from '../state/history.js';
import { InputProgress, type SettledPiece } from '../state/input-progress.js';
import { LoadStore } from '../state/load-store.js';
import { takeLoadLock } from '../state/locks/load-lock.js';
import type { HeldLock } from '../state/locks/lock.js';
import { settledRanges } from '../state/settled-ranges.js';
import { prepareStateDir } from '../state/state-dir.js';
import type { EarlierTotals, Ledger } from './ledger/ledger.js';

export interface ResumeStateContext {
  readonly settings: Settings;
  readonly inputs: readonly Input[];
  readonly clock: Clock;
  readonly startedMs: number;
  /** Names the load, and the database that it goes to. */
  readonly names: { readonly load: string; readonly database: string };
  /** Ends waiting. */
  readonly signal: AbortSignal;
  readonly notify: (notice: Notice) => void;
  /** Ends the run. */
  readonly end: (error: unknown) => void;
}

/** An input that this run has begun. */
interface Track {
  readonly progress: InputProgress;
  source: ByteSource | null;
  fingerprint: Fingerprint | null;
  /** Decoded bytes of the whole input; null until its end was read. */
  end: number | null;
  /** Pieces of points in parts that are not whole in the dead letters yet, by line. */
  readonly parts: Map<number, SettledPiece[]>;
}

const saveMs = 1000;
const mostAbandoned = 100;
/** A save takes at most this part of the time: the next one waits so many times as long as the last one took. */
const saveShare = 100;

export class ResumeState {
  readonly deadLetters: DeadLetters;
  readonly #context: ResumeStateContext;
  readonly #record: LoadStore;
  readonly #keeps: boolean;
  readonly #stamp: string;
  readonly #tracks = new Map<number, Track>();
  readonly #resumedFrom = new Map<number, number>();
  /** Unfinished inputs of earlier runs that this one has not begun; those at -1 - n are not among its inputs. */
  readonly #waiting = new Map<number, CheckpointInput>();
  /** Where the log has a finished input; -1: not there. */
  readonly #finishedAt: Float64Array;
  #loadedBefore: ReadonlyMap<string, CheckpointInput> = new Map();
  #newlyFinished: CheckpointInput[] = [];
  #ledger: Ledger | null = null;
  #lock: HeldLock | null = null;
  #startMs: number;
  /** Points of the load before an input that nobody has begun yet. */
  #next = 0;
  /** Last parts that were booked while parts before them are still on their way: no account to be kept. */
  #halfPoints = 0;
  #opened = false;
  #copied = false;
  #closing = false;
  #completing: string | null = null;
  #dirty = false;
  #saving: Promise<void> | null = null;
  #cancelSave: (() => void) | null = null;
  #saveNotBefore = 0;
  #saves = 0;
  #savedMs = 0;
  #leftOut = 0;
  /** The first of what was given up. */
  readonly #abandoned: { input: number | null; kept: string | null }[] = [];
  #abandonedMore = 0;

  constructor(context: ResumeStateContext) {
    const { settings, inputs, names, startedMs } = context;
    this.#context = context;
    this.#keeps = settings.checkpoint && inputs.every(({ path, size }) => path !== null && size !== null);
    this.#stamp = stampOf(startedMs);
    this.#startMs = startedMs;
    this.#finishedAt = new Float64Array(inputs.length).fill(-1);
    this.deadLetters = new DeadLetters(settings.stateDir, names.load);
    this.#record = new LoadStore(settings.stateDir, names.load, this.#historyPath);
  }

  /** Start of the load, ms since 1970: of its first run. */
  get startMs(): number {
    return this.#startMs;
  }

  /** Path of the checkpoint; null when there is none. */
  get checkpoint(): string | null {
    return this.#keeps && this.#record.written ? this.#record.path : null;
  }

  /** Points of inputs that were left out, since an earlier load finished them. */
  get leftOut(): number {
    return this.#leftOut;
  }

  /** Without a checkpoint: so many points at the beginning need not be read again. */
  get skippable(): number | null {
    if (this.#keeps) return null;
    const open = [...this.#tracks.values()].map(({ progress }) => progress.place.ordinal);
    return Math.max(this.#context.settings.skipPoints, open.length > 0 ? Math.min(...open) : this.#next);
  }

  /** What was given up for a fresh start. */
  get abandoned(): RunDetails['abandoned'] {
    return { shown: this.#abandoned, more: this.#abandonedMore };
  }

  get #historyPath(): string {
    return join(this.#context.settings.stateDir, `${this.#context.names.database}.finished.ndjson`);
  }

  resumedFrom(input: number): number {
    return this.#resumedFrom.get(input) ?? 0;
  }

  /** File bytes of an input that earlier runs have settled, as far as this run has not begun it. */
  settledBefore(i: number): number {
    if (this.#finishedAt[i]! >= 0) return this.#context.inputs[i]!.size ?? 0;
    return this.#waiting.get(i)?.fingerprint.tail.to ?? 0;
  }

  /**
   * Takes the lock, and what earlier runs left. Throws StateError when it cannot be read or nothing can be written, and
   * BusyError.
   */
  async open(ledger: Ledger): Promise<void> {
    const { settings, notify } = this.#context;
    this.#ledger = ledger;
    await this.#takeLock();
    if (settings.fresh || !this.#keeps) {
      const kept = await this.#record.abandon(this.#stamp);
      if (kept !== null) {
        this.#giveUp(null, kept);
        notify({ level: 'info', kind: 'fresh', message: `the unfinished load is given up; it is kept as ${kept}` });
      }
    }
    const checkpoint = this.#keeps ? await this.#record.open() : null;
    await this.deadLetters.prepare(
      this.#stamp,
      checkpoint && { lengths: checkpoint.deadLetters, completing: checkpoint.completing },
    );
    this.#opened = true;
    if (checkpoint !== null) await this.#resume(checkpoint);
    if (settings.skipLoaded) {
      const paths = new Set(this.#context.inputs.map(({ path }) => path));
      this.#loadedBefore = await readHistory(this.#historyPath, (path) => paths.has(path));
    }
  }

  /** Before anything is sent: what stamps are counted from must outlive us. Throws StateError. */
  async begin(): Promise<void> {
    if (this.#keeps) await this.#save();
  }

  /**
   * Where an input is taken up; null when there is nothing left to do with it.
   * Throws InputError when it is another one than before and that is to be refused.
   * @param reached points of the load before it, as far as this run has read
   */
  async inputBegins(i: number, source: ByteSource, reached: number): Promise<ResumePoint | null> {
    this.#next = Math.max(this.#next, reached);
    const fresh: Position = { ...INPUT_START, ordinal: this.#next };
    const known = await this.#known(i);
    const { file } = source;
    if (!this.#keeps || file === undefined) return this.#begun(i, source, new InputProgress(fresh), null);
    if (known !== null) {
      const now = await this.#compared(i, file, known.input);
      if (now === 'changed') {
        await this.#restart(i, known.input);
        return this.#begun(i, source, new InputProgress(fresh), await this.#identified(i, file, 0));
      }
      if (known.finished && now === 'same') return this.#nothingLeft(i, known.input);
      const { place, beyond, fingerprint: was } = known.input;
      const progress = new InputProgress(known.finished ? { ...place, ordinal: this.#next } : place, beyond);
      const identity = await this.#identified(i, file, was.tail.to);
      this.#waiting.delete(i);
      return this.#begun(i, source, progress, identity);
    }
    const before = this.#loadedBefore.get(this.#context.inputs[i]!.path ?? '');
    if (before !== undefined && (await this.#compared(i, file, before)) === 'same') return this.#leaveOut(i, before);
    return this.#begun(i, source, new InputProgress(fresh), await this.#identified(i, file, 0));
  }

  /** Told before the source of an input is closed. */
  async inputCloses(i: number): Promise<void> {
    const track = this.#tracks.get(i);
    if (track === undefined) return;
    if (this.#keeps) await this.#look(track);
    track.source = null;
    this.#finishIfDone(i, track);
  }

  /** Told when an input was read to its end: `rest` of it holds nothing to be sent. */
  inputEnded(i: number, rest: SettledPiece): void {
    const track = this.#tracks.get(i)!;
    track.progress.add(rest);
    track.end = rest.to.byteOffset;
    this.#next = Math.max(this.#next, rest.to.ordinal);
    this.#finishIfDone(i, track);
    this.#touch();
  }

  /** Told by the ledger of every batch. */
  booked(batch: Batch, receipt: Receipt, kept: boolean, whole: readonly number[]): void {
    const track = this.#tracks.get(batch.span.input)!;
    const { settled, parts } = settledRanges(batch, receipt, kept);
    for (const piece of settled) track.progress.add(piece);
    for (const { line, piece } of parts) track.parts.set(line, [...(track.parts.get(line) ?? []), piece]);
    if (kept) this.#halfPoints += batch.rejects.filter(({ part }) => part === 'last').length - whole.length;
    for (const line of whole) {
      for (const piece of track.parts.get(line) ?? []) track.progress.add(piece);
      track.parts.delete(line);
    }
    this.#finishIfDone(batch.span.input, track);
    this.#touch();
  }

  /**
   * Leaves everything as the next run needs it, or, when there is none to be, clears it away. Throws StateError.
   * @param how `unbegun`: nothing was sent, now or before, and nothing has to be continued
   */
  async close(how: 'finished' | 'stopped' | 'unbegun'): Promise<void> {
    try {
      this.#closing = true;
      this.#cancelSave?.();
      await this.#saving;
      if (this.#opened) await this.#settleFiles(how);
    } finally {
      await this.#record.close();
      this.#lock?.release();
    }
    if (this.#saves === 0) return;
    const message = `${this.#saves} checkpoints written in ${Math.round(this.#savedMs)} ms`;
    this.#context.notify({ level: 'debug', kind: 'checkpoint', message });
  }

  async #settleFiles(how: 'finished' | 'stopped' | 'unbegun'): Promise<void> {
    const finished = how === 'finished';
    const name = finished && this.deadLetters.lengths ? await this.deadLetters.finalName(this.#stamp) : null;
    this.#completing = name;
    let saved = !this.#keeps;
    try {
      // What this run did not come to begin stays as it was.
      if (this.#keeps && this.#saves > 0) await this.#save();
      saved = true;
    } finally {
      await this.deadLetters.close(saved ? name : null);
    }
    if (!this.#keeps || this.#saves === 0) return;
    if (finished) await this.#record.complete();
    else if (how === 'unbegun') await this.#record.forget();
  }

  async #takeLock(): Promise<void> {
    const { settings, names, clock, signal, notify, end } = this.#context;
    const path = join(settings.stateDir, `${names.load}.lock`);
    await prepareStateDir(settings.stateDir);
    const lost = (): void =>
      end(
        new StateError({
          tried: 'loading',
          expected: `to keep the lock ${path}`,
          found: 'it taken over by another run',
          fix: 'let only one of the two runs go on',
        }),
      );
    this.#lock = await takeLoadLock(path, { clock, signal, notify, lost });
  }

  async #resume(checkpoint: Checkpoint): Promise<void> {
    const { inputs, notify } = this.#context;
    this.#startMs = checkpoint.startedMs;
    const index = new Map(inputs.map(({ path }, i) => [path, i]));
    for await (const { input, at } of this.#record.finished()) {
      const i = index.get(input.path);
      if (i === undefined) continue;
      if (this.#finishedAt[i]! >= 0)
        this.#ledger!.resume(i, earlier(await this.#record.finishedAt(this.#finishedAt[i]!)), -1);
      this.#finishedAt[i] = at;
      this.#takeUp(i, input);
    }
    for (const [n, input] of checkpoint.inputs.entries()) {
      const i = index.get(input.path);
      this.#waiting.set(i ?? -1 - n, input);
      if (i === undefined) continue;
      // An input that had grown since it was finished.
      if (this.#finishedAt[i]! >= 0)
        this.#ledger!.resume(i, earlier(await this.#record.finishedAt(this.#finishedAt[i]!)), -1);
      this.#finishedAt[i] = -1;
      this.#takeUp(i, input);
    }
    const { read, loaded, rejected } = this.#ledger!.total;
    const message = `going on with the load of ${new Date(this.#startMs).toISOString()}: ${read} points read, ${loaded} loaded, ${rejected} rejected so far`;
    notify({ level: 'info', kind: 'resume', message });
  }

  #takeUp(i: number, input: CheckpointInput): void {
    this.#ledger!.resume(i, earlier(input));
    this.#resumedFrom.set(i, input.place.byteOffset);
    for (const place of [input.place, ...input.beyond.map(({ to }) => to)]) {
      this.#next = Math.max(this.#next, place.ordinal);
    }
  }

  async #known(i: number): Promise<{ input: CheckpointInput; finished: boolean } | null> {
    const waiting = this.#waiting.get(i);
    if (waiting !== undefined) return { input: waiting, finished: false };
    const at = this.#finishedAt[i]!;
    return at < 0 ? null : { input: await this.#record.finishedAt(at), finished: true };
  }

  async #compared(
    i: number,
    file: NonNullable<ByteSource['file']>,
    known: CheckpointInput,
  ): ReturnType<typeof compareFingerprint> {
    return await compareFingerprint(file, known.fingerprint).catch((error: unknown) => this.#unreadable(i, error));
  }

  async #identified(i: number, file: NonNullable<ByteSource['file']>, readTo: number): Promise<Fingerprint> {
    return await fingerprint(file, readTo).catch((error: unknown) => this.#unreadable(i, error));
  }

  #unreadable(i: number, error: unknown): never {
    const got = error instanceof Error ? error.message : String(error);
    throw new InputError(`reading ${this.#context.inputs[i]!.name}: ${got}`, { cause: error });
  }

  async #restart(i: number, known: CheckpointInput): Promise<void> {
    const { settings, inputs, notify } = this.#context;
    const what = `reading ${inputs[i]!.name} — expected the file of which ${known.loaded} points were loaded before — got another content`;
    if (settings.onChanged === 'refuse') {
      throw new InputError(`${what} — put it back, or load it from its start with --on-changed restart`);
    }
    const kept = this.#copied ? null : await this.#record.keepCopy(this.#stamp);
    this.#copied = true;
    this.#giveUp(i, kept);
    const where = kept === null ? '' : `; the checkpoint of before is kept as ${kept}`;
    notify({ level: 'warn', kind: 'changed', message: `${what} — loading it from its start${where}` });
    this.#ledger!.resume(i, earlier(known), -1);
    this.#resumedFrom.delete(i);
    this.#waiting.delete(i);
  }

  #giveUp(input: number | null, kept: string | null): void {
    if (this.#abandoned.length < mostAbandoned) this.#abandoned.push({ input, kept });
    else this.#abandonedMore += 1;
  }

  #nothingLeft(i: number, { place }: CheckpointInput): null {
    this.#resumedFrom.set(i, place.byteOffset);
    this.#next = Math.max(this.#next, place.ordinal);
    return null;
  }

  #leaveOut(i: number, before: CheckpointInput): null {
    this.#leftOut += before.loaded + before.rejected;
    const message = `${this.#context.inputs[i]!.name} was loaded before (${before.loaded} points); left out`;
    this.#context.notify({ level: 'info', kind: 'left-out', message });
    return null;
  }

  #begun(i: number, source: ByteSource, progress: InputProgress, identity: Fingerprint | null): ResumePoint {
    this.#tracks.set(i, { progress, source, fingerprint: identity, end: null, parts: new Map() });
    return progress.start;
  }

  /** Looks at what identifies a file. A plain one is compared up to what is loaded, others up to what was read. */
  async #look(track: Track): Promise<void> {
    const { source, progress, fingerprint: known } = track;
    if (source?.file === undefined || known === null) return;
    const readTo = Math.max(
      known.tail.to,
      source.compression === 'none' ? progress.place.byteOffset : source.bytesRead,
    );
    if (readTo === known.tail.to) return;
    // One that cannot be read any more keeps what it had.
    track.fingerprint = await fingerprint(source.file, readTo).catch(() => track.fingerprint);
  }

  #finishIfDone(i: number, track: Track): void {
    const { progress, end, source } = track;
    if (source !== null || end === null || progress.place.byteOffset < end || progress.beyond.length > 0) return;
    this.#tracks.delete(i);
    if (this.#keeps && track.fingerprint !== null)
      this.#newlyFinished.push(this.#accountOf(i, track, track.fingerprint));
  }

  #accountOf(i: number, { progress }: Track, fingerprint: Fingerprint): CheckpointInput {
    const { loaded, rejected, values, reasons } = this.#ledger!.inputs[i]!;
    return {
      path: this.#context.inputs[i]!.path!,
      fingerprint,
      place: progress.place,
      beyond: [...progress.beyond],
      loaded,
      rejected,
      values,
      reasons: Object.fromEntries(reasons ?? []),
    };
  }

  /** What cannot be told from another content, a library's own source, cannot be continued either. */
  *#underWay(): Generator<CheckpointInput> {
    for (const [i, track] of this.#tracks) {
      if (track.fingerprint !== null) yield this.#accountOf(i, track, track.fingerprint);
    }
  }

  #touch(): void {
    this.#dirty = true;
    if (!this.#keeps || this.#closing || this.#saving !== null || this.#cancelSave !== null || this.#saves === 0)
      return;
    const wait = Math.max(0, this.#saveNotBefore - this.#context.clock.monotonic());
    this.#cancelSave = this.#context.clock.after(wait, () => {
      this.#cancelSave = null;
      this.#saving = this.#save()
        .catch((error: unknown) => this.#context.end(error))
        .finally(() => {
          this.#saving = null;
          if (this.#dirty) this.#touch();
        });
    });
  }

  async #save(): Promise<void> {
    const { clock } = this.#context;
    const from = clock.monotonic();
    this.#saveNotBefore = from + saveMs;
    for (const track of this.#tracks.values()) await this.#look(track);
    // An account with half a point would not balance in the next run; the other half is on its way.
    if (this.#halfPoints > 0) return;
    const [checkpoint, finished] = this.#snapshot();
    await this.deadLetters.sync();
    await this.#record.save(checkpoint, finished);
    const took = clock.monotonic() - from;
    this.#saves += 1;
    this.#savedMs += took;
    this.#saveNotBefore = from + Math.max(saveMs, took * saveShare);
  }

  /** In one instant: what is settled, its account, and the dead letters belong together. */
  #snapshot(): [Omit<Checkpoint, 'finishedBytes'>, CheckpointInput[]] {
    const inputs = [...this.#waiting.values(), ...this.#underWay()];
    const finished = this.#newlyFinished;
    this.#newlyFinished = [];
    this.#dirty = false;
    const { lengths } = this.deadLetters;
    return [{ startedMs: this.#startMs, deadLetters: lengths, completing: this.#completing, inputs }, finished];
  }
}

function earlier({ loaded, rejected, values, reasons, place }: CheckpointInput): EarlierTotals {
  return { loaded, rejected, values, reasons, bytes: place.byteOffset };
}

/** For file names: 20261123T194500Z. */
function stampOf(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d+/g, '');
}
