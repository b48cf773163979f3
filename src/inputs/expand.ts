// Resolves names from the command line to inputs: files, directories, patterns, URLs and standard input. Each input
// occurs only once.

import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { errorCode, UsageError } from '../core/errors.js';
import type { Problem } from '../core/problem.js';
import { count, plural, someOf } from '../core/text.js';
import type { Input } from '../core/types/index.js';
import { canonicalName, canonicalPath, stdinNames, withFolderColumns } from './canonical-name.js';
import { withEncoding } from './encoding/utf8-source.js';
import { urlInput } from './http/url-input.js';
import { isUrl, looksLikeUrl, maskUrl, urlIdentity } from './http/url-name.js';
import { Web, type WebOptions } from './http/web-client.js';
import { type DiscoveredFiles, type LeftOut, match, noFiles, walk } from './local/discover.js';
import { systemProblem } from './local/raw-source.js';
import { openDescriptor, openPath, openStream } from './open.js';
import type { Environment } from './s3/profile.js';
import { S3Account } from './s3/s3-account.js';
import { isS3, s3Inputs } from './s3/s3-inputs.js';

/** Standard input of the process. */
export interface Stdin {
  readonly isTTY: boolean;
  readonly isPipeOrFile: boolean;
  /** Descriptor of standard input. Other code of the program must not read from the descriptor. */
  readonly descriptor?: number;
  /** Returns the stream. Called only when standard input is opened. */
  readonly stream: () => Readable;
}

/** Inputs in the order of the arguments. The files of a directory or pattern are sorted by the bytes of their names. */
export interface Expansion {
  readonly inputs: Input[];
  /** Canonical names of the arguments: absolute paths and patterns, URL identities without secrets, `-`. */
  readonly named: readonly string[];
  /** A sentence for each file that was named more than once. */
  readonly duplicates: string[];
  /** A sentence for each directory with skipped entries. The sentence counts the entries of each kind. */
  readonly leftOut: readonly string[];
}

export interface ExpandOptions {
  readonly stdin: Stdin;
  readonly cwd: string;
  /** State directory. Files in this directory are inputs only if the user names the directory. */
  readonly stateDir: string;
  /** Encoding of inputs without a byte order mark. Default: utf-8. */
  readonly encoding?: string;
  /** Options of remote inputs. */
  readonly remote: WebOptions & { readonly env: Environment };
}

/** A name to resolve, or a resolved input. */
type Candidate = string | Input;

/**
 * Resolves names to inputs. Without names, standard input is used if it is a pipe or a file. A name that is both a file
 * and a pattern means the file. Links are followed, and a file that is found twice is loaded once. Throws UsageError
 * with every problem: missing files, patterns without a match, empty or unreadable directories.
 */
export async function expand(names: readonly string[], options: ExpandOptions): Promise<Expansion> {
  const { cwd, stateDir, remote, stdin, encoding = 'utf-8' } = options;
  const given = names.length > 0 ? names : impliedNames(stdin);
  const problems: (string | Problem)[] = [];
  const candidates: Candidate[] = [];
  const leftOut = new Set<string>();
  const web = new Web(remote);
  const account = new S3Account(web, remote.env);
  const canonicalStateDir = await canonicalPath(resolve(cwd, stateDir));
  for (const name of given) {
    if (isS3(name)) {
      let hidden = 0;
      const countHidden = (): void => {
        hidden += 1;
      };
      for (const object of await objectsOf(name, account, problems, countHidden)) candidates.push(object);
      if (hidden > 0) leftOut.add(`${name}: left out: ${count(hidden)} hidden`);
      continue;
    }
    const found = await filesOf(name, cwd, canonicalStateDir);
    problems.push(...found.problems);
    if (found.leftOut.size > 0) leftOut.add(`${name}: left out: ${leftOutCounts(found)}`);
    for (const file of found.names) candidates.push(file);
  }
  const { inputs, duplicates } = await deduplicate(candidates, { cwd, stdin, web }, problems);
  if (problems.length > 0) throw new UsageError(withoutRepeats(problems));
  const named = [...new Set(await Promise.all(given.map((name) => canonicalName(name, cwd))))];
  return { inputs: withEncoding(inputs, encoding), duplicates, named, leftOut: [...leftOut] };
}

