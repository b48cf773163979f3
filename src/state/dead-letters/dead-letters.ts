// Stores rejected points ("dead letters"). The original bytes of the points are written to one file for each format and
// header. Each of these files can be loaded as an input. A further file contains the reason for each rejection. If a
// write fails, the files are truncated to their sizes before the batch. Otherwise the next line would be appended to
// half a line.

import { createHash } from 'node:crypto';
import { access, constants, type FileHandle, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BulkLoadError, StateError } from '../../core/errors.js';
import { makeDirectory } from '../../core/io/files.js';
import { type DeadLetterFormat, lineProtocolDeadLetters } from '../../core/types/index.js';
import { exists, openStateFile, writeFailure } from '../state-dir.js';
import { letterPath, letterSuffixes } from './letter-paths.js';
import { type LongLetterPart, LongLetterParts, tooManyBytes } from './long-letters.js';

export type { LongLetterPart } from './long-letters.js';

const LF = Uint8Array.of(10);
const reasonsSuffix = '.ndjson';
const appending = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT;

interface Paths {
  /** Paths of the files with rejected points, in alphabetical order. */
  readonly points: readonly string[];
  readonly reasons: string;
}

/** The facts about dead-letter files that a checkpoint stores. */
export interface StoredDeadLetters {
  readonly lengths: FileSizes | null;
  /** Final name of the files, if the earlier run had begun to rename the files; otherwise null. */
  readonly completing: string | null;
}

/** Size of each file in bytes, by the suffix of its name. */
export type FileSizes = Readonly<Record<string, number>>;

export class DeadLetters {
  readonly #folder: string;
  readonly #load: string;
  readonly #mark: Uint8Array;
  readonly #maxBytes: number;
  readonly #parts: LongLetterParts;
  /** Open files, by the suffix of their name. The suffix may begin with the folder of the points, such as `host=a/`. */
  readonly #files = new Map<string, FileHandle>();
  #lengths: FileSizes | null = null;
  /** Suffixes of files that an earlier, killed run has already renamed to their final name. */
  #moved: readonly string[] = [];
  #name = 'rejected';
  #last: Promise<void> = Promise.resolve();
  #broken: BulkLoadError | null = null;

  /**
   * @param load 12 hex digits that name the load
   * @param options `mark` is the byte order mark at the start of each file of points; `maxBytes` limits all files
   * together
   */
  constructor(folder: string, load: string, options: { readonly mark?: Uint8Array; readonly maxBytes?: number } = {}) {
    this.#folder = folder;
    this.#load = load;
    this.#mark = options.mark ?? new Uint8Array(0);
    this.#maxBytes = options.maxBytes ?? Number.POSITIVE_INFINITY;
    this.#parts = new LongLetterParts(join(folder, `${load}.rejected.part`));
  }

