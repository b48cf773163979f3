// Stores the finished inputs of all loads into one database, with one line for each input. `--skip-loaded` skips these
// inputs. A line that cannot be parsed is ignored, so its input is loaded again.

import { constants } from 'node:fs';
import { errorCode } from '../core/errors.js';
import { type CheckpointInput, inputSchema } from './checkpoint.js';
import { linesOf } from './finished-inputs.js';
import { openStateFile, writeFailure } from './state-dir.js';

/** Returns the last entry of each input whose path `wanted` accepts; the path is the key. Throws StateError. */
export async function readHistory(
  path: string,
  wanted: (path: string) => boolean,
): Promise<ReadonlyMap<string, CheckpointInput>> {
  const found = new Map<string, CheckpointInput>();
  try {
    for await (const line of linesOf(path)) {
      const input = parse(line);
      if (input !== null && wanted(input.path)) found.set(input.path, input);
    }
  } catch (error) {
    if (errorCode(error) !== 'ENOENT')
      throw writeFailure('reading the list of finished inputs for --skip-loaded', path, error);
  }
  return found;
}

/** Appends entries. Several loads may append at once. Throws StateError. */
export async function addToHistory(path: string, inputs: readonly CheckpointInput[]): Promise<void> {
  try {
    const file = await openStateFile(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT);
    try {
      await file.appendFile(inputs.map((input) => `${JSON.stringify(input)}\n`).join(''));
      await file.datasync();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw writeFailure('writing the list of finished inputs for --skip-loaded', path, error);
  }
}

function parse(line: string): CheckpointInput | null {
  try {
    return inputSchema.parse(JSON.parse(line));
  } catch {
    return null;
  }
}
