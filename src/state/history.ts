// Inputs that loads into one database finished, a line each, for as long as the state directory lives. It only spares
// work: a line that cannot be understood is passed over, and its input is loaded again.

import { createReadStream } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { type CheckpointInput, inputSchema, isMissing, writeFailure } from './checkpoint.js';

/** Of each path that is asked for, the line that was written last. Throws the system's error. */
export async function readHistory(
  path: string,
  wanted: (path: string) => boolean,
): Promise<ReadonlyMap<string, CheckpointInput>> {
  const found = new Map<string, CheckpointInput>();
  try {
    for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
      const input = parse(line);
      if (input !== null && wanted(input.path)) found.set(input.path, input);
    }
  } catch (error) {
    if (!isMissing(error)) throw writeFailure('reading the ledger of finished inputs', path, error);
  }
  return found;
}

/** Appends; several loads may do so at once. Throws StateError. */
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
