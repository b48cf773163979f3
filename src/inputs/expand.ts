// Names from the command line → inputs: files, directories, patterns, URLs, standard input; each of them once.

import { realpath, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { UsageError } from '../core/errors.js';
import type { Input } from '../core/types/index.js';
import { urlInput } from './http/url-input.js';
import { isUrl, looksLikeUrl, maskUrl, urlName } from './http/url-name.js';
import { Web, type WebOptions } from './http/web-client.js';
import { type DiscoveredFile, match, walk } from './local/discover.js';
import { describeSystemError } from './local/raw-source.js';
import { openDescriptor, openPath, openStream } from './open.js';
import type { Environment } from './s3/profile.js';
import { S3Account } from './s3/s3-account.js';
import { isS3, s3Inputs } from './s3/s3-inputs.js';

/** Standard input as the process has it. `stream` is called when it is opened, not before. */
export interface Stdin {
  readonly isTTY: boolean;
  readonly isPipeOrFile: boolean;
  /** Where it is read by its descriptor. Nothing else of the program may read it then. */
  readonly descriptor?: number;
  readonly stream: () => Readable;
}

type Inputs = Omit<Expansion, 'named' | 'leftOut'>;

/** Inputs in the order named; within a directory or pattern in the order of the names' bytes. */
export interface Expansion {
  readonly inputs: Input[];
  /** What was named, made canonical: paths, patterns below the working directory, URLs without secrets, `-`. */
  readonly named: readonly string[];
  /** A sentence for each file that was named more than once. */
  readonly duplicates: string[];
  /** A sentence for each directory below which something is no input. */
  readonly leftOut: readonly string[];
}

export interface ExpandOptions {
  readonly stdin: Stdin;
  readonly cwd: string;
  /** The state directory: what is kept there is no input unless it is named. */
  readonly stateDir: string;
  /** What reading over the network needs. */
  readonly remote: WebOptions & { readonly env: Environment };
}

interface ExpandContext extends ExpandOptions {
  readonly web: Web;
}

/**
 * Finds what the names stand for. `-` is standard input, and so is no name at all when it is a pipe or a file.
 * A name that exists is that file, even if it reads as a pattern. Links are followed; a file reached twice is kept once.
 * Throws UsageError with everything that is wrong: missing files, patterns without a match, empty directories,
 * directories and links that cannot be read.
 */
export async function expand(names: readonly string[], options: ExpandOptions): Promise<Expansion> {
  const given = names.length > 0 ? names : implied(options.stdin);
  const problems: string[] = [];
  const found: (string | Input)[] = [];
  const leftOut = new Set<string>();
  const web = new Web(options.remote);
  const account = new S3Account(web, options.remote.env);
  const place = { cwd: options.cwd, own: await real(resolve(options.cwd, options.stateDir)) };
  for (const name of given) {
    if (isS3(name)) {
      for (const object of await objects(name, account, problems)) found.push(object);
      continue;
    }
    const each = await find(name, place);
    problems.push(...each.problems);
    if (each.leftOut.size > 0) leftOut.add(`${name}: left out: ${counts(each)}`);
    for (const file of each.names) found.push(file);
  }
  const expansion = await once(found, { ...options, web }, problems);
  if (problems.length > 0) throw new UsageError([...new Set(problems)]);
  const named = [...new Set(await Promise.all(given.map((name) => canonical(name, options.cwd))))];
  return { ...expansion, named, leftOut: [...leftOut] };
}

/** `2 hidden, 1 pipe` */
function counts({ leftOut }: DiscoveredFile): string {
  return [...leftOut].map(([kind, n]) => `${n} ${kind}${n === 1 || kind === 'hidden' ? '' : 's'}`).join(', ');
}

/** The same for all spellings of a name; a pattern stays one, so that files which are new to it belong to it. */
async function canonical(name: string, cwd: string): Promise<string> {
  if (stdinNames.includes(name)) return '-';
  if (isS3(name)) return name;
  if (isUrl(name)) return maskUrl(name);
  return await real(resolve(cwd, name));
}

async function real(path: string): Promise<string> {
  return await realpath(path).catch(() => path);
}

interface Surroundings {
  readonly cwd: string;
  /** The state directory, canonical. */
  readonly own: string;
}

function implied({ isTTY, isPipeOrFile }: Stdin): string[] {
  if (isPipeOrFile) return ['-'];
  const got = isTTY ? 'nothing, and standard input is a terminal' : 'nothing';
  throw new UsageError([
    `inputs: expected files, directories, patterns, or - for standard input, got ${got}; for example: bulk-load --db mydb 'data/**/*.lp.gz'`,
  ]);
}

const stdinNames = ['-', '/dev/stdin', '/dev/fd/0', '/proc/self/fd/0'];

async function find(name: string, { cwd, own }: Surroundings): Promise<DiscoveredFile> {
  if (stdinNames.includes(name)) return only('-');
  if (isUrl(name)) return URL.canParse(name) ? only(name) : refuse(`${maskUrl(name)}: expected a URL`);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(name))
    return refuse(`${name.replace(/\/\/.*@/s, '//')}: expected a file, or a URL of http, https or s3`);
  if (name === '') return refuse('inputs: expected a name, got an empty one');
  try {
    const what = await stat(resolve(cwd, name));
    if (!what.isDirectory()) return only(name);
    return some(await walk(name, cwd, own), `${name}: expected files in this directory, got none`);
  } catch (error) {
    if (looksLikeUrl(name))
      return refuse(
        `${maskUrl(name)}: expected a URL such as https://host/a.lp, got one without // or a file that cannot be read`,
      );
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (missing && (await import('tinyglobby')).isDynamicPattern(name))
      return some(await match(name, cwd, own), `${name}: expected a pattern that matches a file, got no match`);
    const option = name.startsWith('-') ? '; an option goes before --, behind it every word is an input' : '';
    return refuse(
      `${name}: expected a file or directory that can be read, got: ${describeSystemError(error)}${option}`,
    );
  }
}

