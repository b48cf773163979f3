// `bulk-load completion bash|zsh|fish`: generates scripts that complete commands, options and values.

import type { Command, Option as CommanderOption } from 'commander';
import { flagName, type Option } from '../../config/options.js';
import { UsageError } from '../../core/errors.js';
import { isNear } from '../../core/text.js';
import { options } from '../../load/option-table.js';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** Returns the shell of this name. Throws UsageError for any other shell. */
export function shellNamed(word: string): Shell {
  const shell = shells.find((each) => each === word);
  if (shell !== undefined) return shell;
  const meant = shells.find((each) => isNear(word, each));
  const fix = meant === undefined ? '' : `did you mean ${meant}?`;
  throw new UsageError([
    {
      tried: 'completion',
      expected: `one of ${shells.join(', ')}`,
      found: word === '' ? 'nothing' : JSON.stringify(word),
      fix,
    },
  ]);
}

/** Values that the shell offers for an option; null for an option without a value. */
type CompletionValue = { readonly words: readonly string[] } | 'path' | 'directory' | 'text' | null;

interface Word {
  /** The flag, such as `--batch-bytes`. */
  readonly name: string;
  readonly value: CompletionValue;
  readonly description: string;
}

interface CommandWords {
  readonly name: string;
  readonly description: string;
  readonly words: readonly Word[];
}

const settings = new Map(options.rows.flatMap(wordsOf).map((word) => [word.name, word]));

function commandsOf(program: Command): CommandWords[] {
  return program.commands.map((command) => ({
    name: command.name(),
    description: command.description(),
    words: [...command.options.map(wordOf), { name: '--help', value: null, description: 'print this help' }],
  }));
}

function wordOf({ long, flags, description }: CommanderOption): Word {
  const name = long ?? flags;
  return settings.get(name) ?? { name, value: argumentKind(/<.*>/.exec(flags)?.[0]), description };
}

function argumentKind(arg: string | undefined): CompletionValue {
  if (arg === undefined) return null;
  return arg === '<dir>' ? 'directory' : /file|input/.test(arg) ? 'path' : 'text';
}

function wordsOf(option: Option): Word[] {
  const { key, is, arg, description } = option;
  const name = flagName(key);
  if (is.kind === 'switch' || is.kind === 'switchOrPath') {
    const negated = { name: name.replace('--', '--no-'), value: null, description: `not ${name}` };
    return [{ name, value: null, description }, negated];
  }
  if (is.kind === 'choice') return [{ name, value: { words: is.values }, description }];
  const known = 'words' in is ? Object.keys(is.words ?? {}) : [];
  if (known.length > 0) return [{ name, value: { words: known }, description }];
  return [{ name, value: argumentKind(arg ?? '<value>'), description }];
}

/** Renders the script for a shell. The script completes the commands of `program` and their options. */
export function completion(shell: Shell, program: Command): string {
  return { bash, zsh, fish }[shell](commandsOf(program));
}

function bash(commands: readonly CommandWords[]): string {
  const cases = (words: readonly Word[]): string =>
    words
      .flatMap(({ name, value }) => (value === null ? [] : [`      ${name}) ${bashValue(value)}; return ;;`]))
      .join('\n');
  const names = (words: readonly Word[]): string => words.map(({ name }) => name).join(' ');
  const branches = commands.map(
    ({ name, words }) => `    ${name})
      case $prev in
${cases(words).replace(/^/gm, '  ')}
      esac
      [[ $cur == -* ]] && { _bulk_load_words '${names(words)}'; return; } ;;`,
  );
  return `# bash: source <(bulk-load completion bash)
_bulk_load_words() { COMPREPLY=($(compgen -W "$1" -- "$cur")); }
_bulk_load_paths() { compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen "$1" -- "$cur")); }
_bulk_load() {
  local IFS=$' \\t\\n' cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} command=load
  COMPREPLY=()
  # bash splits --option=value into three words.
  if [[ $cur == = ]]; then cur=; elif [[ $prev == = ]]; then prev=\${COMP_WORDS[COMP_CWORD - 2]}; fi
  case \${COMP_WORDS[1]} in ${commands.map(({ name }) => name).join('|')}) command=\${COMP_WORDS[1]} ;; esac
  case $command in
${branches.join('\n')}
  esac
  if [[ $command == completion ]]; then _bulk_load_words '${shells.join(' ')}'; return; fi
  IFS=$'\\n' _bulk_load_paths -f
  if [[ $COMP_CWORD == 1 ]]; then COMPREPLY+=($(compgen -W '${commands.map(({ name }) => name).join(' ')}' -- "$cur")); fi
}
complete -F _bulk_load bulk-load
`;
}

