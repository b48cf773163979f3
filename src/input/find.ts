// Directories and patterns → names of files, in the order of their bytes. Whatever cannot be looked into is told:
// a file left out in silence would be data lost in silence.

import * as fs from 'node:fs';
import { opendir, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { explain } from './raw.js';

/** Names as they are to be shown, and sentences about what could not be looked at. */
export interface Found {
  readonly names: string[];
  readonly problems: string[];
  /** What lies below a directory and is no input, by kind. */
  readonly leftOut: Map<LeftOut, number>;
}

export type LeftOut = 'hidden' | 'pipe' | 'socket' | 'device';

/**
 * All regular files below a directory, through links too, each directory once. Names that begin with a dot are left out,
 * and so are pipes, sockets and devices; they are counted, a hidden directory as one.
 */
export async function walk(directory: string, cwd: string): Promise<Found> {
  const found: Found = { names: [], problems: [], leftOut: new Map() };
  await descend(directory, cwd, found, new Set());
  return { ...found, names: sorted(found.names) };
}

async function descend(name: string, cwd: string, found: Found, seen: Set<string>): Promise<void> {
  try {
    const place = await realpath(resolve(cwd, name));
    if (seen.has(place)) return;
    seen.add(place);
    for await (const entry of await opendir(place)) await visit(join(name, entry.name), entry, cwd, found, seen);
  } catch (error) {
    found.problems.push(closed(name, error));
  }
}

async function visit(name: string, entry: fs.Dirent, cwd: string, found: Found, seen: Set<string>): Promise<void> {
  if (entry.name.startsWith('.')) return leaveOut(found, 'hidden');
  // A link to nothing counts as a file, so that whoever looks at the files next will say what is wrong with it.
  const what = entry.isSymbolicLink() ? await stat(resolve(cwd, name)).catch(() => entry) : entry;
  if (what.isFile() || what.isSymbolicLink()) found.names.push(name);
  if (what.isDirectory()) await descend(name, cwd, found, seen);
  if (what.isFIFO()) leaveOut(found, 'pipe');
  if (what.isSocket()) leaveOut(found, 'socket');
  if (what.isBlockDevice() || what.isCharacterDevice()) leaveOut(found, 'device');
}

function leaveOut({ leftOut }: Found, kind: LeftOut): void {
  leftOut.set(kind, (leftOut.get(kind) ?? 0) + 1);
}

/** The files that a pattern matches; directories and names that begin with a dot are not among them. */
export async function match(pattern: string, cwd: string): Promise<Found> {
  const problems: string[] = [];
  const { glob } = await import('tinyglobby');
  const names = await glob(pattern, {
    cwd,
    expandDirectories: false,
    absolute: isAbsolute(pattern),
    fs: outspoken(problems),
  });
  return { names: sorted(names), problems, leftOut: new Map() };
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
  return `${path}: expected a directory that can be read, got: ${explain(error)}`;
}

/** By their bytes, as `LC_ALL=C sort` does. */
function sorted(names: readonly string[]): string[] {
  const keyed = names.map((name) => ({ name, bytes: Buffer.from(name) }));
  return keyed.sort((a, b) => Buffer.compare(a.bytes, b.bytes)).map(({ name }) => name);
}
