// Inputs that loads into one database finished, one line each, for `--skip-loaded`. The history only saves work: a line
// that cannot be parsed is ignored, and its input is loaded again.

import { appendFile } from 'node:fs/promises';
import { type CheckpointInput, inputSchema } from './checkpoint.js';
import { linesOf } from './finished-inputs.js';
import { isMissing, writeFailure } from './state-dir.js';

/** Returns the last entry of each wanted path. Throws StateError. */
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
    if (!isMissing(error)) throw writeFailure('reading the ledger of finished inputs', path, error);
  }
  return found;
}

/** Appends entries; several loads may do so at once. Throws StateError. */
export async function addToHistory(path: string, inputs: readonly CheckpointInput[]): Promise<void> {
  try {
    await appendFile(path, inputs.map((input) => `${JSON.stringify(input)}\n`).join(''), { mode: 0o600, flush: true });
  } catch (error) {
    throw writeFailure('writing the ledger of finished inputs', path, error);
  }
}

function parse(line: string): CheckpointInput | null {
  try {
    return inputSchema.parse(JSON.parse(line));
  } catch {
    return null;
  }
}