function withoutRepeats(problems: readonly (string | Problem)[]): (string | Problem)[] {
  return [...new Map(problems.map((each) => [JSON.stringify(each), each])).values()];
}

const plurals: Partial<Record<LeftOut, string>> = {
  hidden: 'hidden',
  'state directory': 'state directories',
  'name that is not UTF-8': 'names that are not UTF-8',
};

/** Formats counts as `2 hidden, 1 dangling link (d/b.lp)`. */
function leftOutCounts({ leftOut }: DiscoveredFiles): string {
  const links = (kind: LeftOut, names: string[]) => (kind === 'dangling link' ? ` (${someOf(names)})` : '');
  return [...leftOut].map(([kind, names]) => plural(names.length, kind, plurals[kind]) + links(kind, names)).join(', ');
}

function impliedNames({ isTTY, isPipeOrFile }: Stdin): string[] {
  if (isPipeOrFile) return ['-'];
  throw new UsageError([
    {
      tried: 'looking for inputs',
      expected: 'files, directories, patterns, or - for standard input',
      found: isTTY ? 'no name, and standard input is a terminal' : 'no name',
      fix: "name an input: `bulk-load --db mydb 'data/**/*.lp.gz'`",
    },
  ]);
}

async function filesOf(name: string, cwd: string, stateDir: string): Promise<DiscoveredFiles> {
  if (stdinNames.includes(name)) return single('-');
  if (isUrl(name)) {
    return URL.canParse(name) ? single(name) : refusal(maskUrl(name), 'a valid URL', 'a URL with a syntax error');
  }
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(name)) {
    const [, scheme] = /^(.*?):/.exec(name)!;
    return refusal(maskUserInfo(name), 'a file, or a URL of http, https or s3', `a URL of ${scheme}`);
  }
  if (name === '') return refusal('looking for inputs', 'a name', 'an empty name');
  try {
    const found = await stat(resolve(cwd, name));
    if (!found.isDirectory()) return single(name);
    return orRefuse(await walk(name, cwd, stateDir), name, {
      expected: 'files in this directory',
      found: 'none',
      fix: 'name a directory that contains files',
    });
  } catch (error) {
    if (looksLikeUrl(name))
      return refusal(maskUrl(name), 'a URL such as https://host/a.lp', 'neither a URL nor a readable file');
    if (errorCode(error) === 'ENOENT' && (await import('tinyglobby')).isDynamicPattern(name))
      return orRefuse(await match(name, cwd, stateDir), name, {
        expected: 'a pattern that matches a file',
        found: 'no match',
        fix: `check the pattern; it is relative to ${cwd}`,
      });
    const { found, fix } = systemProblem(error);
    const isOption = name.startsWith('-');
    const option = 'put options before --, because every word after -- is an input';
    return refusal(name, 'a file or directory that can be read', found, isOption ? option : fix);
  }
}

function maskUserInfo(name: string): string {
  const authority = name.indexOf('//') + 2;
  return name.slice(0, authority) + name.slice(Math.max(authority, name.lastIndexOf('@') + 1));
}

function refusal(tried: string, expected: string, found: string, fix = ''): DiscoveredFiles {
  return { ...noFiles(), problems: [{ tried, expected, found, fix }] };
}

function single(name: string): DiscoveredFiles {
  return { ...noFiles(), names: [name] };
}

function orRefuse(
  files: DiscoveredFiles,
  tried: string,
  { expected, found, fix }: Omit<Problem, 'tried'>,
): DiscoveredFiles {
  if (files.names.length + files.problems.length > 0) return files;
  return refusal(tried, expected, files.leftOut.size > 0 ? `${found} (left out: ${leftOutCounts(files)})` : found, fix);
}

