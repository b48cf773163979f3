// Rejected points: their original bytes, loadable again as an input, in a file for each format and header, and a reason for
// each in a file of its own. Files are opened when the first reject comes. Either all letters of a batch are in them or
// none: a full disk must not leave half a line that the next one would be glued to.

import { createHash } from 'node:crypto';
import { access, constants, type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { StateError } from '../../core/errors.js';
import { type DeadLetterFormat, lineProtocolDeadLetters } from '../../core/types/index.js';
import { type LongLetterPart, LongLetterParts } from './long-letters.js';

export type { LongLetterPart } from './long-letters.js';

const LF = Uint8Array.of(10);
const reasonsEnding = '.ndjson';

interface Paths {
  /** In the order of their names. */
  readonly points: readonly string[];
  readonly reasons: string;
}

/** What a checkpoint says of the dead letters: their bytes, and the name that they were being given at the end. */
export interface StoredReject {
  readonly lengths: Lengths | null;
  readonly completing: string | null;
}

/** Bytes of each file, by what comes behind its name. */
export type Lengths = Readonly<Record<string, number>>;

export class DeadLetters {
  readonly #folder: string;
  readonly #load: string;
  readonly #parts: LongLetterParts;
  /** By their endings. */
  readonly #files = new Map<string, FileHandle>();
  #lengths: Lengths | null = null;
  /** Endings of those of an earlier run, which died after it had given them their final name. */
  #moved: readonly string[] = [];
  #name = 'rejected';
  #last: Promise<void> = Promise.resolve();
  #broken: StateError | null = null;

  /** @param load the 12 hex digits that name the load */
  constructor(folder: string, load: string) {
    this.#folder = folder;
    this.#load = load;
    this.#parts = new LongLetterParts(join(folder, `${load}.rejected.part`));
  }

  /** Absolute paths of what was written, or null when there was nothing to write. */
  get paths(): Paths | null {
    const endings = this.#lengths === null ? this.#moved : Object.keys(this.#lengths);
    if (endings.length === 0) return null;
    const points = endings.filter((ending) => ending !== reasonsEnding).map((ending) => this.#path(this.#name, ending));
    return { points: points.sort(), reasons: this.#path(this.#name, reasonsEnding) };
  }

  /** Bytes of the files that hold whole letters of whole batches; null before the first. */
  get lengths(): Lengths | null {
    return this.#lengths;
  }

  /**
   * Makes the folder, proves that it can be written, and puts dead letters that a stopped run left behind out of the way;
   * or goes on with those that a checkpoint stands for, whatever was written after it cut off. Throws StateError.
   */
  async prepare(now: string, kept: StoredReject | null = null): Promise<void> {
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await access(this.#folder, constants.W_OK | constants.X_OK);
      if (kept !== null) await this.#resume(kept);
      else if ((await this.#endings('rejected')).length > 0) {
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
  async write(
    input: string,
    letters: readonly LongLetterPart[],
    deadLetterFormat = lineProtocolDeadLetters,
  ): Promise<readonly number[]> {
    const turn = this.#last.then(() => this.#append(input, letters, deadLetterFormat));
    this.#last = turn.then(
      () => {},
      () => {},
    );
    return await turn;
  }

  /** Resolves when what was written so far outlives the machine. Throws StateError. */
  async sync(): Promise<void> {
    try {
      await Promise.all([...this.#files.values()].map((file) => file.datasync()));
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
      if (this.#files.size === 0) return;
      const results = await Promise.allSettled([...this.#files.values()].map(synced));
      const failed = results.find((result) => result.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
      await this.#mustBeThere();
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
    { ending, head }: DeadLetterFormat,
  ): Promise<readonly number[]> {
    if (this.#broken !== null) throw this.#broken;
    let undo = async (): Promise<void> => {};
    try {
      const points = await this.#file(head.length === 0 ? ending : `.${hash(head)}${ending}`);
      const reasons = await this.#file(reasonsEnding);
      const before = [(await points.stat()).size, (await reasons.stat()).size] as const;
      undo = async () => {
        await points.truncate(before[0]);
        await reasons.truncate(before[1]);
      };
      if (before[0] === 0) await writeAll(points, head);
      const whole = await this.#put(points, reasons, input, letters);
      this.#lengths = await this.#sizes();
      return whole;
    } catch (error) {
      this.#broken = this.#failed('writing dead letters', error);
      await undo().catch(() => {});
      throw this.#broken;
    }
  }

  /** The file with this ending, opened when it is first asked for. */
  async #file(ending: string): Promise<FileHandle> {
    const file = this.#files.get(ending) ?? (await open(this.#path('rejected', ending), 'a', 0o600));
    this.#files.set(ending, file);
    return file;
  }

  async #sizes(): Promise<Lengths> {
    const sizes: Record<string, number> = {};
    for (const [ending, file] of this.#files) sizes[ending] = (await file.stat()).size;
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
    for (const ending of this.#files.keys()) {
      const path = this.#path('rejected', ending);
      if (!(await exists(path))) throw new Error(`${path} is gone: the rejected points of this run are lost`);
    }
  }

  async #resume({ lengths, completing }: StoredReject): Promise<void> {
    const there = await this.#endings('rejected');
    for (const ending of lengths === null ? there : there.filter((each) => lengths[each] === undefined)) {
      await rm(this.#path('rejected', ending), { force: true });
    }
    if (lengths === null) return;
    if (completing !== null) {
      await this.#rename(completing);
      this.#moved = Object.keys(lengths);
      this.#name = completing;
      return;
    }
    for (const [ending, bytes] of Object.entries(lengths)) {
      const file = await this.#file(ending);
      const { size } = await file.stat();
      if (size < bytes) {
        throw new Error(
          `${this.#path('rejected', ending)} with ${size} bytes instead of ${bytes}: put it back, or begin anew with --fresh`,
        );
      }
      await file.truncate(bytes);
    }
    this.#lengths = lengths;
  }

  /** Gives the files another name, those of them that have not got it yet. */
  async #rename(name: string): Promise<void> {
    for (const ending of await this.#endings('rejected')) {
      await rename(this.#path('rejected', ending), this.#path(name, ending));
    }
  }

  /** The name, with a number where something has it. */
  async #free(name: string): Promise<string> {
    for (let number = 1; ; number += 1) {
      const numbered = number === 1 ? name : `${name}-${number}`;
      if ((await this.#endings(numbered)).length === 0) return numbered;
    }
  }

  /** Endings of the files of that name. What gathers in parts has a name of its own. */
  async #endings(name: string): Promise<string[]> {
    const begin = `${this.#load}.${name}.`;
    const files = (await readdir(this.#folder)).filter(
      (file) => file.startsWith(begin) && !file.startsWith(`${begin}part`),
    );
    return files.map((file) => file.slice(begin.length - 1)).sort();
  }

  #path(name: string, ending: string): string {
    return join(this.#folder, `${this.#load}.${name}${ending}`);
  }

  #failed(attempted: string, error: unknown): StateError {
    const got = error instanceof Error ? error.message : String(error);
    return new StateError(
      `${attempted} — expected to write below ${this.#folder} — got ${got} — free the disk or name another folder with --state-dir`,
      { cause: error },
    );
  }
}

/** Tells files of different headers apart. */
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

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten;
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
