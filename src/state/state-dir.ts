// The state directory, and errors of its files. Missing parent directories are created one by one: Node's recursive mkdir
// never ends where the file system reports ENOENT for every attempt, as /proc does.

import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { StateError } from '../core/errors.js';

/** Creates the directory with mode 0700. Rejects with the system's error. */
export async function makeStateDir(path: string): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (found?.isDirectory()) return;
  const parent = dirname(resolve(path));
  if (parent !== resolve(path) && found === null) await makeStateDir(parent);
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    // Another process may have created it meanwhile.
    if (!(await stat(path).catch(() => null))?.isDirectory()) throw error;
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

export async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

/** Builds the error for a state file that cannot be written. */
export function writeFailure(tried: string, path: string, error: unknown): StateError {
  return new StateError(
    {
      tried,
      expected: `to write ${path}`,
      found: error instanceof Error ? error.message : String(error),
      fix: 'free the disk, or name another directory with --state-dir',
    },
    { cause: error },
  );
}

/** Builds the error for state of an earlier run that is damaged or of another version. Its content is never guessed. */
export function readFailure(path: string, error: unknown): StateError {
  return new StateError(
    {
      tried: 'resuming the load',
      expected: `a checkpoint of this version in ${path}`,
      found: error instanceof z.ZodError ? firstIssue(error) : error instanceof Error ? error.message : String(error),
      fix: 'resume with the version that wrote it, or load everything again with --fresh',
    },
    { cause: error },
  );
}

function firstIssue({ issues }: z.ZodError): string {
  const { path, message } = issues[0]!;
  return path.length === 0 ? message : `${path.join('.')}: ${message}`;
}
