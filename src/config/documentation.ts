// The words about options and exit codes that people read: help rows and README tables, generated from the
// declarations. A test compares the README with them.

import { exitCodes, type Outcome } from '../core/errors.js';
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

const meanings: Record<Outcome, { readonly meaning: string; readonly again: string }> = {
  complete: { meaning: 'every point read was acknowledged, or rejected within `--accept-rejects`', again: '–' },
  usage: { meaning: 'bad option, unknown file, no input matched: nothing was sent', again: 'no' },
  'too-many-rejects': { meaning: 'stopped at `--max-rejected`', again: 'no' },
  refused: { meaning: 'credentials, privilege, no such database, settings that would lose data', again: 'no' },
  unavailable: { meaning: '`--wait-for-target` or `--retry-for` of a batch is spent', again: 'yes' },
  memory: { meaning: 'our limit cannot be held even with one writer, or is too small to start', again: 'yes' },
  input: {
    meaning:
      'an input could not be read to its end or changed meanwhile, or there were too few points; the rest is loaded',
    again: 'yes',
  },
  'complete-with-rejects': { meaning: 'every point was acknowledged or is in the dead letters', again: 'no' },
  'verify-failed': { meaning: 'loaded, but the sample read back differs', again: 'no' },
  bug: { meaning: 'a defect of ours, with the stack', again: 'no' },
  state: { meaning: 'dead letters or other state cannot be written', again: 'no' },
  busy: { meaning: 'the same load runs already', again: 'yes' },
  interrupted: {
    meaning:
      'SIGINT, or SIGTERM or the end of `--max-duration` (143): in-flight requests were finished; or what `--dry-run` writes to was closed (141)',
    again: 'yes',
  },
};

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

/** The README's table of exit codes, in Markdown, without a final newline. */
export function renderExitCodes(): string {
  const rows = (Object.keys(exitCodes) as Outcome[]).map((outcome) => {
    const code = outcome === 'interrupted' ? '130, 141, 143' : String(exitCodes[outcome]);
    return row([code, `\`${outcome}\``, meanings[outcome].meaning, meanings[outcome].again]);
  });
  const head = row(['code', 'outcome', 'meaning', 'run again unattended?']);
  return [head, row(['---', '---', '---', '---']), ...rows].join('\n');
}

/** A pipe inside a cell would end it, also within backticks. */
function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
