// Writes to standard output, and measures the terminal.

import { StateError } from '../../core/errors.js';
import { type ResultText, writeResult } from '../../reporting/result-file.js';
import type { Process } from '../process.js';

/** Prints a text, or its parts in order. Ignores a closed pipe. Throws StateError if the output cannot be written. */
export async function print(process: Pick<Process, 'stdout'>, text: string | Iterable<string>): Promise<void> {
  for (const part of typeof text === 'string' ? [text] : text) await printPart(process, part);
}

async function printPart({ stdout }: Pick<Process, 'stdout'>, text: string): Promise<void> {
  const error = await new Promise<Error | null | undefined>((resolve) => {
    stdout.write(text, resolve);
  });
  if (!error || ('code' in error && error.code === 'EPIPE')) return;
  const expected = 'standard output to take the whole text';
  const fix = 'free some disk space, or send the output elsewhere';
  throw new StateError({ tried: 'writing to standard output', expected, found: error.message, fix }, { cause: error });
}

/** Writes a result to the file at `path`, or to standard output for `-`. Does nothing if `path` is null. */
export async function writeOutput(
  path: string | null,
  text: ResultText,
  process: Pick<Process, 'stdout'>,
  yields = false,
): Promise<void> {
  if (path === '-') await print(process, text);
  else if (path !== null) await writeResult(path, text, yields);
}

/** Returns the columns of the terminal; null without a terminal, or if the terminal does not report its size. */
export function widthOf({ stderr }: Pick<Process, 'stderr'>): number | null {
  return stderr.isTTY === true ? stderr.columns || null : null;
}

/** Returns the name of the output of `--dry-run`; null if points go to a target. */
export function outputName(dryRun: string | null): string | null {
  return dryRun === '-' ? 'standard output' : dryRun;
}

/** Runs all steps in order, even after a failure. Throws the first failure at the end. */
export async function runAllThenThrow(steps: readonly (() => Promise<void>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const step of steps) await step().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}
