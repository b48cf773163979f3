// What was asked for on standard output: written to its end, or the program does not end as if it were.

import { StateError } from '../../core/errors.js';
import type { Process } from '../process.js';

/** Resolves once it is written. A reader that has gone away is no failure; a full disk is: StateError. */
export async function print({ stdout }: Process, text: string): Promise<void> {
  const error = await new Promise<Error | null | undefined>((resolve) => {
    stdout.write(text, resolve);
  });
  if (!error || ('code' in error && error.code === 'EPIPE')) return;
  throw new StateError(
    `writing to standard output — expected it to take ${text.length} characters — got ${error.message} — free space or name a file`,
    { cause: error },
  );
}
