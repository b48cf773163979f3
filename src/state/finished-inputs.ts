// Stores the finished inputs of one load in a file that only grows, with one JSON line for each input. A checkpoint
// with 100,000 inputs would be too large to be written every second, and too large to be kept in memory.

import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { LF } from '../core/ascii.js';
import { type CheckpointInput, inputSchema } from './checkpoint.js';
import { openStateFile, readFailure, writeFailure } from './state-dir.js';

/** A finished input, and the offset of its line in the file. */
export interface FinishedInput {
  readonly input: CheckpointInput;
  readonly at: number;
}

export class FinishedInputs {
  readonly #path: string;
  #file: FileHandle | null = null;
  #bytes = 0;
  #isDurable = true;
  #last: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  /** Size of all lines, bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Opens the file and truncates it to `bytes`, the size at the last checkpoint. Throws StateError. */
  async open(bytes: number): Promise<void> {
    try {
      this.#file = await openStateFile(this.#path, constants.O_RDWR | (bytes === 0 ? constants.O_CREAT : 0));
      const { size } = await this.#file.stat();
      if (size < bytes) throw new Error(`${size} bytes instead of ${bytes}`);
      await this.#file.truncate(bytes);
      this.#bytes = bytes;
    } catch (error) {
      if (bytes > 0) throw readFailure(this.#path, error);
      throw writeFailure('preparing the log of finished inputs', this.#path, error);
    }
  }

  /** Yields all lines in order. Throws StateError for a damaged line. */
  async *all(): AsyncGenerator<FinishedInput, void> {
    if (this.#bytes === 0) return;
    let at = 0;
    try {
      for await (const line of linesOf(this.#path)) {
        yield { input: inputSchema.parse(JSON.parse(line)), at };
        at += Buffer.byteLength(line) + 1;
      }
    } catch (error) {
      throw readFailure(this.#path, error);
    }
  }

  /** Reads the line at offset `at`. Throws StateError. */
  async read(at: number): Promise<CheckpointInput> {
    try {
      return inputSchema.parse(JSON.parse(await lineAt(this.#file!, at)));
    } catch (error) {
      throw readFailure(this.#path, error);
    }
  }

  /**
   * Appends inputs. Concurrent calls run one after the other. If `durable` is true, resolves once all lines so far are
   * durable. Throws StateError.
   */
  async add(inputs: readonly CheckpointInput[], durable: boolean): Promise<void> {
    const added = this.#last.then(() => this.#add(inputs, durable));
    this.#last = added.catch(() => {});
    await added;
  }

  async #add(inputs: readonly CheckpointInput[], durable: boolean): Promise<void> {
    try {
      const text = Buffer.from(inputs.map((input) => `${JSON.stringify(input)}\n`).join(''));
      for (let done = 0; done < text.length; ) {
        done += (await this.#file!.write(text, done, text.length - done, this.#bytes + done)).bytesWritten;
      }
      this.#bytes += text.length;
      this.#isDurable &&= text.length === 0;
      if (!durable || this.#isDurable) return;
      await this.#file!.datasync();
      this.#isDurable = true;
    } catch (error) {
      throw writeFailure('writing the log of finished inputs', this.#path, error);
    }
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = null;
  }
}

const linesChunkBytes = 64 * 1024;

/** Yields the lines of a state file. */
export async function* linesOf(path: string): AsyncGenerator<string, void> {
  const file = await openStateFile(path, constants.O_RDONLY);
  try {
    const chunk = Buffer.alloc(linesChunkBytes);
    let rest = Buffer.alloc(0);
    // Does not use a stream. A stream would load modules that a small load does not need for anything else.
    for (let length = -1; length !== 0; ) {
      ({ bytesRead: length } = await file.read(chunk, 0, chunk.length, null));
      const bytes = Buffer.concat([rest, chunk.subarray(0, length)]);
      const end = bytes.lastIndexOf(LF) + 1;
      if (end > 0) yield* bytes.toString('utf8', 0, end - 1).split('\n');
      rest = bytes.subarray(end);
    }
    if (rest.length > 0) yield rest.toString();
  } finally {
    await file.close();
  }
}

const chunkBytes = 4096;

async function lineAt(file: FileHandle, at: number): Promise<string> {
  let line = Buffer.alloc(0);
  for (;;) {
    const chunk = Buffer.alloc(chunkBytes);
    const { bytesRead } = await file.read(chunk, 0, chunkBytes, at + line.length);
    const end = chunk.subarray(0, bytesRead).indexOf(10);
    line = Buffer.concat([line, chunk.subarray(0, end < 0 ? bytesRead : end)]);
    if (end >= 0 || bytesRead === 0) return line.toString('utf8');
  }
}
