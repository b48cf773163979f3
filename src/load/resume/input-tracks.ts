// Tracks the inputs that this run has begun: which of their bytes belong to loaded or rejected points, and whether they
// are finished.

import { isUnchanged } from '../../core/io/byte-source.js';
import { tableOf } from '../../core/points/line-protocol.js';
import type { Batch, ByteSource, Receipt, ResumePoint } from '../../core/types/index.js';
import type { CheckpointInput } from '../../state/checkpoint.js';
import type { Cluster } from '../../state/cluster.js';
import { completeChecksum, type Fingerprint, fingerprint } from '../../state/fingerprint.js';
import type { InputProgress, SettledPiece } from '../../state/input-progress.js';
import { settledRanges } from '../../state/settled-ranges.js';
import type { InputTotals } from '../ledger/ledger.js';

interface InputTrack {
  readonly progress: InputProgress;
  /** Source of the input; null once it is closed. */
  source: ByteSource | null;
  /** Identifies the content of the input; null for a source that the next run could not recognise. */
  fingerprint: Fingerprint | null;
  /** Decoded size of the whole input; null until this run has read its end. */
  end: number | null;
  /**
   * Parts of very long rejects, by line number. Such a reject arrives in parts. The bytes of a part count as rejected
   * only when the dead letters contain all parts of the reject.
   */
  readonly parts: Map<number, SettledPiece[]>;
  /** Up to `maxTables` tables that contain points of the input. */
  readonly tables: Set<string>;
}

/** Largest number of tables that are recorded for one input. */
const maxTables = 10;

export interface InputTracksOptions {
  /** Canonical path of each input; null for an input without a path. */
  readonly paths: readonly (string | null)[];
  /** Returns the totals of an input, summed up over all runs. */
  readonly totals: (input: number) => InputTotals;
  /** False if no checkpoint is written. Then no fingerprints are needed. */
  readonly checkpoint: boolean;
  /** True to compute checksums of all plain files, even if the format reads the file out of order, as Parquet does. */
  readonly checksums: boolean;
  /** Returns the cluster that the run loads into; undefined until the target is known. */
  readonly cluster: () => Cluster | undefined;
}

export class InputTracks {
  readonly #options: InputTracksOptions;
  readonly #tracks = new Map<number, InputTrack>();
  #finished: CheckpointInput[] = [];
  #incompletePoints = 0;

  constructor(options: InputTracksOptions) {
    this.#options = options;
  }

  /**
   * Number of rejects that arrived in parts and count as rejected, although an earlier part is not in the dead letters
   * yet. While this number is above 0, a checkpoint must not be written.
   */
  get incompletePoints(): number {
    return this.#incompletePoints;
  }