  /** Absolute paths of the files; null without rejected points. */
  get paths(): Paths | null {
    const suffixes = this.#lengths === null ? this.#moved : Object.keys(this.#lengths);
    if (suffixes.length === 0) return null;
    const points = suffixes.filter((each) => each !== reasonsSuffix).map((each) => this.#path(this.#name, each));
    return { points: points.sort(), reasons: this.#path(this.#name, reasonsSuffix) };
  }

  /** Sizes of the files after the last complete batch; null before the first reject. */
  get lengths(): FileSizes | null {
    return this.#lengths;
  }

  /**
   * Creates the directory and checks that it can be written. With a checkpoint (`stored`), truncates the files to the
   * sizes in the checkpoint. Without a checkpoint, renames files that a stopped run left. Throws StateError.
   */
  async prepare(now: string, stored: StoredDeadLetters | null = null): Promise<void> {
    try {
      await makeDirectory(this.#folder, 0o700);
      await access(this.#folder, constants.W_OK | constants.X_OK);
      if (stored !== null) await this.#resume(stored);
      else if ((await this.#suffixes('rejected')).length > 0) {
        await this.#rename(await this.#unusedName(`rejected-abandoned-${now}`));
      }
    } catch (error) {
      throw this.#failed('preparing the state directory', error);
    }
  }

  /**
   * Appends the rejected points of a batch. Concurrent calls run one after the other. Returns the line numbers of
   * points that arrived in parts and are now complete. Throws StateError, or TooManyRejectsError before the files
   * exceed their limit. After the first error, every call throws.
   */
  async write(
    input: string,
    letters: readonly LongLetterPart[],
    deadLetterFormat = lineProtocolDeadLetters,
  ): Promise<readonly number[]> {
    const write = this.#last.then(() => this.#append(input, letters, deadLetterFormat));
    this.#last = write.then(
      () => {},
      () => {},
    );
    return await write;
  }

  /** Resolves once everything written so far is durable. Throws StateError. */
  async sync(): Promise<void> {
    try {
      await Promise.all([...this.#files.values()].map((file) => file.datasync()));
    } catch (error) {
      throw this.#failed('writing dead letters', error);
    }
  }

  /** Returns an unused final name for a load that began at `stamp`. */
  async finalName(stamp: string): Promise<string> {
    return await this.#unusedName(`rejected-${stamp}`);
  }

  /**
   * Makes the files durable and closes the files. A finished load renames the files, so that a later load never appends
   * to them. Throws StateError.
   * @param finalName new name, from `finalName`; null to keep the current names
   */
  async close(finalName: string | null): Promise<void> {
    await this.#last;
    try {
      await this.#parts.close();
      if (this.#files.size === 0) return;
      const results = await Promise.allSettled([...this.#files.values()].map(synced));
      const failed = results.find((result) => result.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
      await this.#assertPresent();
      if (finalName === null) return;
      await this.#rename(finalName);
      this.#name = finalName;
    } catch (error) {
      throw this.#failed('closing the dead letters', error);
    }
  }

  async #append(
    input: string,
    letters: readonly LongLetterPart[],
    { suffix, head, folder = '' }: DeadLetterFormat,
  ): Promise<readonly number[]> {
    this.#broken ??= tooManyBytes(Object.values(this.#lengths ?? {}), this.#parts.bytes, letters, this.#maxBytes);
    if (this.#broken !== null) throw this.#broken;
    let undo = async (): Promise<void> => {};
    try {
      const name = head.length === 0 ? suffix : `.${hash(head)}${suffix}`;
      const points = await this.#file(folder === '' ? name : `${folder}/${name}`);
      const reasons = await this.#file(reasonsSuffix);
      const before = [(await points.stat()).size, (await reasons.stat()).size] as const;
      undo = async () => {
        await points.truncate(before[0]);
        await reasons.truncate(before[1]);
      };
      if (before[0] === 0) await points.appendFile(Buffer.concat([this.#mark, head]));
      const completed = await this.#put(points, reasons, input, letters);
      this.#lengths = await this.#sizes();
      return completed;
    } catch (error) {
      this.#broken = this.#failed('writing dead letters', error);
      await undo().catch(() => {});
      throw this.#broken;
    }
  }

  /** Returns the file with this suffix. The first call opens the file. */
  async #file(suffix: string): Promise<FileHandle> {
    const known = this.#files.get(suffix);
    if (known !== undefined) return known;
    const path = this.#path('rejected', suffix);
    if (suffix.includes('/')) await makeDirectory(dirname(path), 0o700);
    const file = await openStateFile(path, appending);
    this.#files.set(suffix, file);
    return file;
  }

  async #sizes(): Promise<FileSizes> {
    const sizes: Record<string, number> = {};
    for (const [suffix, file] of this.#files) sizes[suffix] = (await file.stat()).size;
    return sizes;
  }

  async #put(
    points: FileHandle,
    reasons: FileHandle,
    input: string,
    letters: readonly LongLetterPart[],
  ): Promise<readonly number[]> {
    const lines: Uint8Array[] = [];
    const why: string[] = [];
    const completed: number[] = [];
    for (const letter of letters) {
      if (letter.part === 'whole') {
        lines.push(letter.bytes, LF);
        why.push(reasonOf(input, letter, letter.bytes.length));
        continue;
      }
      const long = await this.#parts.add(input, letter);
      if (long === null) continue;
      await points.appendFile(Buffer.concat(lines.splice(0)));
      await long.copy((bytes) => points.appendFile(bytes));
      lines.push(LF);
      why.push(reasonOf(input, long.first, long.bytes));
      completed.push(letter.line);
    }
    await points.appendFile(Buffer.concat(lines));
    await reasons.appendFile(Buffer.from(why.join('')));
    return completed;
  }

  /** Throws if a file was removed during the run, because the summary will name the file. */
  async #assertPresent(): Promise<void> {
    for (const suffix of this.#files.keys()) {
      const path = this.#path('rejected', suffix);
      if (!(await exists(path))) throw new Error(`${path} is gone: the rejected points of this run are lost`);
    }
  }

  async #resume({ lengths, completing }: StoredDeadLetters): Promise<void> {
    const present = await this.#suffixes('rejected');
    for (const suffix of lengths === null ? present : present.filter((each) => lengths[each] === undefined)) {
      await rm(this.#path('rejected', suffix), { force: true });
    }
    if (lengths === null) return;
    if (completing !== null) {
      await this.#rename(completing);
      this.#moved = Object.keys(lengths);
      this.#name = completing;
      return;
    }
    for (const [suffix, bytes] of Object.entries(lengths)) {
      const file = await this.#file(suffix);
      const { size } = await file.stat();
      if (size < bytes) {
        throw new Error(
          `${this.#path('rejected', suffix)} has ${size} bytes instead of ${bytes}: restore the file, or start again with --fresh`,
        );
      }
      await file.truncate(bytes);
    }
    this.#lengths = lengths;
  }

  /** Renames the files that still have the name of an unfinished load (`rejected`). */
  async #rename(name: string): Promise<void> {
    for (const suffix of await this.#suffixes('rejected')) {
      await rename(this.#path('rejected', suffix), this.#path(name, suffix));
    }
  }

  /** Returns `name`, followed by a number if files of that name already exist. */
  async #unusedName(name: string): Promise<string> {
    for (let number = 1; ; number += 1) {
      const numbered = number === 1 ? name : `${name}-${number}`;
      if ((await this.#suffixes(numbered)).length === 0) return numbered;
    }
  }

  #suffixes(name: string): Promise<string[]> {
    return letterSuffixes(this.#folder, this.#load, name);
  }

  #path(name: string, suffix: string): string {
    return letterPath(this.#folder, this.#load, name, suffix);
  }

  #failed(tried: string, error: unknown): StateError {
    return writeFailure(tried, this.#folder, error);
  }
}

/** Returns a hash of a header, for the file name. Points with different headers are stored in different files. */
function hash(head: Uint8Array): string {
  return createHash('sha256').update(head).digest('hex').slice(0, 8);
}

function reasonOf(input: string, letter: LongLetterPart, bytes: number): string {
  const { line, byteOffset, reason, message, endpoint } = letter;
  return `${JSON.stringify({ input, line, byteOffset, bytes, reason, message, endpoint })}\n`;
}

async function synced(file: FileHandle): Promise<void> {
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
