// Manages the files of one load in the state directory. Writes and removes the files in an order that lets the next run
// resume, whenever the process dies.

import { constants } from 'node:fs';
import { copyFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { removeFile } from '../core/io/files.js';
import {
  type Checkpoint,
  type CheckpointInput,
  readCheckpoint,
  temporaryCheckpoint,
  writeCheckpoint,
} from './checkpoint.js';
import { type FinishedInput, FinishedInputs } from './finished-inputs.js';
import { addToHistory } from './history.js';
import { exists, writeFailure } from './state-dir.js';

/** Number of entries in one write to the history. */
const historyBatch = 500;

export class LoadStore {
  /** Path of the checkpoint. */
  readonly path: string;
  /** Path of the history, which lists the inputs that loads into this database have finished. */
  readonly history: string;
  readonly #log: FinishedInputs;
  #written = false;

  /**
   * @param load 12 hex digits that name the load
   * @param database name that all loads into one database share
   */
  constructor(folder: string, load: string, database: string) {
    this.path = join(folder, `${load}.checkpoint.json`);
    this.history = join(folder, `${database}.finished.ndjson`);
    this.#log = new FinishedInputs(this.#logPath);
  }

  /** True if this run has found or written a checkpoint of this load, and has not removed it. */
  get written(): boolean {
    return this.#written;
  }

  get #logPath(): string {
    return this.path.replace(/json$/, 'inputs.ndjson');
  }

  /** Returns the checkpoint of an earlier run; null without a checkpoint. Throws StateError. */
  async open(): Promise<Checkpoint | null> {
    const checkpoint = await readCheckpoint(this.path);
    await this.#log.open(checkpoint?.finishedBytes ?? 0);
    this.#written = checkpoint !== null;
    return checkpoint;
  }

  /** Yields the finished inputs of all runs so far. */
  finished(): AsyncGenerator<FinishedInput, void> {
    return this.#log.all();
  }

  async finishedAt(at: number): Promise<CheckpointInput> {
    return await this.#log.read(at);
  }

  /** Appends finished inputs. The inputs count as finished once the next checkpoint is written. Throws StateError. */
  async append(finished: readonly CheckpointInput[]): Promise<void> {
    await this.#log.add(finished, false);
  }

  /** Appends finished inputs and replaces the checkpoint. Throws StateError. */
  async save(checkpoint: Omit<Checkpoint, 'finishedBytes'>, finished: readonly CheckpointInput[]): Promise<void> {
    await this.#log.add(finished, true);
    await writeCheckpoint(this.path, { ...checkpoint, finishedBytes: this.#log.bytes });
    this.#written = true;
  }

  /**
   * Renames the files of an unfinished load to names that contain `abandoned`. Returns the new path of the checkpoint;
   * null without a checkpoint.
   */
  async abandon(stamp: string): Promise<string | null> {
    // Renames the checkpoint first, because a log without a checkpoint is ignored.
    const checkpoint = await this.#keepAs(this.path, stamp, rename);
    await this.#keepAs(this.#logPath, stamp, rename);
    return checkpoint;
  }

  /**
   * Copies the files of an unfinished load to names that contain `abandoned`. Returns the path of the copied
   * checkpoint; null without a checkpoint.
   */
  async keepCopy(stamp: string): Promise<string | null> {
    const copy = (from: string, to: string): Promise<void> => copyFile(from, to, constants.COPYFILE_EXCL);
    await this.#keepAs(this.#logPath, stamp, copy);
    return await this.#keepAs(this.path, stamp, copy);
  }

  /** Adds the inputs of a finished load to the history. Throws StateError. */
  async record(): Promise<void> {
    const inputs: CheckpointInput[] = [];
    for await (const { input } of this.#log.all()) {
      inputs.push(input);
      if (inputs.length === historyBatch) await addToHistory(this.history, inputs.splice(0));
    }
    if (inputs.length > 0) await addToHistory(this.history, inputs);
  }

  /** Removes the checkpoint and the log of finished inputs. Throws StateError. */
  async forget(): Promise<void> {
    await this.close();
    try {
      await removeFile(this.path);
      await removeFile(temporaryCheckpoint(this.path));
      await removeFile(this.#logPath);
    } catch (error) {
      throw writeFailure('removing the checkpoint of a finished load', this.path, error);
    }
    this.#written = false;
  }

  async close(): Promise<void> {
    await this.#log.close();
  }

  async #keepAs(
    path: string,
    stamp: string,
    move: (from: string, to: string) => Promise<void>,
  ): Promise<string | null> {
    if (!(await exists(path))) return null;
    try {
      const to = await freePath(path.replace('.checkpoint', `.checkpoint-abandoned-${stamp}`));
      await move(path, to);
      return to;
    } catch (error) {
      throw writeFailure('keeping the checkpoint of the unfinished load', path, error);
    }
  }
}

async function freePath(path: string): Promise<string> {
  for (let number = 1; ; number += 1) {
    const numbered = number === 1 ? path : path.replace(/(\.inputs)?\.(nd)?json$/, (suffix) => `-${number}${suffix}`);
    if (!(await exists(numbered))) return numbered;
  }
}