  /**
   * Number of points of the load before the first point that is neither loaded nor rejected; null if all inputs are
   * finished.
   */
  get firstOpenOrdinal(): number | null {
    const ordinals = [...this.#tracks.values()].map(({ progress }) => progress.place.ordinal);
    return ordinals.length === 0 ? null : Math.min(...ordinals);
  }

  begin(
    input: number,
    source: ByteSource,
    progress: InputProgress,
    identity: Fingerprint | null,
    tables: readonly string[] = [],
  ): ResumePoint {
    const parts = new Map<number, SettledPiece[]>();
    this.#tracks.set(input, { progress, source, fingerprint: identity, end: null, parts, tables: new Set(tables) });
    return progress.start;
  }

  /**
   * Records that an input was read to its end.
   * @param rest the bytes from the last batch to the end of the input, which contain no points to send
   */
  readToEnd(input: number, rest: SettledPiece): void {
    const track = this.#tracks.get(input)!;
    track.progress.add(rest);
    track.end = rest.to.byteOffset;
    this.#finishIfSettled(input, track);
  }

  /** Extends the fingerprint of an input for the last time, before its source is closed. */
  async close(input: number): Promise<void> {
    const track = this.#tracks.get(input);
    if (track === undefined) return;
    const { checkpoint, checksums } = this.#options;
    if (checkpoint && checksums && track.end !== null) await readChecksum(track);
    if (checkpoint) await refreshFingerprint(track);
    track.source = null;
    this.#finishIfSettled(input, track);
  }

  /**
   * Records which bytes of an input a batch has settled: the bytes of its loaded and rejected points.
   * @param stored true if the dead letters contain the rejects of the batch
   * @param complete line numbers of rejects that arrived in parts and are now completely in the dead letters
   */
  book(batch: Batch, receipt: Receipt, stored: boolean, complete: readonly number[]): void {
    const { input } = batch.span;
    const track = this.#tracks.get(input)!;
    const { settled, parts } = settledRanges(batch, receipt, stored);
    for (const { from } of receipt.loaded) if (track.tables.size < maxTables) track.tables.add(tableAt(batch, from));
    for (const piece of settled) track.progress.add(piece);
    for (const { line, piece } of parts) track.parts.set(line, [...(track.parts.get(line) ?? []), piece]);
    if (stored) this.#incompletePoints += batch.rejects.filter(({ part }) => part === 'last').length - complete.length;
    for (const line of complete) {
      for (const piece of track.parts.get(line) ?? []) track.progress.add(piece);
      track.parts.delete(line);
    }
    this.#finishIfSettled(input, track);
  }

  async refreshFingerprints(): Promise<void> {
    for (const track of this.#tracks.values()) await refreshFingerprint(track);
  }

  /**
   * Returns checkpoint entries of the unfinished inputs. Omits inputs whose content the next run could not recognise.
   */
  unfinished(): CheckpointInput[] {
    return [...this.#tracks].flatMap(([input, track]) =>
      track.fingerprint === null ? [] : [this.#entryOf(input, track, track.fingerprint)],
    );
  }

  /** Number of inputs finished since the last call of `takeFinished`. */
  get finishedCount(): number {
    return this.#finished.length;
  }

  /**
   * Returns checkpoint entries of the inputs that were finished since the last call. Later calls omit these entries.
   */
  takeFinished(): CheckpointInput[] {
    const finished = this.#finished;
    this.#finished = [];
    return finished;
  }

  #finishIfSettled(input: number, track: InputTrack): void {
    const { progress, end, source } = track;
    if (source !== null || end === null || progress.place.byteOffset < end || progress.beyond.length > 0) return;
    this.#tracks.delete(input);
    if (this.#options.checkpoint && track.fingerprint !== null)
      this.#finished.push(this.#entryOf(input, track, track.fingerprint));
  }

  #entryOf(input: number, { progress, tables }: InputTrack, identity: Fingerprint): CheckpointInput {
    const { place, beyond } = progress;
    const { loaded, rejected, values, reasons } = this.#options.totals(input);
    const path = this.#options.paths[input]!;
    return {
      path,
      fingerprint: identity,
      place,
      beyond: [...beyond],
      loaded,
      rejected,
      values,
      reasons: Object.fromEntries(reasons ?? []),
      tables: [...tables],
      cluster: this.#options.cluster(),
    };
  }
}

/**
 * Extends the fingerprint of an input. The fingerprint of a plain file then covers the bytes of loaded and rejected
 * points. The fingerprint of any other input covers the bytes read.
 */
async function refreshFingerprint(track: InputTrack): Promise<void> {
  const { source, progress, fingerprint: known } = track;
  if (source?.file === undefined || known === null) return;
  const settledTo = isUnchanged(source) ? progress.place.byteOffset : source.bytesRead;
  const isChecked = (source.file.checksum?.state?.to ?? 0) <= (known.content?.to ?? 0);
  if (settledTo <= known.tail.to && isChecked) return;
  // If the file can no longer be read, its last fingerprint remains.
  track.fingerprint = await fingerprint(source.file, Math.max(settledTo, known.tail.to)).catch(() => track.fingerprint);
}

/** Completes the checksum of a plain file. If its format reads out of order, such as Parquet, reads the file again. */
async function readChecksum({ source }: InputTrack): Promise<void> {
  if (source?.file === undefined || source.compression !== 'none') return;
  // Ignores a failure. Without the checksum, a later load with --skip-loaded must load the file again if its date has
  // changed.
  await completeChecksum(source.file).catch(() => {});
}

function tableAt(batch: Batch, point: number): string {
  return tableOf(batch.body, point === 0 ? 0 : batch.bodyEnd(point - 1)) ?? '';
}
