// What ended a program before or outside of a run, in words and as an exit code.

import { CommanderError } from 'commander';
import { BulkLoadError, UsageError } from '../../core/errors.js';
import { outcomes } from '../../core/outcomes.js';
import { printable } from '../../core/printable.js';
import type { Process } from '../process.js';

/** Says what ended the program, on stderr; returns the exit code. `worded` puts it in the words of the program. */
export function printError(
  error: unknown,
  process: Process,
  program: string,
  worded = (text: string): string => text,
): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    process.stderr.write(`Try '${program} --help'.\n`);
    return outcomes.usage.exitCode;
  }
  if (error instanceof UsageError) {
    for (const problem of error.problems) process.stderr.write(`${program}: ${worded(printable(problem))}\n`);
    process.stderr.write(`Try '${program} --help'.\n`);
    return error.exitCode;
  }
  if (error instanceof BulkLoadError && error.outcome !== 'bug') {
    process.stderr.write(`${program}: ${worded(printable(error.message))}\n`);
    return error.exitCode;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${program}: a defect of bulk-load; please report it with this:\n${stack}\n`);
  return outcomes.bug.exitCode;
}
