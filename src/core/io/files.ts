// Reads text files, replaces whole files, and opens pipes without blocking the process.

import { constants, createReadStream, lstatSync } from 'node:fs';
import { type FileHandle, mkdir, open, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from '../errors.js';
import { size } from '../text.js';

/**
 * Reads a whole file or pipe as UTF-8. Throws the file system's error. Throws an error that names the limit if the file
 * exceeds `maxBytes` (default 16 MiB). Without a limit, reading a device such as /dev/zero would never end.
 */
export async function readText(path: string, maxBytes = 16 * 1024 * 1024): Promise<string> {
  const bytes = await buffer(createReadStream(path, { end: maxBytes }));
  if (bytes.length > maxBytes) throw Object.assign(new Error(`more than ${size(maxBytes)}`), { name: '' });
  return bytes.toString();
}

/**
 * Creates a directory and its parents one by one, and returns whether the directory was missing. Node's recursive mkdir
 * never ends if the file system reports ENOENT for every attempt, as /proc does. Rejects with the system's error.
 */
export async function makeDirectory(path: string, mode = 0o777): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  if (found?.isDirectory()) return false;
  const parent = dirname(resolve(path));
  if (parent !== resolve(path) && found === null) await makeDirectory(parent, mode);
  try {
    await mkdir(path, { mode });
    return true;
  } catch (error) {
    // Another process may have created the directory meanwhile.
    if ((await stat(path).catch(() => null))?.isDirectory()) return false;
    throw error;
  }
}

/**
 * Removes a file, if it exists. Does not use Node's `rm`, which would also load code for removing folders. Throws the
 * file system's error.
 */
export async function removeFile(path: string): Promise<void> {
  // Most files to remove do not exist. This check takes less time than creating an error with its stack.
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return;
  await unlink(path).catch((error: unknown) => {
    if (errorCode(error) !== 'ENOENT') throw error;
  });
}

/** Returns the path of a hidden file in the same folder. The file's name contains the process id. */
export function temporaryBeside(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
}

/**
 * Writes a file completely or not at all: writes a temporary file, calls fsync, then calls `publish`. By default,
 * `publish` renames the temporary file to `path`. Throws the file system's error. Always removes the temporary file.
 */
export async function replaceFile(
  path: string,
  write: (file: FileHandle) => Promise<void>,
  publish: (temporary: string, path: string) => Promise<void> = rename,
  temporary = temporaryBeside(path),
): Promise<void> {
  try {
    await removeFile(temporary);
    // `wx` fails if another process has put a link at this path meanwhile.
    const file = await open(temporary, 'wx');
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await publish(temporary, path);
  } finally {
    await removeFile(temporary);
  }
}

/** Pauses before the attempts to open a pipe for writing, ms. */
const readerWaitsMs = [0, 100, 400, 1500, 3000];

/**
 * Opens a named pipe for writing. If the pipe has no reader, a plain open blocks forever and cannot be cancelled. So
 * this function first tests with O_NONBLOCK whether the pipe has a reader, and tests again after each pause. Throws if
 * the pipe has no reader after the last pause.
 */
export async function openFifoForWriting(
  path: string,
  waitsMs: readonly number[] = readerWaitsMs,
): Promise<FileHandle> {
  for (const ms of waitsMs) {
    await sleep(ms);
    const probe = await open(path, constants.O_WRONLY | constants.O_NONBLOCK).catch(() => null);
    if (probe === null) continue;
    // The first descriptor stays open until the second is opened: otherwise the reader would see the end of the pipe.
    try {
      return await open(path, 'w');
    } finally {
      await probe.close();
    }
  }
  throw new Error('a pipe without a reader');
}
