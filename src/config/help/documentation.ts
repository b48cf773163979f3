// Generates the rows of the help and the tables of the manual from the options and the outcomes.

import { codesOf, outcomeNames, outcomeRow } from '../../core/outcomes.js';
import { environmentName, flagName, type Option, type OptionGroup, type Options } from '../options.js';

/** A heading of the help with its rows. */
export interface HelpGroup {
  readonly title: string;
  readonly rows: readonly { readonly flags: string; readonly description: string }[];
}

/** Headings in the order of the help. */
export const titles: Readonly<Record<OptionGroup, string>> = {
  target: 'Target',
  input: 'Input',
  mapping: 'Mapping of rows',
  batch: 'Batches',
  delivery: 'Delivery',
  memory: 'Memory',
  state: 'State',
  machines: 'Many machines',
  output: 'Output',
};

export const groups = Object.keys(titles) as OptionGroup[];

export function helpGroups({ rows }: Options): HelpGroup[] {
  return groups.map((group) => ({
    title: titles[group],
    rows: rows
      .filter((option) => option.group === group)
      .map((option) => ({ flags: notation(option), description: describe(option) })),
  }));
}

/**
 * Returns the flag with its argument. For a switch that is on by default, returns the negation, such as
 * `--no-checkpoint`, because the flag without `no-` would change nothing.
 */
function notation({ key, arg, default: text }: Option): string {
  if (text === 'true') return flagName(key).replace('--', '--no-');
  return arg ? `${flagName(key)} ${arg}` : flagName(key);
}

/**
 * Returns the environment variable of an option. Adds `=false` for a switch that is on by default. The help shows
 * `BULK_LOAD_CHECKPOINT=false` for `--no-checkpoint`, because the name alone would suggest the opposite.
 */
function variable({ key, default: text }: Option): string {
  return text === 'true' ? `${environmentName(key)}=false` : environmentName(key);
}

/** Describes an option with its default and variable: `maximum points in a batch [10000; BULK_LOAD_BATCH_POINTS]`. */
export function describe(option: Option): string {
  const standard = defaultOf(option)?.replaceAll('`', '');
  return `${option.description} [${standard ? `${standard}; ` : ''}${variable(option)}]`;
}

function defaultOf({ is, default: text, defaultText }: Option): string | null {
  return is.kind === 'switch' ? null : (defaultText ?? text);
}

/** Renders the manual's table of options as Markdown, without a final newline. */
export function renderOptionsTable({ rows }: Options): string {
  const cells = rows.map((option) => {
    const standard = defaultOf(option);
    const shown = standard === null ? '' : option.defaultText ? standard : `\`${standard}\``;
    return [`\`${notation(option)}\``, shown, option.description, `\`${variable(option)}\``];
  });
  return table(['option', 'default', 'what it does', 'environment'], cells);
}

/** Renders the manual's table of exit codes as Markdown, without a final newline. */
export function renderExitCodes(): string {
  const cells = outcomeNames.map((outcome) => {
    const { meaning, retryUnattended } = outcomeRow(outcome);
    const again = retryUnattended === null ? '–' : retryUnattended ? 'yes' : 'no';
    return [codesOf(outcome), `\`${outcome}\``, meaning, again];
  });
  return table(['code', 'outcome', 'meaning', 'run again unattended?'], cells);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map(tableRow).join('\n');
}

/** Formats a row of a Markdown table. Escapes pipes, because a pipe ends a cell even between backticks. */
function tableRow(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
