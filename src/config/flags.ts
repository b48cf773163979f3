// What a command-line parser has to register, as data, and the one rewriting that it cannot do itself.

import { UsageError } from '../core/errors.js';
import { describe } from './documentation.js';
import { flagName, type Option, type OptionGroup, options } from './options.js';

/** One flag. `flags` is commander's notation: `--batch-bytes <size>`, `--quiet`, `--no-quiet`. */
export interface Flag {
  /** Key in the `flags` layer of `resolve`. */
  readonly key: string;
  readonly flags: string;
  /** Default and environment variable are part of it: the parser is to know neither. */
  readonly description: string;
  readonly group: OptionGroup;
  /** Given several times, its values make a list. */
  readonly repeatable: boolean;
  /** The `--no-…` of a switch: stores false under `key`. */
  readonly negates: boolean;
  /** Not for the help: what is so by default needs no flag, and of a switch only one way changes anything. */
  readonly hidden: boolean;
}

/** Every flag, in the order of the help; after each switch its negation. */
export function flags(): Flag[] {
  return options.flatMap((option) => (isSwitch(option) ? [flag(option), negation(option)] : [flag(option)]));
}

function isSwitch({ is }: Option): boolean {
  return is.kind === 'switch' || is.kind === 'switchOrFile';
}

function flag(option: Option): Flag {
  const { key, group, is, arg } = option;
  const repeatable = ['urls', 'headers', 'tags', 'fields', 'words'].includes(is.kind);
  const notation = arg ? `${flagName(key)} ${arg}` : flagName(key);
  return {
    key,
    flags: notation,
    description: describe(option),
    group,
    repeatable,
    negates: false,
    hidden: isOn(option),
  };
}

function negation(option: Option): Flag {
  const notation = flagName(option.key).replace('--', '--no-');
  return { ...flag(option), flags: notation, negates: true, hidden: !isOn(option) };
}

function isOn({ is, default: text }: Option): boolean {
  return is.kind === 'switch' && text === 'true';
}

/**
 * Rewrites `--quiet=false` to `--no-quiet` and `--quiet=true` to `--quiet`, up to a `--`; and `--dry-run` to `--dry-run=-`.
 * An optional value would do it too, but `--create-db data.lp` would then swallow the input.
 * Throws UsageError for another value.
 */
export function spellSwitches(argv: readonly string[]): string[] {
  const end = argv.indexOf('--');
  const problems: string[] = [];
  const spelled = argv.map((word, i) => (end >= 0 && i >= end ? word : spellSwitch(word, problems)));
  if (problems.length > 0) throw new UsageError(problems);
  return spelled;
}

function spellSwitch(word: string, problems: string[]): string {
  const [name, value] = word.split('=', 2);
  const option = options.find((each) => isSwitch(each) && flagName(each.key) === name);
  if (option?.is.kind === 'switchOrFile') return value === undefined ? `${name}=-` : word;
  if (!option || value === undefined) return word;
  if (/^(true|1|yes|on)$/i.test(value)) return name;
  if (/^(false|0|no|off)$/i.test(value)) return name.replace('--', '--no-');
  problems.push(`${option.key}: expected true or false, got ${JSON.stringify(value)} (from ${name})`);
  return word;
}