function refuse(problem: string): DiscoveredFile {
  return { names: [], problems: [problem], leftOut: new Map() };
}

function only(name: string): DiscoveredFile {
  return { names: [name], problems: [], leftOut: new Map() };
}

function some(found: DiscoveredFile, otherwise: string): DiscoveredFile {
  if (found.names.length + found.problems.length > 0) return found;
  return refuse(found.leftOut.size > 0 ? `${otherwise} (left out: ${counts(found)})` : otherwise);
}

/** Files looked at together: alone, 100,000 of them take three times as long. */
const TOGETHER = 64;

async function once(names: readonly (string | Input)[], context: ExpandContext, problems: string[]): Promise<Inputs> {
  const first = new Map<string, string>();
  const expansion: Inputs = { inputs: [], duplicates: [] };
  for (let at = 0; at < names.length; at += TOGETHER) {
    const group = names.slice(at, at + TOGETHER);
    for (const { name, result } of await Promise.all(group.map((each) => identify(each, context))))
      if (typeof result === 'string') problems.push(result);
      else add(expansion, first, name, result);
  }
  return expansion;
}

function add(
  { inputs, duplicates }: Inputs,
  first: Map<string, string>,
  name: string,
  { identity, input }: Identified,
): void {
  const before = first.get(identity);
  if (before !== undefined) {
    duplicates.push(repeated(name, before));
    return;
  }
  first.set(identity, name);
  inputs.push(input);
}

function repeated(name: string, before: string): string {
  const [shown, first] = [maskUrl(name), maskUrl(before)];
  return shown === first
    ? `${shown} is named twice; loaded once`
    : `${shown} is the same file as ${first}; loaded once`;
}

interface Identified {
  /** The same for all names of one file. */
  readonly identity: string;
  readonly input: Input;
}

/** The input, or words for why there is none. */
async function identify(
  name: string | Input,
  { stdin, cwd, web }: ExpandContext,
): Promise<{ name: string; result: Identified | string }> {
  if (typeof name !== 'string') return { name: name.name, result: { identity: name.path ?? name.name, input: name } };
  if (isUrl(name)) return { name, result: await identifyUrl(name, web) };
  if (name === '-') return { name, result: { identity: '-', input: standardInput(stdin) } };
  try {
    const path = resolve(cwd, name);
    // `<(…)` has no path that could be resolved.
    const [what, canonical] = await Promise.all([stat(path, { bigint: true }), realpath(path).catch(() => path)]);
    if (what.isSocket()) throw new Error('it is a socket');
    const size = what.isFile() ? Number(what.size) : null;
    // Device and inode also see through hard links.
    return { name, result: { identity: `${what.dev}:${what.ino}`, input: fileInput(name, canonical, size) } };
  } catch (error) {
    return {
      name,
      result: `${name}: expected a file that can be read, got: ${unnameable(name) ?? describeSystemError(error)}`,
    };
  }
}

/** Node makes text of names: what is no UTF-8 in one is lost, and with it the way to the file. */
function unnameable(name: string): string | null {
  return name.includes('\ufffd') ? 'a name that is not UTF-8, by which it cannot be opened; rename it' : null;
}

async function objects(name: string, account: S3Account, problems: string[]): Promise<Input[]> {
  try {
    return await s3Inputs(account, name);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    problems.push(error.message);
    return [];
  }
}

/** What cannot be reached is known by its URL. */
async function identifyUrl(name: string, web: Web): Promise<Identified | string> {
  try {
    return { identity: urlName(new URL(name)), input: await urlInput(web, name) };
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
}

function fileInput(name: string, path: string, size: number | null): Input {
  return { name, path, size, open: (signal, room) => openPath(path, name, signal, room) };
}

function standardInput({ descriptor, stream }: Stdin): Input {
  return {
    name: '-',
    path: null,
    size: null,
    open: (signal, room) =>
      descriptor === undefined
        ? openStream(stream(), '-', signal, room)
        : openDescriptor(descriptor, '-', signal, room),
  };
}
