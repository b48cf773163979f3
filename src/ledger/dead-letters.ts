// Rejected points in two files: their original bytes, loadable again as an input, and a reason for each. Both are opened
// when the first reject comes. Either all letters of a batch are in them or none: a full disk must not leave half a line
// that the next one would be glued to.

import { access, constants, type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { StateError } from '../errors.js';
import { type Letter, Parts } from './parts.js';

export type { Letter } from './parts.js';

const LF = Uint8Array.of(10);
const endings = { points: '.lp', reasons: '.ndjson' } as const;

interface Paths {
  readonly points: string;
  readonly reasons: string;
}

/** What a checkpoint says of the dead letters: their bytes, and the name that they were being given at the end. */
export interface Kept {
  readonly lengths: Lengths | null;
  readonly completing: string | null;
}

/** Bytes of both files. */
export interface Lengths {
  readonly points: number;
  readonly reasons: number;
}

interface Files {
  readonly points: FileHandle;
  readonly reasons: FileHandle;
}

export class DeadLetters {
  readonly #folder: string;
  readonly #load: string;
  readonly #parts: Parts;
  #files: Files | null = null;
  #lengths: Lengths | null = null;
  /** Those of an earlier run, which died after it had given them their final name. */
  #moved: Paths | null = null;
  #names: Paths;
  #last: Promise<void> = Promise.resolve();
  #broken: StateError | null = null;

  /** @param load the 12 hex digits that name the load */
  constructor(folder: string, load: string) {
    this.#folder = folder;
    this.#load = load;
    this.#names = this.#paths('rejected');
    this.#parts = new Parts(join(folder, `${load}.rejected.part`));
  }

  /** Absolute paths of what was written, or null when there was nothing to write. */
  get paths(): Paths | null {
    return this.#files === null ? this.#moved : this.#names;
  }

  /** Bytes of both files that hold whole letters of whole batches; null before the first. */
  get lengths(): Lengths | null {
    return this.#lengths;
  }

  /**
   * Makes the folder, proves that it can be written, and puts dead letters that a stopped run left behind out of the way;
   * or goes on with those that a checkpoint stands for, whatever was written after it cut off. Throws StateError.
   */
  async prepare(now: string, kept: Kept | null = null): Promise<void> {
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await access(this.#folder, constants.W_OK | constants.X_OK);
      if (kept !== null) await this.#resume(kept);
      else if ((await exists(this.#names.points)) || (await exists(this.#names.reasons))) {
        await this.#rename(await this.#free(`rejected-abandoned-${now}`));
      }
    } catch (error) {
      throw this.#failed('preparing the state directory', error);
    }
  }

  /**
   * Appends, one call after the other. Resolves when the bytes are with the system, with the lines of the points in parts
   * whose last missing part was among them. Throws StateError, and from then on always: the run is over.
   */
  async write(input: string, letters: readonly Letter[]): Promise<readonly number[]> {
    const turn = this.#last.then(() => this.#append(input, letters));
    this.#last = turn.then(
      () => {},
      () => {},
    );
    return await turn;
  }

  /** Resolves when what was written so far outlives the machine. Throws StateError. */
  async sync(): Promise<void> {
    if (this.#files === null) return;
    try {
      await Promise.all([this.#files.points.datasync(), this.#files.reasons.datasync()]);
    } catch (error) {
      throw this.#failed('writing dead letters', error);
    }
  }

  /** The name that a load which began at `stamp` may give them: one that nothing has yet. */
  async finalName(stamp: string): Promise<string> {
    return await this.#free(`rejected-${stamp}`);
  }

  /**
   * Makes what was written durable and closes it. A load that came to its end gives the files their final name, so that
   * a later one never appends to them. Throws StateError.
   * @param finalName what `finalName` gave
   */
  async close(finalName: string | null): Promise<void> {
    await this.#last;
    try {
      await this.#parts.close();
      if (this.#files === null) return;
      const { points, reasons } = this.#files;
      const results = await Promise.allSettled([synced(points), synced(reasons)]);
      const failed = results.find((result) => result.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
      await this.#mustBeThere();
      if (finalName !== null) this.#names = await this.#rename(finalName);
    } catch (error) {
      throw this.#failed('closing the dead letters', error);
    }
  }

  async #append(input: string, letters: readonly Letter[]): Promise<readonly number[]> {
    if (this.#broken !== null) throw this.#broken;
    let undo = async (): Promise<void> => {};
    try {
      this.#files ??= await opened(this.#names);
      const { points, reasons } = this.#files;
      const before = [(await points.stat()).size, (await reasons.stat()).size] as const;
      undo = async () => {
        await points.truncate(before[0]);
        await reasons.truncate(before[1]);
      };
      const whole = await this.#put(this.#files, input, letters);
      this.#lengths = { points: (await points.stat()).size, reasons: (await reasons.stat()).size };
      return whole;
    } catch (error) {
      this.#broken = this.#failed('writing dead letters', error);
      await undo().catch(() => {});
      throw this.#broken;
    }
  }

  async #put({ points, reasons }: Files, input: string, letters: readonly Letter[]): Promise<readonly number[]> {
    const lines: Uint8Array[] = [];
    const why: string[] = [];
    const whole: number[] = [];
    for (const letter of letters) {
      if (letter.part === 'whole') {
        lines.push(letter.bytes, LF);
        why.push(reasonOf(input, letter, letter.bytes.length));
        continue;
      }
      const long = await this.#parts.add(input, letter);
      if (long === null) continue;
      await writeAll(points, Buffer.concat(lines.splice(0)));
      await long.copy((bytes) => writeAll(points, bytes));
      lines.push(LF);
      why.push(reasonOf(input, long.first, long.bytes));
      whole.push(letter.line);
    }
    await writeAll(points, Buffer.concat(lines));
    await writeAll(reasons, Buffer.from(why.join('')));
    return whole;
  }

  /** What is announced has to exist: somebody may have removed it while the run went on. */
  async #mustBeThere(): Promise<void> {
    for (const path of [this.#names.points, this.#names.reasons]) {
      if (!(await exists(path))) throw new Error(`${path} is gone: the rejected points of this run are lost`);
    }
  }

  async #resume({ lengths, completing }: Kept): Promise<void> {
    if (lengths === null) {
      for (const path of Object.values(this.#names)) await rm(path, { force: true });
    } else if (completing !== null) this.#moved = await this.#rename(completing);
    else {
      this.#files = await opened(this.#names);
      for (const which of ['points', 'reasons'] as const) {
        const { size } = await this.#files[which].stat();
        if (size < lengths[which]) {
          throw new Error(
            `${this.#names[which]} with ${size} bytes instead of ${lengths[which]}: put it back, or begin anew with --fresh`,
          );
        }
        await this.#files[which].truncate(lengths[which]);
      }
      this.#lengths = lengths;
    }
  }

  /** Gives both files another name, those of them that have not got it yet. */
  async #rename(name: string): Promise<Paths> {
    const to = this.#paths(name);
    for (const which of ['points', 'reasons'] as const) {
      const from = this.#paths('rejected')[which];
      if (await exists(from)) await rename(from, to[which]);
    }
    return to;
  }

  /** The name, with a number where something has it. */
  async #free(name: string): Promise<string> {
    for (let number = 1; ; number += 1) {
      const numbered = number === 1 ? name : `${name}-${number}`;
      const { points, reasons } = this.#paths(numbered);
      if (!(await exists(points)) && !(await exists(reasons))) return numbered;
    }
  }

  #paths(name: string): Paths {
    const path = (ending: string): string => join(this.#folder, `${this.#load}.${name}${ending}`);
    return { points: path(endings.points), reasons: path(endings.reasons) };
  }

  #failed(attempted: string, error: unknown): StateError {
    const got = error instanceof Error ? error.message : String(error);
    return new StateError(
      `${attempted} — expected to write below ${this.#folder} — got ${got} — free the disk or name another folder with --state-dir`,
      { cause: error },
    );
  }
}

function reasonOf(input: string, letter: Letter, bytes: number): string {
  const { line, byteOffset, reason, message, endpoint } = letter;
  return `${JSON.stringify({ input, line, byteOffset, bytes, reason, message, endpoint })}\n`;
}

async function opened(paths: Paths): Promise<Files> {
  const points = await open(paths.points, 'a', 0o600);
  try {
    return { points, reasons: await open(paths.reasons, 'a', 0o600) };
  } catch (error) {
    await points.close();
    throw error;
  }
}

async function synced(file: FileHandle): Promise<void> {
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten;
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
