// The words about options and exit codes that people read: help rows and README tables, generated from the
// declarations. A test compares the README with them.

import { codesOf, outcomeNames, outcomeRow } from '../core/outcomes.js';
import { environmentName, flagName, type Option, type OptionGroup, options } from './options.js';

/** What help prints under one heading. */
export interface HelpGroup {
  readonly title: string;
  readonly rows: readonly { readonly flags: string; readonly description: string }[];
}

/** Headings of the help. */
export const titles: Readonly<Record<OptionGroup, string>> = {
  target: 'Target',
  input: 'Input',
  mapping: 'Mapping of rows',
  batch: 'Batches',
  delivery: 'Delivery',
  memory: 'Memory',
  state: 'State',
  output: 'Output',
};

/** In the order of the help. */
export const groups = Object.keys(titles) as OptionGroup[];

/** Groups of options with their rows, in the order of the table. */
export function helpGroups(): HelpGroup[] {
  return groups.map((group) => ({
    title: titles[group],
    rows: options
      .filter((option) => option.group === group)
      .map((option) => ({ flags: notation(option), description: describe(option) })),
  }));
}

/** Of a switch that is on, only its negation changes anything. */
function notation({ key, arg, default: text }: Option): string {
  if (text === 'true') return flagName(key).replace('--', '--no-');
  return arg ? `${flagName(key)} ${arg}` : flagName(key);
}

/** Beside `--no-checkpoint`, the bare name would read as its opposite. */
function variable({ key, default: text }: Option): string {
  return text === 'true' ? `${environmentName(key)}=false` : environmentName(key);
}

/** What an option does, with default and variable: `most bytes in a batch [1MiB; BULK_LOAD_BATCH_BYTES]`. */
export function describe(option: Option): string {
  const standard = defaultOf(option)?.replaceAll('`', '');
  return `${option.description} [${standard ? `${standard}; ` : ''}${variable(option)}]`;
}

function defaultOf({ is, default: text, defaultText }: Option): string | null {
  return is.kind === 'switch' ? null : (defaultText ?? text);
}

/** The README's table of options, in Markdown, without a final newline. */
export function renderOptionsTable(): string {
  const rows = options.map((option) => {
    const standard = defaultOf(option);
    const shown = standard === null ? '' : option.defaultText ? standard : `\`${standard}\``;
    return row([`\`${notation(option)}\``, shown, option.description, `\`${variable(option)}\``]);
  });
  return [row(['option', 'default', 'what it does', 'environment']), row(['---', '---', '---', '---']), ...rows].join(
    '\n',
  );
}

/** The manual's table of exit codes, in Markdown, without a final newline. */
export function renderExitCodes(): string {
  const rows = outcomeNames.map((outcome) => {
    const { meaning, retryUnattended } = outcomeRow(outcome);
    const again = retryUnattended === null ? '–' : retryUnattended ? 'yes' : 'no';
    return row([codesOf(outcome), `\`${outcome}\``, meaning, again]);
  });
  const head = row(['code', 'outcome', 'meaning', 'run again unattended?']);
  return [head, row(['---', '---', '---', '---']), ...rows].join('\n');
}

/** A pipe inside a cell would end it, also within backticks. */
function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
