// Creates the state directory and opens the files in it. The names of the files are predictable. Another user who can
// write to the directory could place links of these names. Therefore only this user may write to the directory, and
// files are never opened through links.

import { constants } from 'node:fs';
import { access, type FileHandle, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { StateError } from '../core/errors.js';
import { makeDirectory } from '../core/io/files.js';
import type { Problem } from '../core/problem.js';

const preparing = 'preparing the state directory';

/** Creates the directory, or checks that it belongs to this user alone. Throws StateError. */
export async function prepareStateDir(path: string): Promise<void> {
  try {
    await makeDirectory(path, 0o700);
  } catch (error) {
    throw writeFailure(preparing, path, error);
  }
  const { uid, mode } = await stat(path);
  const us = process.geteuid?.() ?? uid;
  if (uid === us && (mode & 0o022) === 0) return;
  throw new StateError({
    tried: preparing,
    expected: `${path} to belong to this user, and to be writable only by this user`,
    found: uid === us ? `a directory that others can write (mode ${octal(mode)})` : `a directory of user ${uid}`,
    fix: (await isWritable(path))
      ? `${uid === us ? `run \`chmod go-w\` on this directory, or ` : ''}name a subdirectory: --state-dir ${join(path, 'bulk-load')}`
      : 'name a directory of your own, or leave --state-dir out',
  });
}

async function isWritable(path: string): Promise<boolean> {
  return await access(path, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8);
}

/**
 * Opens a state file. Only this user can read a file that this function creates. Throws for a symbolic link and for
 * anything but a regular file, because a pipe would block the process.
 * @param flags constants such as O_RDWR
 */
export async function openStateFile(path: string, flags: number): Promise<FileHandle> {
  const { O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = await open(path, flags | O_NOFOLLOW | O_NONBLOCK, 0o600);
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw Object.assign(new Error('no regular file'), { code: 'ENXIO' });
}

export async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

const otherDirectory = 'name another directory with --state-dir';

/**
 * For each system error code: a phrase for what was found, and the beginning of the advice. `writeProblem`
 * completes the advice: use another directory.
 */
const causes: Record<string, readonly [found: string, fix: string]> = {
  ENOSPC: ['no space left on its file system', 'free some space there, or '],
  EDQUOT: ['an exceeded disk quota of this user', 'free some space there, or '],
  EACCES: ['no permission', 'give this user write permission, or '],
  EPERM: ['no permission', 'give this user write permission, or '],
  EROFS: ['a read-only file system', ''],
  ENOTDIR: ['a path with a part that is not a directory', ''],
  EEXIST: ['a path that exists and is not a directory', ''],
  EISDIR: ['a directory of that name', ''],
  ELOOP: ['a symbolic link', 'remove the link, or '],
  ENXIO: ['something other than a regular file', 'remove it, or '],
  ENAMETOOLONG: ['a name that is too long', ''],
  ENOENT: ['no such directory', ''],
};

/**
 * Explains why a file cannot be written.
 * @param instead advice to name another directory or file
 */
export function writeProblem(error: unknown, instead = otherDirectory): Pick<Problem, 'found' | 'fix'> {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const [found, fix] = causes[code] ?? [];
  if (found !== undefined) return { found: `${found} (${code})`, fix: `${fix ?? ''}${instead}` };
  return { found: error instanceof Error ? error.message : String(error), fix: code === '' ? '' : instead };
}

/** Builds the error for a state file that cannot be written. */
export function writeFailure(tried: string, path: string, error: unknown): StateError {
  return new StateError({ tried, expected: `to write ${path}`, ...writeProblem(error) }, { cause: error });
}

/** Builds the error for a state file that is damaged or that another version wrote. Such a file is never used. */
export function readFailure(path: string, error: unknown): StateError {
  return new StateError(
    {
      tried: 'resuming the load',
      expected: `a checkpoint of this version in ${path}`,
      found: error instanceof z.ZodError ? firstIssue(error) : error instanceof Error ? error.message : String(error),
      fix: 'resume with the version that wrote the checkpoint, or load everything again with --fresh',
    },
    { cause: error },
  );
}

function firstIssue({ issues }: z.ZodError): string {
  const { path, message } = issues[0]!;
  return path.length === 0 ? message : `${path.join('.')}: ${message}`;
}
