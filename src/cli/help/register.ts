// Adds the options to commander, and builds the pages of the help.

import { Command, Help, Option } from 'commander';
import { groups, titles } from '../../config/help/documentation.js';
import { flags } from '../../config/help/flags.js';
import type { OptionGroup } from '../../config/options.js';
import { UsageError } from '../../core/errors.js';
import { isNear } from '../../core/text.js';
import { options } from '../../load/option-table.js';
import { exampleList, groupExamples } from './examples.js';

/** Adds all options, or the options of one group. */
export function withSettings(command: Command, only?: OptionGroup): Command {
  return withRows(command, ({ group }) => only === undefined || group === only);
}

/** Adds the options of the connection to the queue. */
export function withQueueOptions(command: Command): Command {
  return withRows(command, ({ flags: notation }) => /^--queue/.test(notation));
}

function withRows(command: Command, isWanted: (row: ReturnType<typeof flags>[number]) => boolean): Command {
  for (const row of flags(options)) {
    if (!isWanted(row)) continue;
    const { flags: notation, description, group, repeatable, negates, hidden } = row;
    const option = new Option(notation, description);
    // commander takes each `--no-…` for a negation, but `--no-header` is the whole name of a switch.
    option.negate = negates;
    if (hidden) option.hideHelp();
    if (repeatable) option.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value]);
    option.helpGroup(`${titles[group]}:`);
    command.addOption(option);
  }
  return command;
}

/**
 * Returns the help of a command or of a group of options, wrapped for a terminal with `columns` characters. Throws
 * UsageError for an unknown topic. The error lists all topics, including `pages`.
 */
export function helpPage(topic: string, program: Command, columns: number, pages: readonly string[]): string {
  const command = program.commands.find((each) => each.name() === topic);
  if (command !== undefined) return command.helpInformation();
  const group = groups.find((each) => [each, titles[each].toLowerCase()].includes(topic.toLowerCase()));
  if (group === undefined) throw unknownTopic(topic, program, pages);
  const page = withSettings(new Command(program.name()), group).helpOption(false);
  page.usage('[options] [inputs...]').configureOutput({ getOutHelpWidth: () => columns });
  return examplesFirst(page, exampleList(groupExamples[group])).helpInformation();
}

/** Puts the examples of a command after the usage in its help. */
export function examplesFirst(command: Command, examples: string): Command {
  return command.configureHelp({
    formatHelp: (it, helper) => {
      const text = Help.prototype.formatHelp.call(helper, it, helper);
      const end = text.indexOf('\n\n') + 2;
      return `${text.slice(0, end)}${examples}\n${text.slice(end)}`;
    },
  });
}

function unknownTopic(topic: string, program: Command, pages: readonly string[]): UsageError {
  const topics = [...new Set([...pages, ...program.commands.map((each) => each.name()), ...groups])];
  const meant = topics.find((each) => isNear(topic, each));
  const fix = meant === undefined ? '' : `did you mean ${meant}?`;
  const expected = `one of ${topics.join(', ')}`;
  return new UsageError([{ tried: 'help', expected, found: JSON.stringify(topic), fix }]);
}
