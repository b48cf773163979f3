// Describes the flags as data for the command-line parser. Rewrites switches that have values, such as `--quiet=false`,
// because the parser does not support them.

import { UsageError } from '../../core/errors.js';
import type { Problem } from '../../core/problem.js';
import { flagName, type Option, type OptionGroup, type Options } from '../options.js';
import { describe } from './documentation.js';

export interface Flag {
  /** Key of the value in the `flags` that `resolve` receives. */
  readonly key: string;
  /** The flag in commander's notation: `--batch-bytes <size>`, `--quiet`, `--no-quiet`. */
  readonly flags: string;
  /** Text for the help, with the default and the environment variable. */
  readonly description: string;
  readonly group: OptionGroup;
  /** True if the flag may occur several times. The values then form a list. */
  readonly repeatable: boolean;
  /** True for a flag such as `--no-quiet`, which stores false under `key`. */
  readonly negates: boolean;
  /** True if the help omits the flag, because the flag only sets the default of a switch. */
  readonly hidden: boolean;
}

/** Lists every flag in the order of the help; each switch is followed by its negation. */
export function flags({ rows }: Options): Flag[] {
  return rows.flatMap((option) => (isSwitch(option) ? [flag(option), negation(option)] : [flag(option)]));
}

export function isSwitch({ is }: Option): boolean {
  return is.kind === 'switch' || is.kind === 'switchOrPath';
}

function flag(option: Option): Flag {
  const { key, group, is, arg } = option;
  return {
    key,
    flags: arg ? `${flagName(key)} ${arg}` : flagName(key),
    description: describe(option),
    group,
    repeatable: ['urls', 'headers', 'tags', 'fields', 'words', 'constants', 'contextMap'].includes(is.kind),
    negates: false,
    hidden: isOnByDefault(option),
  };
}

function negation(option: Option): Flag {
  const notation = flagName(option.key).replace('--', '--no-');
  return { ...flag(option), flags: notation, negates: true, hidden: !isOnByDefault(option) };
}

function isOnByDefault({ is, default: text }: Option): boolean {
  return is.kind === 'switch' && text === 'true';
}

/**
 * Rewrites `--quiet=false` to `--no-quiet`, `--quiet=true` to `--quiet` and `--dry-run` to `--dry-run=-`, in all words
 * before `--`. If the value of `--dry-run` were optional, the parser would take the input in `--dry-run data.lp` as the
 * value. Throws UsageError for other values of a switch.
 */
export function normalizeSwitches(options: Options, argv: readonly string[]): string[] {
  const end = argv.indexOf('--');
  const problems: Problem[] = [];
  const words = argv.map((word, i) => (end >= 0 && i >= end ? word : normalizeSwitch(options, word, problems)));
  if (problems.length > 0) throw new UsageError(problems);
  return words;
}

function normalizeSwitch({ rows }: Options, word: string, problems: Problem[]): string {
  const [name = '', value] = word.split('=', 2);
  const option = rows.find((each) => isSwitch(each) && flagName(each.key) === name);
  if (option?.is.kind === 'switchOrPath') return value === undefined ? `${name}=-` : word;
  if (!option || value === undefined) return word;
  if (/^(true|1|yes|on)$/i.test(value)) return name;
  if (/^(false|0|no|off)$/i.test(value)) return name.replace('--', '--no-');
  problems.push({ tried: name, expected: 'true or false', found: JSON.stringify(value), fix: '' });
  return word;
}
