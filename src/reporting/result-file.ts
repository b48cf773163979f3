// Result files (`--summary`, `--report`, `--metrics-file`): whoever finds one can trust that it is whole and of the latest run.

import { constants } from 'node:fs';
import { link, open, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StateError, UsageError } from '../core/errors.js';

/** The file itself where `path` is a link: the link stays. */
async function target(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}

/** A pipe or /dev/null is written to, never replaced. */
async function isSpecial(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found !== null && !found.isFile() && !found.isDirectory();
}

function beside(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
}

function cause(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Only an earlier result may be removed: a name that slipped in where data lies must not cost the data. */
async function refuseForeign(file: string, own: RegExp): Promise<void> {
  const handle = await open(file, 'r').catch(() => null);
  if (handle === null) return;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(64), 0, 64, 0);
    const head = buffer.toString('latin1', 0, bytesRead);
    if (bytesRead > 0 && !own.test(head)) throw new Error('a file that is no earlier result');
  } finally {
    await handle.close();
  }
}

/** How they begin. */
export const summaryHead = /^\{\s*"formatVersion"/;
export const pageHead = /^<!doctype html>\n<!-- a report of bulk-load -->/;
export const metricsHead = /^# HELP bulk_load_/;

/** Proves that `path` can be written later, and removes an older result, known by how it begins. Throws UsageError. */
export async function prepareResult(path: string, own = summaryHead): Promise<void> {
  try {
    const file = await target(path);
    if (await isSpecial(file)) return;
    await refuseForeign(file, own);
    await writeFile(beside(file), '');
    await rm(beside(file));
    await rm(file, { force: true });
  } catch (error) {
    const problem = `prepare the result file ${path} — expected a writable place for a file — got ${cause(error)} — name another file`;
    throw new UsageError([problem], { cause: error });
  }
}

/** Removes an older result where there is one. Never throws: whoever calls has more important trouble to tell. */
export async function forgetResult(path: string, own: RegExp): Promise<void> {
  const file = await target(path);
  if (await isSpecial(file)) return;
  await refuseForeign(file, own)
    .then(() => rm(file, { force: true }))
    .catch(() => {});
}

/**
 * Writes it whole or not at all: a temporary file, fsync, rename. Throws StateError.
 * @param yields a file that is there meanwhile stays, since it is of a run that has more to tell
 */
export async function writeResult(path: string, text: string, yields = false): Promise<void> {
  try {
    const file = await target(path);
    if (await isSpecial(file)) await writeSpecial(file, text);
    else await put(file, text, yields);
  } catch (error) {
    const problem = `write the result file ${path} — expected it to be writable as at the start — got ${cause(error)} — free space or name another file`;
    throw new StateError(problem, { cause: error });
  }
}

/** Looks for a reader of a pipe, ms. */
const looks = [0, 100, 400, 1500, 3000];

/** To open a pipe that nobody reads from never ends, and no signal ends it: asked first, it says so. */
async function writeSpecial(file: string, text: string): Promise<void> {
  if (!(await stat(file)).isFIFO()) return await writeFile(file, text);
  for (const wait of looks) {
    await sleep(wait);
    const handle = await open(file, constants.O_WRONLY | constants.O_NONBLOCK).catch(() => null);
    if (handle === null) continue;
    // Kept until then: whoever reads must not see the end before the beginning.
    try {
      return await writeFile(file, text);
    } finally {
      await handle.close();
    }
  }
  throw new Error('a pipe that nobody reads from');
}

async function put(file: string, text: string, yields: boolean): Promise<void> {
  const temporary = beside(file);
  try {
    const handle = await open(temporary, 'w');
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    // A link takes no place that is taken; where there are none, nothing is written: the exit code says it all.
    if (yields) await link(temporary, file).catch(() => {});
    else await rename(temporary, file);
  } finally {
    await rm(temporary, { force: true });
  }
}
