// Records the settled pieces of a fleet on the coordinator's disk, each piece once, and all dead letters. The record
// only grows. So a killed coordinator neither loses a reported piece nor counts a piece twice.

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

/** A settled piece: the parts of its result that count for all runs of the load. */
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
  /** Sizes of the files of dead letters after the piece, by ending of the file, bytes. */
  letters: z.record(z.string(), count),
  /** Dead letters of the piece on its worker's disk: machine and folder, and their bytes. */
  kept: z.tuple([z.string(), count]).optional(),
});

/** Last line of the record of a finished load: the name that its dead letters get. */
const completingSchema = z.strictObject({ completing: z.string() });

export type BookedPiece = z.infer<typeof bookedPieceSchema>;

/** Tests for a piece that is settled for all runs of the load. The next run loads any other piece again. */
export function isSettled({ outcome }: Pick<BookedPiece, 'outcome'>): boolean {
  return outcome === 'complete' || outcome === 'complete-with-rejects';
}

/** Parses a piece that another coordinator has stored; returns null for other text. */
export function parseBookedPiece(json: string): BookedPiece | null {
  try {
    return bookedPieceSchema.parse(JSON.parse(json));
  } catch {
    return null;
  }
}

const reasonsEnding = '.ndjson';
/** Name of the dead letters of an unfinished load. */
const unfinished = 'rejected';
/** Largest number of open files of dead letters. Each folder of Hive-style names has its own files. */
const maxOpen = 64;

export class FleetRecord {
  readonly #folder: string;
  readonly #load: string;
  readonly #files = new Map<string, FileHandle>();
  /** Bytes of the dead letters on the workers' disks, by machine and folder. */
  readonly #kept = new Map<string, number>();
  #letters: Record<string, number> = {};
  #name = unfinished;
  #log: FileHandle | null = null;

  constructor(stateDir: string, load: string) {
    this.#folder = stateDir;
    this.#load = load;
  }

  /** Path of the plan. The next run of the load uses it as well. */
  get planPath(): string {
    return join(this.#folder, `${this.#load}.fleet-plan.json`);
  }

  get logPath(): string {
    return join(this.#folder, `${this.#load}.fleet.ndjson`);
  }

  /** Files of dead letters; null if there are none. Folders on the machines of workers are last. */
  get letters(): { readonly points: string[]; readonly reasons: string | null } | null {
    const endings = Object.keys(this.#letters);
    const here = endings.filter((ending) => ending !== reasonsEnding).map((ending) => this.#path(ending));
    if (endings.length === 0 && this.#kept.size === 0) return null;
    const reasons = endings.includes(reasonsEnding) ? this.#path(reasonsEnding) : null;
    return { points: [...here.toSorted(), ...this.#kept.keys()], reasons };
  }

  /** Bytes of dead letters on this disk and on the disks of the workers. */
  get letterBytes(): number {
    return [...Object.values(this.#letters), ...this.#kept.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  /** Reads the record of earlier runs, and cuts off incomplete entries and their dead letters. Throws StateError. */
  async open(): Promise<BookedPiece[]> {
    await prepareStateDir(this.#folder);
    return await this.#do('opening the record of the fleet', async () => {
      this.#log = await openStateFile(this.logPath, constants.O_RDWR | constants.O_CREAT | constants.O_APPEND);
      const text = await this.#log.readFile('utf8');
      const whole = text.slice(0, text.lastIndexOf('\n') + 1);
      const booked: BookedPiece[] = [];
      let name: string | null = null;
      for (const line of whole.split('\n').slice(0, -1)) {
        const entry = z.union([lineSchema, completingSchema]).parse(JSON.parse(line));
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
      for (const [ending, size] of Object.entries(this.#letters)) await (await this.#file(ending)).truncate(size);
      return booked.filter(isSettled);
    });
  }

  /** Books pieces durably. Drops the dead letters of a piece that will be loaded again. Throws StateError. */
  async book(
    pieces: readonly (readonly [piece: BookedPiece, letters: PieceLetters | null, machine: string])[],
  ): Promise<void> {
    if (pieces.length === 0) return;
    await this.#do('writing the record of the fleet', async () => {
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

  /** Closes the record. Gives the dead letters of a finished load their final name. Throws StateError. */
  async close(finishedAt: string | null): Promise<void> {
    await this.#do('closing the record of the fleet', async () => {
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

  /** Removes the record of a finished load. Throws StateError. */
  async remove(): Promise<void> {
    await this.#do('removing the record of the fleet', async () => {
      await rm(this.logPath, { force: true });
      await rm(this.planPath, { force: true });
    });
  }

  /** Gives the dead letters a name. Those that an earlier run has renamed stay as they are. */
  async #rename(name: string): Promise<void> {
    for (const ending of Object.keys(this.#letters))
      await rename(this.#path(ending), letterPath(this.#folder, this.#load, name, ending)).catch((error: unknown) => {
        if (errorCode(error) !== 'ENOENT') throw error;
      });
    this.#name = name;
  }

  async #append(letters: PieceLetters | null): Promise<void> {
    const sizes = { ...this.#letters };
    for (const { ending, headBytes, gzip } of letters?.files ?? []) {
      const bytes = await promisify(gunzip)(Buffer.from(gzip, 'base64'), { maxOutputLength: maxLetterBytes });
      const before = sizes[ending] ?? 0;
      const file = await this.#file(ending);
      await file.appendFile(before === 0 ? bytes : bytes.subarray(headBytes));
      sizes[ending] = before + bytes.length - (before === 0 ? 0 : headBytes);
    }
    this.#letters = sizes;
  }

  async #file(ending: string): Promise<FileHandle> {
    const known = this.#files.get(ending);
    if (known !== undefined) return known;
    if (this.#files.size >= maxOpen) await this.#closeFiles();
    const path = this.#path(ending);
    await makeDirectory(dirname(path), 0o700);
    const file = await openStateFile(path, constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND);
    this.#files.set(ending, file);
    return file;
  }

  async #closeFiles(): Promise<void> {
    for (const file of this.#files.values()) {
      await file.datasync();
      await file.close();
    }
    this.#files.clear();
  }

  #path(ending: string): string {
    return letterPath(this.#folder, this.#load, this.#name, ending);
  }

  async #do<T>(tried: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      throw writeFailure(tried, this.#folder, error);
    }
  }
}