function bashValue(value: Exclude<CompletionValue, null>): string {
  if (value === 'text') return ':';
  if (typeof value === 'string') return `IFS=$'\\n' _bulk_load_paths ${value === 'path' ? '-f' : '-d'}`;
  return `_bulk_load_words '${value.words.join(' ')}'`;
}

function zsh(commands: readonly CommandWords[]): string {
  const quoted = (text: string): string => text.replaceAll("'", "'\\''");
  const described = (text: string): string => quoted(text.replace(/[[\]:\\]/g, '\\$&'));
  const spec = ({ name, value, description }: Word): string => {
    const head = `'*${name}${value === null ? '' : '='}[${described(description)}]`;
    return value === null ? `${head}'` : `${head}:value:${zshValue(value)}'`;
  };
  const branches = commands.map(({ name, words }) => {
    const rest = name === 'completion' ? `'1:shell:(${shells.join(' ')})'` : "'*:input:_files'";
    return `    ${name}) _arguments -S ${words.map(spec).join(' \\\n      ')} \\\n      ${rest} ;;`;
  });
  const descriptions = commands.map(({ name, description }) => `'${name}:${described(description)}'`).join(' ');
  return `#compdef bulk-load
# zsh: source <(bulk-load completion zsh), after compinit
_bulk_load() {
  local command=load
  local -a commands=(${descriptions})
  if (( CURRENT == 2 )) && [[ $PREFIX != -* ]]; then _describe command commands; fi
  case $words[2] in (${commands.map(({ name }) => name).join('|')})
    if (( CURRENT > 2 )); then command=$words[2]; shift words; (( CURRENT-- )); fi ;;
  esac
  case $command in
${branches.join('\n')}
  esac
}
compdef _bulk_load bulk-load
`;
}

function zshValue(value: Exclude<CompletionValue, null>): string {
  if (value === 'text') return ' ';
  if (value === 'path') return '_files';
  if (value === 'directory') return '_files -/';
  return `(${value.words.map((word) => word.replaceAll('\\', '\\\\')).join(' ')})`;
}

function fish(commands: readonly CommandWords[]): string {
  const quoted = (text: string): string => `'${text.replace(/['\\]/g, '\\$&')}'`;
  const others = commands.map(({ name }) => name).filter((name) => name !== 'load');
  const within = (name: string): string =>
    name === 'load'
      ? `-n ${quoted(`not __fish_seen_subcommand_from ${others.join(' ')}`)}`
      : `-n ${quoted(`__fish_seen_subcommand_from ${name}`)}`;
  const line = (command: string, { name, value, description }: Word): string =>
    `complete -c bulk-load ${within(command)} -l ${name.slice(2)}${fishValue(value, quoted)} -d ${quoted(description)}`;
  const heads = commands.map(
    ({ name, description }) => `complete -c bulk-load -n __fish_use_subcommand -a ${name} -d ${quoted(description)}`,
  );
  const words = commands.flatMap((command) => command.words.map((word) => line(command.name, word)));
  const shell = `complete -c bulk-load ${within('completion')} -f -a ${quoted(shells.join(' '))}`;
  return `# fish: bulk-load completion fish | source\n${[...heads, ...words, shell].join('\n')}\n`;
}

function fishValue(value: CompletionValue, quoted: (text: string) => string): string {
  if (value === null) return '';
  if (value === 'text') return ' -x';
  if (value === 'path') return ' -rF';
  if (value === 'directory') return " -xa '(__fish_complete_directories)'";
  return ` -xa ${quoted(value.words.join(' '))}`;
}
