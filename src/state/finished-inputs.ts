// Inputs that are finished, one JSON line each, in a file that only grows: a checkpoint of a hundred thousand inputs
// would be too large to be written every second, and too large to be held.

import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { type CheckpointInput, inputSchema, readFailure, writeFailure } from './checkpoint.js';

/** A finished input, and where its line begins. */
export interface Finished {
  readonly input: CheckpointInput;
  readonly at: number;
}

export class FinishedInputs {
  readonly #path: string;
  #file: FileHandle | null = null;
  #bytes = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Bytes of all lines. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Opens it with the first `bytes` of what is there; what lies beyond is cut off. Throws StateError. */
  async open(bytes: number): Promise<void> {
    try {
      this.#file = await open(this.#path, bytes === 0 ? 'w+' : 'r+', 0o600);
      const { size } = await this.#file.stat();
      if (size < bytes) throw new Error(`${size} bytes instead of ${bytes}`);
      await this.#file.truncate(bytes);
      this.#bytes = bytes;
    } catch (error) {
      if (bytes > 0) throw readFailure(this.#path, error);
      throw writeFailure('preparing the log of finished inputs', this.#path, error);
    }
  }

  /** All lines, in order. Throws StateError for one that cannot be understood. */
  async *all(): AsyncGenerator<Finished, void> {
    if (this.#bytes > 0) yield* finishedIn(this.#path);
  }

  /** The line that begins at `at`. */
  async read(at: number): Promise<CheckpointInput> {
    return await lineAt(this.#file!, at, this.#path);
  }

  /** Appends for good. Throws StateError. */
  async add(inputs: readonly CheckpointInput[]): Promise<void> {
    if (inputs.length === 0) return;
    try {
      const text = Buffer.from(inputs.map((input) => `${JSON.stringify(input)}\n`).join(''));
      for (let done = 0; done < text.length; ) {
        done += (await this.#file!.write(text, done, text.length - done, this.#bytes + done)).bytesWritten;
      }
      await this.#file!.datasync();
      this.#bytes += text.length;
    } catch (error) {
      throw writeFailure('writing the log of finished inputs', this.#path, error);
    }
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = null;
  }
}

/** The lines of a log of finished inputs. Throws StateError. */
async function* finishedIn(path: string): AsyncGenerator<Finished, void> {
  let at = 0;
  try {
    for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
      yield { input: inputSchema.parse(JSON.parse(line)), at };
      at += Buffer.byteLength(line) + 1;
    }
  } catch (error) {
    throw readFailure(path, error);
  }
}

const chunkBytes = 4096;

/** The line that begins at `at` of an open log. Throws StateError. */
async function lineAt(file: FileHandle, at: number, path: string): Promise<CheckpointInput> {
  let line = Buffer.alloc(0);
  for (;;) {
    const chunk = Buffer.alloc(chunkBytes);
    const { bytesRead } = await file.read(chunk, 0, chunkBytes, at + line.length);
    const end = chunk.subarray(0, bytesRead).indexOf(10);
    line = Buffer.concat([line, chunk.subarray(0, end < 0 ? bytesRead : end)]);
    if (end < 0 && bytesRead > 0) continue;
    try {
      return inputSchema.parse(JSON.parse(line.toString('utf8')));
    } catch (error) {
      throw readFailure(path, error);
    }
  }
}
