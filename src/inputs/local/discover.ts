// Finds the files of directories and patterns, in byte order of their names. Counts or reports every skipped entry,
// because a silently skipped file is silently lost data.

import * as fs from 'node:fs';
import { lstat, opendir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { errorCode } from '../../core/errors.js';
import type { Problem } from '../../core/problem.js';
import { systemProblem } from './raw-source.js';

export interface DiscoveredFiles {
  readonly names: string[];
  readonly problems: Problem[];
  /** Names of the skipped entries below a directory, by the reason why they were skipped. */
  readonly leftOut: Map<LeftOut, string[]>;
}

export type LeftOut =
  | 'hidden'
  | 'pipe'
  | 'socket'
  | 'device'
  | 'dangling link'
  | 'name that is not UTF-8'
  | 'state directory'
  | 'state file';

export function noFiles(): DiscoveredFiles {
  return { names: [], problems: [], leftOut: new Map() };
}

/** Tests for names of files that other tools add, such as `_SUCCESS`. A Hive partition such as `_day=1` is data. */
export function isHidden(name: string): boolean {
  return name.startsWith('.') || (name.startsWith('_') && !name.includes('='));
}

/** Tests for the names of checkpoints, locks, dead letters and ledgers. */
function isStateFile(name: string): boolean {
  return /^\.?[0-9a-f]{12}\.(lock|checkpoint|rejected|finished)\b/.test(name);
}

/** Tests for a name that is not UTF-8. Node decodes names as UTF-8, so a file with such a name cannot be opened. */
function isMisnamed(name: string): boolean {
  return name.includes('\ufffd');
}

/**
 * Finds all regular files below a directory. Follows links, but walks each directory once. Leaves out and counts all
 * entries of the kinds in `LeftOut`. A hidden directory counts as one entry.
 * @param stateDir canonical path of a directory to leave out, unless it is `directory` itself
 */
export async function walk(directory: string, cwd: string, stateDir: string): Promise<DiscoveredFiles> {
  const found = noFiles();
  await descend(directory, { cwd, stateDir, found, seen: new Set() });
  return { ...found, names: sorted(found.names) };
}

interface DirectoryWalk {
  readonly cwd: string;
  readonly stateDir: string;
  readonly found: DiscoveredFiles;
  /** Canonical paths of the directories walked so far. */
  readonly seen: Set<string>;
}

async function descend(name: string, walk: DirectoryWalk): Promise<void> {
  const { cwd, stateDir, found, seen } = walk;
  try {
    const path = await realpath(resolve(cwd, name));
    if (seen.has(path)) return;
    const isNamed = seen.size === 0;
    seen.add(path);
    if (path === stateDir && !isNamed) return leaveOut(found, 'state directory', name);
    for await (const entry of await opendir(path)) {
      if (path === stateDir && isStateFile(entry.name)) leaveOut(found, 'state file', entry.name);
      else await visit(join(name, entry.name), entry, walk);
    }
  } catch (error) {
    found.problems.push(unreadableDirectory(name, error));
  }
}

async function visit(name: string, entry: fs.Dirent, walk: DirectoryWalk): Promise<void> {
  const { cwd, found } = walk;
  if (isHidden(entry.name)) return leaveOut(found, 'hidden', name);
  if (isMisnamed(entry.name)) return leaveOut(found, 'name that is not UTF-8', name);
  const target = entry.isSymbolicLink() ? await targetOf(resolve(cwd, name)) : entry;
  if (target === null) return leaveOut(found, 'dangling link', name);
  if (target.isFile()) found.names.push(name);
  if (target.isDirectory()) await descend(name, walk);
  if (target.isFIFO()) leaveOut(found, 'pipe', name);
  if (target.isSocket()) leaveOut(found, 'socket', name);
  if (target.isBlockDevice() || target.isCharacterDevice()) leaveOut(found, 'device', name);
}

/** Returns the status of a file or of a link's target; null for a broken link. */
async function targetOf(path: string): Promise<fs.Stats | null> {
  try {
    return await stat(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errorCode(error))) return null;
    throw error;
  }
}

