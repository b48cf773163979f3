// Rejected points in two files: their original bytes, loadable again as an input, and a reason for each. Both are opened
// when the first reject comes. A point too long to be held arrives in parts; they gather in a file of their own until
// the last is there, so that other rejects never land in its middle.

import { createReadStream } from 'node:fs';
import { access, constants, type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { StateError } from '../errors.js';
import type { BatchReject } from '../model.js';

const LF = Uint8Array.of(10);

/** One rejected point, or a part of one, as the dead letters take it. */
export interface Letter {
  readonly bytes: Uint8Array;
  readonly line: number;
  readonly byteOffset: number;
  readonly reason: string;
  readonly message: string;
  readonly endpoint: string | null;
  readonly part: BatchReject['part'];
}

export class DeadLetters {
  readonly #folder: string;
  readonly #load: string;
  #points: FileHandle | null = null;
  #reasons: FileHandle | null = null;
  #part: { file: FileHandle; path: string; bytes: number; line: number; byteOffset: number } | null = null;
  #last: Promise<void> = Promise.resolve();
  #names: { points: string; reasons: string };

  /** @param load the 12 hex digits that name the load */
  constructor(folder: string, load: string) {
    this.#folder = folder;
    this.#load = load;
    this.#names = { points: this.#path('.rejected.lp'), reasons: this.#path('.rejected.ndjson') };
  }

  /** Absolute paths of what was written, or null when there was nothing to write. */
  get paths(): { points: string; reasons: string } | null {
    return this.#points === null ? null : this.#names;
  }

  /**
   * Makes the folder, proves that it can be written, and puts dead letters that a stopped run left behind out of the way.
   * Throws StateError.
   */
  async prepare(now: string): Promise<void> {
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await access(this.#folder, constants.W_OK | constants.X_OK);
      for (const ending of ['.rejected.lp', '.rejected.ndjson']) {
        const path = this.#path(ending);
        if (await exists(path))
          await rename(path, this.#path(ending.replace('.rejected', `.rejected-abandoned-${now}`)));
      }
      await rm(this.#path('.rejected.part'), { force: true });
    } catch (error) {
      throw this.#failed('preparing the state directory', error);
    }
  }

  /** Appends, one call after the other. Resolves when the bytes are with the system. Throws StateError. */
  async write(input: string, letters: readonly Letter[]): Promise<void> {
    const turn = this.#last.then(() => this.#append(input, letters));
    this.#last = turn.catch(() => {});
    try {
      await turn;
    } catch (error) {
      throw error instanceof StateError ? error : this.#failed('writing dead letters', error);
    }
  }

  /**
   * Makes what was written durable and closes it. A load that came to its end gives the files their final name, so that
   * a later one never appends to them. Throws StateError.
   */
  async close(finishedAs: string | null): Promise<void> {
    await this.#last;
    try {
      if (this.#part !== null) {
        await this.#part.file.close();
        await rm(this.#part.path, { force: true });
      }
      for (const file of [this.#points, this.#reasons]) {
        await file?.sync();
        await file?.close();
      }
      if (this.#points !== null && finishedAs !== null) await this.#finish(finishedAs);
    } catch (error) {
      throw this.#failed('closing the dead letters', error);
    }
  }

  async #append(input: string, letters: readonly Letter[]): Promise<void> {
    this.#points ??= await open(this.#names.points, 'a', 0o600);
    this.#reasons ??= await open(this.#names.reasons, 'a', 0o600);
    const points: Uint8Array[] = [];
    const reasons: string[] = [];
    for (const letter of letters) {
      if (letter.part === 'whole') points.push(letter.bytes, LF);
      else await this.#gather(letter, points);
      if (letter.part === 'whole' || letter.part === 'last') reasons.push(this.#reason(input, letter));
    }
    await writeAll(this.#points, points);
    await writeAll(this.#reasons, [Buffer.from(reasons.join(''))]);
  }

  async #gather(letter: Letter, before: Uint8Array[]): Promise<void> {
    const { line, byteOffset } = letter;
    if (letter.part === 'first') {
      const path = this.#path('.rejected.part');
      this.#part = { file: await open(path, 'w', 0o600), path, bytes: 0, line, byteOffset };
    }
    const part = this.#part!;
    await writeAll(part.file, [letter.bytes]);
    part.bytes += letter.bytes.length;
    if (letter.part !== 'last') return;
    await writeAll(this.#points!, before.splice(0));
    for await (const chunk of createReadStream(part.path, { highWaterMark: 1 << 18 })) {
      await writeAll(this.#points!, [chunk as Uint8Array]);
    }
    await writeAll(this.#points!, [LF]);
  }

  #reason(input: string, letter: Letter): string {
    const { reason, message, endpoint } = letter;
    let { line, byteOffset } = letter;
    let bytes = letter.bytes.length;
    if (letter.part === 'last' && this.#part !== null) {
      ({ line, byteOffset, bytes } = this.#part);
      const { file, path } = this.#part;
      this.#part = null;
      file
        .close()
        .then(() => rm(path, { force: true }))
        .catch(() => {});
    }
    return `${JSON.stringify({ input, line, byteOffset, bytes, reason, message, endpoint })}\n`;
  }

  async #finish(finishedAs: string): Promise<void> {
    const final = {
      points: this.#path(`.rejected-${finishedAs}.lp`),
      reasons: this.#path(`.rejected-${finishedAs}.ndjson`),
    };
    await rename(this.#names.points, final.points);
    await rename(this.#names.reasons, final.reasons);
    this.#names = final;
  }

  #path(ending: string): string {
    return join(this.#folder, `${this.#load}${ending}`);
  }

  #failed(attempted: string, error: unknown): StateError {
    const got = error instanceof Error ? error.message : String(error);
    return new StateError(
      `${attempted} — expected to write below ${this.#folder} — got ${got} — free the disk or name another folder with --state-dir`,
      { cause: error },
    );
  }
}

async function writeAll(file: FileHandle, parts: readonly Uint8Array[]): Promise<void> {
  const bytes = Buffer.concat(parts);
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten;
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
