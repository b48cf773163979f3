// Finds mistakes on the command line that the parser would report unclearly or one at a time.

import { existsSync } from 'node:fs';
import type { Command, CommanderError, Option } from 'commander';
import { nearestOption, optionsNamedLike } from '../config/help/suggest.js';
import { flagName } from '../config/options.js';
import { UsageError } from '../core/errors.js';
import type { Problem } from '../core/problem.js';
import { alternatives, isNear } from '../core/text.js';
import { options } from '../load/option-table.js';
import { replacements } from './load-cnosdb/replacements.js';

/** Throws one UsageError for all unknown options of the command, and for `--dry-run FILE` without an equals sign. */
export function checkArguments(words: readonly string[], program: Command): void {
  const { command, unknown } = unknownOptions(words, program);
  const problems = [
    ...[...unknown].map(([name, value]) => unknownOption(name, value, command, program)),
    ...dryRunFile(words),
  ];
  if (problems.length > 0) throw new UsageError(problems);
}

/** Throws UsageError if the first word is not a file but resembles the name of a command. */
export function refuseMistypedCommand(word: string | undefined, program: Command): void {
  if (word === undefined || existsSync(word)) return;
  const meant = program.commands.map((command) => command.name()).find((name) => isNear(word, name));
  if (meant === undefined) return;
  const found = JSON.stringify(word);
  throw new UsageError([
    { tried: 'reading the inputs', expected: 'a file, a directory or a command', found, fix: `did you mean ${meant}?` },
  ]);
}

/**
 * Returns the command and its unknown options. Each unknown option maps to the text after it, which may be its value.
 */
function unknownOptions(
  words: readonly string[],
  program: Command,
): { command: Command; unknown: Map<string, string> } {
  let command = program;
  const unknown = new Map<string, string>();
  for (let i = 0; i < words.length && words[i] !== '--'; i += 1) {
    const word = words[i]!;
    if (!word.startsWith('-') || word === '-') {
      if (command === program) command = program.commands.find((each) => each.name() === word) ?? command;
      continue;
    }
    const name = word.split('=', 1)[0]!;
    const option = optionNamed(command, name);
    if (option === undefined) unknown.set(name, name === word ? (words[i + 1] ?? '') : word.slice(name.length + 1));
    else if (option.required && name === word) i += 1;
  }
  return { command, unknown };
}

function optionNamed(command: Command, name: string): Option | undefined {
  // `command.options` lacks -h and --help.
  const all = [...command.options, command.createOption('-h, --help')];
  return all.find(({ long, short }) => name === long || name === short);
}

function unknownOption(name: string, value: string, command: Command, program: Command): Problem {
  const takesSettings = optionNamed(command, '--config') !== undefined;
  const own = command === program ? 'bulk-load' : `bulk-load ${command.name()}`;
  const expected = `an option of ${own}`;
  const problem = (found: string, fix: string): Problem => ({ tried: `option ${name}`, expected, found, fix });
  const key = name.replace(/^-+/, '');
  if (!takesSettings) {
    const names = command.options.map(({ long }) => long).filter((each) => each !== undefined);
    const meant = names.find((each) => isNear(key, each.slice(2)));
    const ofLoad = options.rows.find((row) => flagName(row.key) === name);
    const others =
      names.length === 0 ? 'leave this option out' : `leave this option out; ${own} takes ${names.join(', ')}`;
    // The user may have typed an option of a load that this command lacks. Then `alike` is an option of this command
    // that takes the same kind of value, because it may have the same purpose.
    const alike = ofLoad?.arg && command.options.find(({ flags }) => flags.endsWith(` ${ofLoad.arg}`));
    const fix = alike ? `leave this option out, or use ${alike.flags} (${alike.description})` : others;
    return problem(ofLoad ? 'an option of a load' : 'an unknown name', meant ? `did you mean ${meant}?` : fix);
  }
  const replacement = replacements[name];
  if (replacement !== undefined)
    return problem('an option of load_cnosdb', `${replacement}; or use the load_cnosdb command`);
  const near = key === 'd' ? 'db' : nearestOption(options.rows, key, value);
  const like = near === null ? optionsNamedLike(options.rows, key, value) : [];
  const meant =
    like.length > 1
      ? like.map((option) => `${flagName(option.key)} ${option.arg ?? ''}`.trim())
      : [...like.map((option) => option.key), ...(near === null ? [] : [near])].map(flagName);
  return problem(
    'an unknown name',
    meant.length === 0 ? "'bulk-load --help' lists all options" : `did you mean ${alternatives(meant)}?`,
  );
}

/** Turns an error of the parser into a UsageError with the usual four parts: tried, expected, found and fix. */
export function parserError({ code, message }: CommanderError): UsageError {
  const text = message.replace(/^error: /, '');
  const [named = ''] = /(?<=')[^']*(?=')/.exec(text) ?? [];
  const option = named.split(' ', 1)[0]!;
  const problems: Readonly<Record<string, Problem>> = {
    'commander.optionMissingArgument': {
      tried: `option ${option}`,
      expected: `a value, as in ${named}`,
      found: 'nothing after it',
      fix: `write ${option}=VALUE`,
    },
    'commander.excessArguments': {
      tried: `reading the arguments of ${named}`,
      expected: /Expected (\d+ arguments?)/.exec(text)?.[1]?.replace(/^0 .*/, 'no argument') ?? 'fewer arguments',
      found: /got (\d+)/.exec(text)?.[1] ?? 'more',
      fix: 'leave out the extra arguments',
    },
  };
  return new UsageError([problems[code] ?? text]);
}

/** Finds `--dry-run out.lp`, where the user probably meant `--dry-run=out.lp`. */
function dryRunFile(words: readonly string[]): Problem[] {
  const end = words.indexOf('--');
  return words.slice(0, end < 0 ? words.length : end).flatMap((word, i) => {
    const next = words[i + 1];
    if (word !== '--dry-run' || next === undefined || !/^[^-*?[{:]+\.lp$/.test(next) || existsSync(next)) return [];
    const expected = 'an equals sign before the output file; without this sign, the file is an input';
    const found = `the input ${next}, which does not exist`;
    return [{ tried: `--dry-run ${next}`, expected, found, fix: `write --dry-run=${next}` }];
  });
}