interface IdentifyContext {
  readonly cwd: string;
  readonly stdin: Stdin;
  readonly web: Web;
}

/** Number of files examined in parallel. Examined one at a time, 100,000 files would take three times as long. */
const groupSize = 64;

async function deduplicate(
  candidates: readonly Candidate[],
  context: IdentifyContext,
  problems: (string | Problem)[],
): Promise<Pick<Expansion, 'inputs' | 'duplicates'>> {
  const first = new Map<string, string>();
  const inputs: Input[] = [];
  const duplicates: string[] = [];
  for (let at = 0; at < candidates.length; at += groupSize) {
    const group = candidates.slice(at, at + groupSize);
    for (const { name, identity, input } of await identifyAll(group, context, problems)) {
      const before = first.get(identity);
      if (before === undefined) inputs.push(withFolderColumns(input));
      else duplicates.push(duplicateNote(name, before));
      if (before === undefined) first.set(identity, name);
    }
  }
  return { inputs, duplicates };
}

function duplicateNote(name: string, before: string): string {
  const [again, first] = [maskUrl(name), maskUrl(before)];
  return again === first
    ? `${again} is named twice; bulk-load loads it once`
    : `${again} is the same file as ${first}; bulk-load loads it once`;
}

interface IdentifiedInput {
  readonly name: string;
  /** Identifier of the file, equal for all names of one file. */
  readonly identity: string;
  readonly input: Input;
}

async function identifyAll(
  group: readonly Candidate[],
  context: IdentifyContext,
  problems: (string | Problem)[],
): Promise<IdentifiedInput[]> {
  const identified: IdentifiedInput[] = [];
  for (const result of await Promise.all(group.map((each) => identify(each, context)))) {
    if ('identity' in result) identified.push(result);
    else problems.push(...result.problems);
  }
  return identified;
}

interface Unidentified {
  readonly problems: readonly (string | Problem)[];
}

async function identify(candidate: Candidate, context: IdentifyContext): Promise<IdentifiedInput | Unidentified> {
  const { stdin, cwd, web } = context;
  if (typeof candidate !== 'string') {
    const { name, path } = candidate;
    return { name, identity: path ?? name, input: candidate };
  }
  const name = candidate;
  if (isUrl(name)) return await identifyUrl(name, web);
  if (name === '-') return { name, identity: '-', input: standardInput(stdin) };
  try {
    const path = resolve(cwd, name);
    // The path of a process substitution `<(…)` cannot be resolved, so `canonicalPath` returns the path unchanged.
    const [found, canonical] = await Promise.all([stat(path, { bigint: true }), canonicalPath(path)]);
    if (found.isSocket()) throw Object.assign(new Error('a socket'), { code: 'ENXIO' });
    const size = found.isFile() ? Number(found.size) : null;
    // Hard links to one file have the same device and inode.
    return { name, identity: `${found.dev}:${found.ino}`, input: fileInput(name, canonical, size) };
  } catch (error) {
    // Node decodes names as UTF-8. A file whose name has another encoding cannot be opened.
    const misnamed = { found: 'a file name that is not UTF-8, so the file cannot be opened', fix: 'rename it' };
    const cause = name.includes('\ufffd') ? misnamed : systemProblem(error);
    return { problems: [{ tried: name, expected: 'a file that can be read', ...cause }] };
  }
}

async function objectsOf(
  name: string,
  account: S3Account,
  problems: (string | Problem)[],
  leftOut: () => void,
): Promise<Input[]> {
  try {
    return await s3Inputs(account, name, leftOut);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    problems.push(...error.parts);
    return [];
  }
}

async function identifyUrl(name: string, web: Web): Promise<IdentifiedInput | Unidentified> {
  try {
    return { name, identity: urlIdentity(new URL(name)), input: await urlInput(web, name) };
  } catch (error) {
    if (error instanceof UsageError) return { problems: error.parts };
    throw error;
  }
}

function fileInput(name: string, path: string, size: number | null): Input {
  return { name, path, size, open: (signal, room) => openPath(path, name, signal, room, size) };
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
