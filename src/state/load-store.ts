// What is kept of one load on the disk, and the order in which it is written and cleared away: a process that dies
// between two steps leaves something that the next run understands.

import { copyFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Checkpoint, type CheckpointInput, readCheckpoint, writeCheckpoint, writeFailure } from './checkpoint.js';
import { type Finished, FinishedInputs } from './finished-inputs.js';
import { addToHistory } from './history.js';

/** Inputs that go to the history in one write. */
const together = 500;

export class LoadStore {
  /** The checkpoint's. */
  readonly path: string;
  readonly #history: string;
  readonly #log: FinishedInputs;
  #written = false;

  /** @param load the 12 hex digits that name the load */
  constructor(folder: string, load: string, history: string) {
    this.path = join(folder, `${load}.checkpoint.json`);
    this.#history = history;
    this.#log = new FinishedInputs(this.#logPath);
  }

  /** Whether there is a checkpoint of this load on the disk, as far as this run knows. */
  get written(): boolean {
    return this.#written;
  }

  get #logPath(): string {
    return this.path.replace(/json$/, 'inputs.ndjson');
  }

  /** What an earlier run left; null when there is nothing to continue. Throws StateError. */
  async open(): Promise<Checkpoint | null> {
    const checkpoint = await readCheckpoint(this.path);
    await this.#log.open(checkpoint?.finishedBytes ?? 0);
    this.#written = checkpoint !== null;
    return checkpoint;
  }

  /** Finished inputs of all runs so far. */
  finished(): AsyncGenerator<Finished, void> {
    return this.#log.all();
  }

  async finishedAt(at: number): Promise<CheckpointInput> {
    return await this.#log.read(at);
  }

  /** Adds finished inputs and replaces the checkpoint. Throws StateError. */
  async save(checkpoint: Omit<Checkpoint, 'finishedBytes'>, finished: readonly CheckpointInput[]): Promise<void> {
    await this.#log.add(finished);
    await writeCheckpoint(this.path, { ...checkpoint, finishedBytes: this.#log.bytes });
    this.#written = true;
  }

  /** Puts an unfinished load out of the way. Returns the checkpoint's new name; null when there was none. */
  async abandon(stamp: string): Promise<string | null> {
    // The checkpoint first: a log without one is nothing.
    const kept = await this.#aside(this.path, stamp, rename);
    await this.#aside(this.#logPath, stamp, rename);
    return kept;
  }

  /** Keeps a copy of the checkpoint as it is, under the name of an abandoned one. */
  async keepCopy(stamp: string): Promise<string | null> {
    await this.#aside(this.#logPath, stamp, copyFile);
    return await this.#aside(this.path, stamp, copyFile);
  }

  /** The load is finished: its inputs go to the history, its checkpoint goes. Throws StateError. */
  async complete(): Promise<void> {
    const inputs: CheckpointInput[] = [];
    for await (const { input } of this.#log.all()) {
      inputs.push(input);
      if (inputs.length === together) await addToHistory(this.#history, inputs.splice(0));
    }
    if (inputs.length > 0) await addToHistory(this.#history, inputs);
    await this.forget();
  }

  /** Throws StateError. */
  async forget(): Promise<void> {
    await this.close();
    try {
      await rm(this.path, { force: true });
      await rm(this.#logPath, { force: true });
    } catch (error) {
      throw writeFailure('removing the checkpoint of a finished load', this.path, error);
    }
    this.#written = false;
  }

  async close(): Promise<void> {
    await this.#log.close();
  }

  async #aside(path: string, stamp: string, move: (from: string, to: string) => Promise<void>): Promise<string | null> {
    if (!(await exists(path))) return null;
    try {
      const to = await free(path.replace('.checkpoint', `.checkpoint-abandoned-${stamp}`));
      await move(path, to);
      return to;
    } catch (error) {
      throw writeFailure('keeping the checkpoint of an abandoned load', path, error);
    }
  }
}

async function free(path: string): Promise<string> {
  for (let number = 1; ; number += 1) {
    const numbered = number === 1 ? path : path.replace(/(\.inputs)?\.(nd)?json$/, (ending) => `-${number}${ending}`);
    if (!(await exists(numbered))) return numbered;
  }
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
