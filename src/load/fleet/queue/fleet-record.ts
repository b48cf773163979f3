// Records on the coordinator's disk the results of pieces and all dead letters. Each entry is appended before the piece
// counts. So a killed coordinator never loses a piece and never counts a piece twice.

import { constants } from 'node:fs';
import { type FileHandle, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { z } from 'zod';
import { errorCode } from '../../../core/errors.js';
import { makeDirectory } from '../../../core/io/files.js';
import { countSchema as count } from '../../../core/io/position-schema.js';
import { type Outcome, outcomeNames } from '../../../core/outcomes.js';
import { maxLetterBytes, type PieceLetters, pointsSchema } from '../../../fleet/queue/messages.js';
import { letterPath } from '../../../state/dead-letters/letter-paths.js';
import { openStateFile, prepareStateDir, writeFailure } from '../../../state/state-dir.js';

/** A piece in the record: the parts of its result that the totals of the load need. */
const bookedPieceSchema = z.strictObject({
  id: z.string(),
  outcome: z.enum(outcomeNames as [Outcome, ...Outcome[]]),
  reason: z.string().nullable(),
  error: z.string().nullable(),
  format: z.string(),
  inputBytes: count,
  points: pointsSchema,
  values: count,
  rejects: z.record(z.string(), z.strictObject({ points: count, example: z.string() })),
});

const lineSchema = z.strictObject({
  piece: bookedPieceSchema,
  /** Sizes of the dead-letter files after this piece was added, bytes. Keys are the suffixes of the files' names. */
  letters: z.record(z.string(), count),
  /** If dead letters remain on the worker's disk: `machine:folder` as text, and their size in bytes. */
  kept: z.tuple([z.string(), count]).optional(),
});

/** Last line of the record of a finished load. `completing` is a part of the final dead-letter names: `rejected-…`. */
const completingSchema = z.strictObject({ completing: z.string() });

const entrySchema = z.union([lineSchema, completingSchema]);

export type BookedPiece = z.infer<typeof bookedPieceSchema>;

/**
 * Tests whether all points of a piece are loaded or rejected. The next run of the load loads the other pieces again.
 */
export function isSettled({ outcome }: Pick<BookedPiece, 'outcome'>): boolean {
  return outcome === 'complete' || outcome === 'complete-with-rejects';
}

/** Parses a piece that another coordinator has stored in Redis; returns null if the piece does not match the schema. */
export function parseBookedPiece(json: string): BookedPiece | null {
  try {
    return bookedPieceSchema.parse(JSON.parse(json));
  } catch {
    return null;
  }
}

const reasonsSuffix = '.ndjson';
/** Part of the names of dead-letter files while the load is unfinished. */
const unfinished = 'rejected';
/** Largest number of open dead-letter files. Inputs in folders such as `host=a` have separate files for each folder. */
const maxOpen = 64;

export class FleetRecord {
  readonly #folder: string;
  readonly #load: string;
  readonly #files = new Map<string, FileHandle>();
  /** Size of the dead letters that remain on disks of workers, bytes, by machine and folder. */
  readonly #kept = new Map<string, number>();
  #letters: Record<string, number> = {};
  #name = unfinished;
  #log: FileHandle | null = null;

  constructor(stateDir: string, load: string) {
    this.#folder = stateDir;
    this.#load = load;
  }

  /** Path of the plan file, which the next run of the load reads. */
  get planPath(): string {
    return join(this.#folder, `${this.#load}.fleet-plan.json`);
  }

  get logPath(): string {
    return join(this.#folder, `${this.#load}.fleet.ndjson`);
  }

  /**
   * Paths of all dead-letter files; null for a load without dead letters. Files on other machines come last, as machine
   * and folder.
   */
  get letters(): { readonly points: string[]; readonly reasons: string | null } | null {
    const suffixes = Object.keys(this.#letters);
    const here = suffixes.filter((suffix) => suffix !== reasonsSuffix).map((suffix) => this.#path(suffix));
    if (suffixes.length === 0 && this.#kept.size === 0) return null;
    const reasons = suffixes.includes(reasonsSuffix) ? this.#path(reasonsSuffix) : null;
    return { points: [...here.toSorted(), ...this.#kept.keys()], reasons };
  }

  /** Size of the dead letters on this disk and on the disks of the workers, bytes. */
  get letterBytes(): number {
    return [...Object.values(this.#letters), ...this.#kept.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  /**
   * Reads the record and returns its complete pieces. Cuts off a last line that was not written completely. Throws
   * StateError.
   */
  async open(): Promise<BookedPiece[]> {
    await prepareStateDir(this.#folder);
    return await this.#do('opening the record of the pieces', async () => {
      this.#log = await openStateFile(this.logPath, constants.O_RDWR | constants.O_CREAT | constants.O_APPEND);
      const text = await this.#log.readFile('utf8');
      const whole = text.slice(0, text.lastIndexOf('\n') + 1);
      const booked: BookedPiece[] = [];
      let name: string | null = null;
      for (const line of whole.split('\n').slice(0, -1)) {
        const entry = entrySchema.parse(JSON.parse(line));
        if ('completing' in entry) {
          name = entry.completing;
          continue;
        }
        const { piece, letters, kept } = entry;
        booked.push(piece);
        this.#letters = letters;
        if (kept !== undefined) this.#kept.set(...kept);
      }
      await this.#log.truncate(Buffer.byteLength(whole));
      if (name !== null) await this.#rename(name);
      for (const [suffix, size] of Object.entries(this.#letters)) await (await this.#file(suffix)).truncate(size);
      return booked.filter(isSettled);
    });
  }

  /**
   * Appends pieces to the record, and the dead letters of complete pieces to the dead-letter files. Resolves when both
   * are on the disk. Throws StateError.
   */
  async book(
    pieces: readonly (readonly [piece: BookedPiece, letters: PieceLetters | null, machine: string])[],
  ): Promise<void> {
    if (pieces.length === 0) return;
    await this.#do('writing the record of the pieces', async () => {
      const lines: string[] = [];
      for (const [piece, letters, machine] of pieces) {
        const kept = letters?.keptIn ? ([`${machine}:${letters.keptIn}`, letters.bytes] as const) : undefined;
        if (kept !== undefined) this.#kept.set(...kept);
        if (isSettled(piece)) await this.#append(letters);
        lines.push(`${JSON.stringify({ piece, letters: this.#letters, kept })}\n`);
      }
      await Promise.all([...this.#files.values()].map((file) => file.datasync()));
      await this.#log!.appendFile(lines.join(''));
      await this.#log!.datasync();
    });
  }

  /**
   * Closes the record. If the load is finished, renames its dead letters to their final names. Throws StateError.
   * @param finishedAt time stamp for the final names; null if the load is not finished
   */
  async close(finishedAt: string | null): Promise<void> {
    await this.#do('closing the record of the pieces', async () => {
      await this.#closeFiles();
      if (finishedAt !== null && this.#name === unfinished && Object.keys(this.#letters).length > 0) {
        const name = `rejected-${finishedAt}`;
        await this.#log!.appendFile(`${JSON.stringify({ completing: name })}\n`);
        await this.#log!.datasync();
        await this.#rename(name);
      }
      await this.#log?.close();
      this.#log = null;
    });
  }

  /** Removes the record and the plan of a finished load. Throws StateError. */
  async remove(): Promise<void> {
    await this.#do('removing the record of the pieces', async () => {
      await rm(this.logPath, { force: true });
      await rm(this.planPath, { force: true });
    });
  }

  /** Renames the dead-letter files. Ignores files that an earlier run has already renamed. */
  async #rename(name: string): Promise<void> {
    for (const suffix of Object.keys(this.#letters))
      await rename(this.#path(suffix), letterPath(this.#folder, this.#load, name, suffix)).catch((error: unknown) => {
        if (errorCode(error) !== 'ENOENT') throw error;
      });
    this.#name = name;
  }

  async #append(letters: PieceLetters | null): Promise<void> {
    const sizes = { ...this.#letters };
    for (const { suffix, headBytes, gzip } of letters?.files ?? []) {
      const bytes = await promisify(gunzip)(Buffer.from(gzip, 'base64'), { maxOutputLength: maxLetterBytes });
      const before = sizes[suffix] ?? 0;
      const file = await this.#file(suffix);
      await file.appendFile(before === 0 ? bytes : bytes.subarray(headBytes));
      sizes[suffix] = before + bytes.length - (before === 0 ? 0 : headBytes);
    }
    this.#letters = sizes;
  }

  async #file(suffix: string): Promise<FileHandle> {
    const known = this.#files.get(suffix);
    if (known !== undefined) return known;
    if (this.#files.size >= maxOpen) await this.#closeFiles();
    const path = this.#path(suffix);
    await makeDirectory(dirname(path), 0o700);
    const file = await openStateFile(path, constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND);
    this.#files.set(suffix, file);
    return file;
  }

  async #closeFiles(): Promise<void> {
    for (const file of this.#files.values()) {
      await file.datasync();
      await file.close();
    }
    this.#files.clear();
  }

  #path(suffix: string): string {
    return letterPath(this.#folder, this.#load, this.#name, suffix);
  }

  async #do<T>(tried: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      throw writeFailure(tried, this.#folder, error);
    }
  }
}
