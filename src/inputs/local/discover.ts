// Directories and patterns → names of files, in the order of their bytes. Whatever cannot be looked into is told:
// a file left out in silence would be data lost in silence.

import * as fs from 'node:fs';
import { opendir, realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { describeSystemError } from './raw-source.js';

/** Names as they are to be shown, and sentences about what could not be looked at. */
export interface DiscoveredFile {
  readonly names: string[];
  readonly problems: string[];
  /** What lies below a directory and is no input, by kind. */
  readonly leftOut: Map<LeftOut, number>;
}

export type LeftOut = 'hidden' | 'pipe' | 'socket' | 'device' | 'state directory';

/**
 * All regular files below a directory, through links too, each directory once. Names that begin with a dot are left out,
 * and so are pipes, sockets and devices; they are counted, a hidden directory as one.
 * @param own canonical path of a directory to pass over when it lies below; named itself, it is looked into
 */
export async function walk(directory: string, cwd: string, own: string): Promise<DiscoveredFile> {
  const found: DiscoveredFile = { names: [], problems: [], leftOut: new Map() };
  await descend(directory, { cwd, own, found, seen: new Set() });
  return { ...found, names: sorted(found.names) };
}

interface DirectoryWalk {
  readonly cwd: string;
  readonly own: string;
  readonly found: DiscoveredFile;
  /** Directories that were looked into. */
  readonly seen: Set<string>;
}

async function descend(name: string, walked: DirectoryWalk): Promise<void> {
  const { cwd, own, found, seen } = walked;
  try {
    const place = await realpath(resolve(cwd, name));
    if (seen.has(place)) return;
    const isNamed = seen.size === 0;
    seen.add(place);
    if (place === own && !isNamed) return leaveOut(found, 'state directory');
    for await (const entry of await opendir(place)) await visit(join(name, entry.name), entry, walked);
  } catch (error) {
    found.problems.push(closed(name, error));
  }
}

async function visit(name: string, entry: fs.Dirent, walked: DirectoryWalk): Promise<void> {
  const { cwd, found } = walked;
  if (entry.name.startsWith('.')) return leaveOut(found, 'hidden');
  // A link to nothing counts as a file, so that whoever looks at the files next will say what is wrong with it.
  const what = entry.isSymbolicLink() ? await stat(resolve(cwd, name)).catch(() => entry) : entry;
  if (what.isFile() || what.isSymbolicLink()) found.names.push(name);
  if (what.isDirectory()) await descend(name, walked);
  if (what.isFIFO()) leaveOut(found, 'pipe');
  if (what.isSocket()) leaveOut(found, 'socket');
  if (what.isBlockDevice() || what.isCharacterDevice()) leaveOut(found, 'device');
}

function leaveOut({ leftOut }: DiscoveredFile, kind: LeftOut): void {
  leftOut.set(kind, (leftOut.get(kind) ?? 0) + 1);
}

/**
 * The files that a pattern matches; directories and names that begin with a dot are not among them.
 * @param own as for `walk`; a pattern that begins there is followed
 */
export async function match(pattern: string, cwd: string, own: string): Promise<DiscoveredFile> {
  const problems: string[] = [];
  const { glob } = await import('tinyglobby');
  const names = await glob(pattern, {
    cwd,
    expandDirectories: false,
    absolute: isAbsolute(pattern),
    fs: outspoken(problems),
  });
  const kept = resolve(cwd, pattern).startsWith(own + sep) ? names : await outside(own, names, cwd);
  const leftOut = new Map<LeftOut, number>(kept.length < names.length ? [['state directory', 1]] : []);
  return { names: sorted(kept), problems, leftOut };
}

/** Those of the files that do not lie below a directory, whatever links lead there. */
async function outside(own: string, names: readonly string[], cwd: string): Promise<readonly string[]> {
  const places = new Map<string, string>();
  for (const directory of new Set(names.map((name) => dirname(name)))) {
    const path = resolve(cwd, directory);
    places.set(directory, await realpath(path).catch(() => path));
  }
  return names.filter((name) => !`${places.get(dirname(name))!}${sep}`.startsWith(own + sep));
}

type Callback = (error: unknown, result: unknown) => void;

/** File system functions for a crawler that skips what fails: directories go to `problems`, dead links count as files. */
function outspoken(problems: string[]): Partial<typeof fs> {
  const functions = {
    readdir: (path: string, options: { withFileTypes: true }, done: Callback) =>
      fs.readdir(path, options, (error, entries) => {
        // A pattern may begin with a directory that does not exist: then it matches nothing, which is said elsewhere.
        if (error && error.code !== 'ENOENT' && error.code !== 'ENOTDIR') problems.push(closed(path, error));
        done(error, entries);
      }),
    realpath: (path: string, done: Callback) => fs.realpath(path, (error, place) => done(null, error ? path : place)),
    stat: (path: string, done: Callback) =>
      fs.stat(path, (error, what) => (error ? fs.lstat(path, done) : done(null, what))),
  };
  return functions as unknown as Partial<typeof fs>;
}

function closed(path: string, error: unknown): string {
  return `${path}: expected a directory that can be read, got: ${describeSystemError(error)}`;
}

/** By their bytes, as `LC_ALL=C sort` does. */
function sorted(names: readonly string[]): string[] {
  const keyed = names.map((name) => ({ name, bytes: Buffer.from(name) }));
  return keyed.sort((a, b) => Buffer.compare(a.bytes, b.bytes)).map(({ name }) => name);
}