function leaveOut({ leftOut }: DiscoveredFiles, kind: LeftOut, name: string): void {
  const names = leftOut.get(kind);
  if (names === undefined) leftOut.set(kind, [name]);
  else names.push(name);
}

/**
 * Finds the files that a pattern matches, without directories and names that begin with a dot.
 * @param stateDir canonical path of a directory to leave out, unless the pattern begins below it. State files in this
 * directory match only if the last part of the pattern contains `rejected`, which selects dead letters.
 */
export async function match(pattern: string, cwd: string, stateDir: string): Promise<DiscoveredFiles> {
  const problems: Problem[] = [];
  const { glob } = await import('tinyglobby');
  const names = await glob(pattern, {
    cwd,
    expandDirectories: false,
    absolute: isAbsolute(pattern),
    fs: reportingFs(problems),
  });
  const found: DiscoveredFiles = { ...noFiles(), problems };
  const isInside = resolve(cwd, pattern).startsWith(stateDir + sep);
  const reachable = isInside ? names : await namesOutside(stateDir, names, cwd);
  if (reachable.length < names.length) leaveOut(found, 'state directory', stateDir);
  const namesLetters = basename(pattern).includes('rejected');
  for (const name of sorted(reachable)) {
    if (isInside && !namesLetters && isStateFile(basename(name))) leaveOut(found, 'state file', name);
    else if (isMisnamed(name)) leaveOut(found, 'name that is not UTF-8', name);
    else if (await isDangling(resolve(cwd, name))) leaveOut(found, 'dangling link', name);
    else found.names.push(name);
  }
  return found;
}

async function isDangling(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => null))?.isSymbolicLink() === true && (await targetOf(path)) === null;
}

/** Drops the files whose canonical directory is `stateDir` or lies below it. */
async function namesOutside(stateDir: string, names: readonly string[], cwd: string): Promise<readonly string[]> {
  const paths = new Map<string, string>();
  for (const directory of new Set(names.map((name) => dirname(name)))) {
    const path = resolve(cwd, directory);
    paths.set(directory, await realpath(path).catch(() => path));
  }
  return names.filter((name) => !`${paths.get(dirname(name))!}${sep}`.startsWith(stateDir + sep));
}

type Callback = (error: unknown, result: unknown) => void;

/**
 * File system functions for tinyglobby, which ignores errors. These functions report unreadable directories and keep
 * broken links.
 */
function reportingFs(problems: Problem[]): Partial<typeof fs> {
  const functions = {
    readdir: (path: string, options: { withFileTypes: true }, done: Callback) =>
      fs.readdir(path, options, (error, entries) => {
        // A pattern whose first directory is missing matches nothing, and the caller reports the missing match.
        if (error && error.code !== 'ENOENT' && error.code !== 'ENOTDIR')
          problems.push(unreadableDirectory(path, error));
        done(error, entries);
      }),
    realpath: (path: string, done: Callback) => fs.realpath(path, (error, found) => done(null, error ? path : found)),
    stat: (path: string, done: Callback) =>
      fs.stat(path, (error, found) => (error ? fs.lstat(path, done) : done(null, found))),
  };
  return functions as unknown as Partial<typeof fs>;
}

function unreadableDirectory(path: string, error: unknown): Problem {
  return { tried: path, expected: 'a directory that can be read', ...systemProblem(error) };
}

/** Sorts names by their bytes, like `LC_ALL=C sort`. */
function sorted(names: readonly string[]): string[] {
  const keyed = names.map((name) => ({ name, bytes: Buffer.from(name) }));
  return keyed.sort((a, b) => Buffer.compare(a.bytes, b.bytes)).map(({ name }) => name);
}
