// Writes result files (`--summary`, `--report`, `--metrics-file`). Such a file is complete and from the latest run, or
// it is missing.

import { link, open, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { errorCode, StateError, UsageError } from '../core/errors.js';
import { openFifoForWriting, replaceFile, temporaryBeside } from '../core/io/files.js';

/** Returns the path of the file behind a link, so that writing does not replace the link. */
async function resolved(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}

/** Tests for a pipe or a device, which must not be replaced by a file. */
async function isSpecial(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found !== null && !found.isFile() && !found.isDirectory();
}

/** Descriptions of the system errors that a mistyped path causes. */
const causes: Readonly<Record<string, string>> = {
  EACCES: 'no permission',
  EPERM: 'no permission',
  EROFS: 'a read-only file system',
  ENOENT: 'no such directory',
  ENOTDIR: 'a path with a part that is not a directory',
  EISDIR: 'a directory of that name',
  ENOSPC: 'no space left on its file system',
};

function messageOf(error: unknown): string {
  const cause = causes[errorCode(error)];
  if (cause !== undefined) return `${cause} (${errorCode(error)})`;
  return error instanceof Error ? error.message : String(error);
}

/** Throws if the file does not begin like an earlier result. So a mistyped name never deletes other data. */
async function assertResult(file: string, head: RegExp): Promise<void> {
  const handle = await open(file, 'r').catch(() => null);
  if (handle === null) return;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(64), 0, 64, 0);
    const beginning = buffer.toString('latin1', 0, bytesRead);
    if (bytesRead > 0 && !head.test(beginning)) throw new Error('an existing file that bulk-load did not write');
  } finally {
    await handle.close();
  }
}

/** Patterns that match the beginnings of result files. */
export const summaryHead = /^\{\s*"formatVersion"/;
export const pageHead = /^<!doctype html>\n<!-- a report of bulk-load -->/;
export const metricsHead = /^# HELP bulk_load_/;

/**
 * Prepares result files. `head` matches the start of an older result. Skips null paths. Throws one UsageError for all
 * bad files.
 */
export async function prepareResults(files: readonly (readonly [path: string | null, head: RegExp])[]): Promise<void> {
  const problems: UsageError['parts'][number][] = [];
  for (const [path, head] of files) {
    if (path !== null && path !== '-')
      await prepareResult(path, head).catch((error: UsageError) => problems.push(...error.parts));
  }
  if (problems.length > 0) throw new UsageError(problems);
}

/** Checks that `path` can be written, and removes an older result whose start matches `head`. Throws UsageError. */
export async function prepareResult(path: string, head = summaryHead): Promise<void> {
  try {
    const file = await resolved(path);
    if (await isSpecial(file)) return;
    await assertResult(file, head);
    await writeFile(temporaryBeside(file), '');
    await rm(temporaryBeside(file));
    await rm(file, { force: true });
  } catch (error) {
    const problem = {
      tried: `preparing the result file ${path}`,
      expected: 'a path where bulk-load can write a file',
      found: messageOf(error),
      fix: errorCode(error) === 'ENOENT' ? 'create the directory, or use another file' : 'use another file',
    };
    throw new UsageError([problem], { cause: error });
  }
}

/** Removes an older result, if it exists. Never throws, because the caller already reports another error. */
export async function removeResult(path: string, head: RegExp): Promise<void> {
  const file = await resolved(path);
  if (await isSpecial(file)) return;
  await assertResult(file, head)
    .then(() => rm(file, { force: true }))
    .catch(() => {});
}

/** Text of a result: one string, or parts that are created while the file is written. */
export type ResultText = string | Iterable<string>;

/**
 * Writes a result completely or not at all. Throws StateError.
 * @param yields true to keep a file that appeared meanwhile, because that file belongs to the run that holds the lock
 */
export async function writeResult(path: string, text: ResultText, yields = false): Promise<void> {
  try {
    const file = await resolved(path);
    // `link` fails if the file exists. Then only the exit code reports the outcome of this run.
    const keep = (temporary: string): Promise<void> => link(temporary, file).catch(() => {});
    if (await isSpecial(file)) await writeSpecial(file, text);
    else await replaceFile(file, (handle) => writeFile(handle, text), ...(yields ? [keep] : []));
  } catch (error) {
    const problem = {
      tried: `writing the result file ${path}`,
      expected: 'a file that is still writable',
      found: messageOf(error),
      fix: 'free some disk space, or use another file',
    };
    throw new StateError(problem, { cause: error });
  }
}

async function writeSpecial(file: string, text: ResultText): Promise<void> {
  if (!(await stat(file)).isFIFO()) return await writeFile(file, text);
  const handle = await openFifoForWriting(file);
  try {
    await writeFile(handle, text);
  } finally {
    await handle.close();
  }
}
