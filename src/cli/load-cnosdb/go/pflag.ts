// Parses flags like Go's pflag. Scripts rely on pflag's rules: for example, `--gzip false` leaves gzip on.

import { GoError, parseBool, parseGoDuration, parseInteger, quoted } from './go-scalars.js';

/** The value of a flag. Integers are bigints; durations are bigints in nanoseconds. */
export type GoValue = string | boolean | bigint;

export interface GoFlag {
  readonly name: string;
  readonly type: 'string' | 'bool' | 'uint' | 'int' | 'duration';
  readonly default: GoValue;
  readonly usage: string;
}

/** An error with the message of pflag. `help` is true if the user asked for the usage. */
export class FlagError extends Error {
  readonly help: boolean;

  constructor(message: string, help = false) {
    super(message);
    this.help = help;
  }
}

const helpRequested = (): FlagError => new FlagError('pflag: help requested', true);

const readers: Record<GoFlag['type'], (text: string) => GoValue> = {
  string: (text) => text,
  bool: parseBool,
  uint: (text) => parseInteger(text, 'ParseUint'),
  int: (text) => parseInteger(text, 'ParseInt'),
  duration: parseGoDuration,
};

/**
 * Returns the values of all flags by name, and the names of the given flags. Ignores words that are not flags, and all
 * words after `--`.
 * Throws FlagError at the first word that pflag refuses.
 */
export function parseFlags(
  words: readonly string[],
  flags: readonly GoFlag[],
): { readonly values: ReadonlyMap<string, GoValue>; readonly given: ReadonlySet<string> } {
  const values = new Map(flags.map((flag) => [flag.name, flag.default]));
  const given = new Set<string>();
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i]!;
    if (word === '--') break;
    if (!word.startsWith('-') || word === '-') continue;
    if (!word.startsWith('--')) throw shorthand(word);
    const [name, attached] = split(word);
    const flag = flags.find((each) => each.name === name);
    if (flag === undefined) throw name === 'help' ? helpRequested() : new FlagError(`unknown flag: --${name}`);
    const next = words[i + 1];
    if (attached === null && flag.type !== 'bool') {
      if (next === undefined) throw new FlagError(`flag needs an argument: --${name}`);
      i += 1;
    }
    values.set(flag.name, read(flag, attached ?? (flag.type === 'bool' ? 'true' : next!)));
    given.add(flag.name);
  }
  return { values, given };
}

function split(word: string): readonly [name: string, attached: string | null] {
  const rest = word.slice(2);
  if (/^[-=]/.test(rest)) throw new FlagError(`bad flag syntax: ${word}`);
  const at = rest.indexOf('=');
  return at < 0 ? [rest, null] : [rest.slice(0, at), rest.slice(at + 1)];
}

function shorthand(word: string): FlagError {
  const letter = word[1]!;
  return letter === 'h' ? helpRequested() : new FlagError(`unknown shorthand flag: '${letter}' in ${word}`);
}

function read(flag: GoFlag, text: string): GoValue {
  try {
    return readers[flag.type](text);
  } catch (error) {
    if (!(error instanceof GoError)) throw error;
    throw new FlagError(`invalid argument ${quoted(text)} for "--${flag.name}" flag: ${error.message}`);
  }
}

/** Renders pflag's usage text for `program`, line for line. */
export function usage(program: string, flags: readonly GoFlag[]): string {
  const sorted = [...flags].sort((a, b) => (a.name < b.name ? -1 : 1));
  const heads = sorted.map(({ name, type }) => `      --${name}${type === 'bool' ? '' : ` ${type}`}`);
  const width = Math.max(...heads.map((head) => head.length)) + 3;
  const lines = sorted.map((flag, i) => `${heads[i]!.padEnd(width)}${flag.usage}${defaultSuffix(flag)}`);
  return `Usage of ${program}:\n${lines.join('\n')}\n`;
}

function defaultSuffix({ type, default: value }: GoFlag): string {
  if (value === '' || value === false || value === 0n) return '';
  if (type === 'string') return ` (default ${quoted(String(value))})`;
  return ` (default ${type === 'duration' ? `${Number(value) / 1e9}s` : String(value)})`;
}
