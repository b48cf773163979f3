// The error for an input that changes while a load reads it.

import { InputError } from '../core/errors.js';

/** Returns the error for an input that another program changed while the input was read. */
export function changedInput(name: string, expected: string, found: string): InputError {
  const fix = 'load the input again after the program that writes it has finished';
  return new InputError({ tried: `reading ${name}`, expected, found, fix });
}
