// Runs the examples of README and manual: writes their files, executes their commands, compares what they print.
//
// A fenced block ```console holds commands after `$ ` and their output. A block with a file name after its language is
// written to that file. Blocks of one page share a folder and a shell. In the output, a line `…` stands for any lines and
// `…` within a line for any text. Times, sizes, ids and other figures of one run are compared by their form.
// Before a block, `<!-- needs NAME -->` leaves it out where NAME is missing; `<!-- figures vary -->` ignores its digits.

import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { homedir, hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Every page by its path from the top of the checkout. */
export const readPage = async (path: string): Promise<string> => await readFile(join(root, path), 'utf8');

/** Text between `<!-- name -->` and `<!-- /name -->`. */
export function section(page: string, name: string): string {
  const found = new RegExp(`<!-- ${name} -->\n+([\\s\\S]*?)\n*<!-- /${name} -->`).exec(page)?.[1];
  if (found === undefined) throw new Error(`no section ${name}`);
  return found;
}

/** The page with another text between the marks of `name`. */
export function withSection(page: string, name: string, text: string): string {
  section(page, name);
  return page.replace(
    new RegExp(`(<!-- ${name} -->\n+)[\\s\\S]*?(<!-- /${name} -->)`),
    (_, open, close) => `${open}${text}\n${close}`,
  );
}

export interface Fence {
  readonly language: string;
  /** File that the block is written to, or ''. */
  readonly file: string;
  readonly body: string;
  /** Place of `body` in the page. */
  readonly start: number;
  /** Words of the comment in the line above the block, or ''. */
  readonly comment: string;
}

export function fences(page: string): Fence[] {
  return [...page.matchAll(/(?:^<!-- (.*) -->\n)?^```(\w*) ?(\S*)\n([\s\S]*?)^```$/gm)].map((found) => {
    const [whole, comment = '', language = '', file = '', body = ''] = found;
    return { language, file, body, comment, start: found.index + whole.length - body.length - '```'.length };
  });
}

export interface Command {
  /** With its lines of continuation. */
  readonly text: string;
  readonly output: string;
  /** Place of `output` in the page, and its line. */
  readonly start: number;
  readonly line: number;
  /** Program without which the command is left out, or null. */
  readonly needs: string | null;
  readonly figuresVary: boolean;
}

/** The commands of a page, in order. */
export function commands(page: string): Command[] {
  return fences(page)
    .filter(({ language }) => language === 'console')
    .flatMap(({ body, start, comment }) => {
      const parts = [...body.matchAll(/^\$ ((?:.*\\\n)*.*\n)((?:(?!\$ ).*\n)*)/gm)];
      if (parts.length === 0 || !body.startsWith('$ ')) throw new Error(`a console block without a command: ${body}`);
      return parts.map((found) => {
        const at = start + found.index + 2 + found[1]!.length;
        return {
          text: found[1]!.trimEnd(),
          output: found[2]!,
          start: at,
          line: page.slice(0, at).split('\n').length,
          needs: /^needs (.*)$/.exec(comment)?.[1] ?? null,
          figuresVary: comment === 'figures vary',
        };
      });
    });
}

export interface RunOptions {
  /** `db1:8902` → `127.0.0.1:40123`: real addresses of the hosts that the page names. */
  readonly hosts?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Programs that commands need and that are missing. */
  readonly missing?: readonly string[];
  /** Files of the folder before the first command. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
}

const home = 'home/you';

/** Executes a page; returns the output of each of its commands, with the names that the page uses. */
export async function runPage(page: string, options: RunOptions = {}): Promise<string[]> {
  const { hosts = {}, env = {}, files = {}, missing = [] } = options;
  const top = await mkdtemp(join(tmpdir(), 'bulk-load-manual-'));
  const folder = join(top, home);
  const there = (text: string): string =>
    Object.entries(hosts).reduce((before, [name, address]) => before.replaceAll(name, address), text);
  const back = (text: string): string =>
    Object.entries(hosts)
      .reduce(
        (before, [name, address]) => before.replaceAll(new RegExp(`${address}( {2,})?`, 'g'), shorter(name)),
        text,
      )
      .replaceAll(`${top}/`, '/')
      .replaceAll(hostname(), 'host1')
      .replaceAll(/^bash: line \d+: +\d+ (Killed) .*$/gm, '$1');
  try {
    await install(join(top, 'bin'));
    const given = fences(page).filter(({ file }) => file !== '');
    const contents = [...Object.entries(files), ...given.map(({ file, body }) => [file, there(body)] as const)];
    for (const [name, content] of contents) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), content);
    }
    await mkdir(join(folder, 'node_modules'), { recursive: true });
    await symlink(root, join(folder, 'node_modules', 'bulk-load'));
    const all = commands(page);
    const list = all.map(({ text, needs }) => (missing.includes(needs ?? '') ? ':' : there(inBackground(text))));
    const output = await shell(list, folder, {
      PATH: `${join(top, 'bin')}:${dirname(process.execPath)}:${process.env.PATH}`,
      HOME: folder,
      // The code that earlier runs compiled: without it a command takes twice the CPU time.
      XDG_CACHE_HOME: process.env.XDG_CACHE_HOME || join(homedir(), '.cache'),
      TZ: 'UTC',
      LANG: 'C.UTF-8',
      ...env,
    });
    return output.map((text, i) => (missing.includes(all[i]!.needs ?? '') ? all[i]!.output : back(text)));
  } finally {
    await rm(top, { recursive: true, force: true });
  }
}

/** Replaces an address by its name. In a table, blanks keep the following columns in place. */
function shorter(name: string): (address: string, blanks?: string) => string {
  return (address, blanks = '') => (blanks === '' ? name : name.padEnd(address.length));
}

/** A server that runs until the page ends; its output is what it printed until it answered. */
function inBackground(text: string): string {
  if (!/^bulk-load serve\b(?!.*(?:--help|--ready-file))/.test(text)) return text;
  const wait = 'until [ -s ~/.ready ]; do sleep 0.1; done';
  return `${text} --listen localhost:8902 --ready-file ~/.ready >~/.serve 2>&1 & ${wait}; cat ~/.serve`;
}

/** The two commands of the package, from this checkout. */
async function install(bin: string): Promise<void> {
  await mkdir(bin, { recursive: true });
  for (const name of ['bulk-load', 'load_cnosdb']) {
    const script = `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'bin', name)}.js' "$@"\n`;
    await writeFile(join(bin, name), script, { mode: 0o755 });
  }
}

const mark = '\u001e';

/** One shell for all commands, since they share variables and `$?`. */
async function shell(list: readonly string[], cwd: string, env: Record<string, string>): Promise<string[]> {
  const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
  const script = list.map((text) => `eval ${quoted(text)}; status=$?; printf '${mark}'; (exit $status)\n`).join('');
  const child = spawn('bash', ['-c', `exec 2>&1\ntrap 'kill $(jobs -p) 2>/dev/null; wait' EXIT\n${script}`], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let all = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (all += text));
  await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  const outputs = all.split(mark).slice(0, -1);
  if (outputs.length !== list.length) throw new Error(`the shell ended after ${outputs.length} commands: ${all}`);
  return outputs.map((text) => text.replace(/\n*$/, text === '' ? '' : '\n'));
}

const forms: readonly (readonly [RegExp, string])[] = [
  [/\b20(?:2[6-9]|[3-9]\d)-\d\d-\d\d(?:[T ]?\d\d[:-]?\d\d(?:[:-]?\d\d(?:\.\d+)?)?Z?)?/g, 'DATE'],
  [/\b20(?:2[6-9]|[3-9]\d)\d{4}T\d+Z?/g, 'DATE'],
  [/\b[0-9a-f]{12}\b/g, 'ID'],
  [/\bpid \d+/g, 'pid N'],
  [/[\d,.]+ (?:points\/s|(?:metrics|rows)\/sec)/g, 'RATE'],
  [/[\d,.]+ (?:[KMG]i?)?B\/s/g, 'RATE'],
  [/\b\d[\d,.]* (?:[KMG]iB|B)\b/g, 'SIZE'],
  [/\b\d[\d,.]*\s?(?:ms|s|sec|m|min|h)(?:\s\d+\s?(?:m|s))*(?![\w/])/g, 'TIME'],
  // The number of writers and its reason depend on the machine.
  [/^( +writers +)\d+ of (\d+).*/g, '$1N of $2'],
  [/ +/g, ' '],
];

function formOf(text: string): string {
  return forms.reduce((before, [pattern, name]) => before.replace(pattern, name), text.trimEnd());
}

/** Tests whether a command printed the output on its page. */
export function agrees({ output: shown, figuresVary }: Command, printed: string): boolean {
  const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const form = (text: string): string => (figuresVary ? formOf(text).replace(/\d[\d,.]*/g, 'N') : formOf(text));
  const lines = shown.split('\n').map((line) =>
    line.trim() === '…'
      ? '(?:.*\n)*?'
      : `${form(line)
          .split('…')
          .map((part) => literal(part))
          .join('.*')}\n`,
  );
  const pattern = new RegExp(`^${lines.slice(0, -1).join('')}$`);
  return pattern.test(
    printed
      .split('\n')
      .map((line) => form(line))
      .join('\n'),
  );
}

/** The page with the output of its commands replaced where it no longer agrees. */
export function withOutputs(page: string, outputs: readonly string[]): string {
  return commands(page).reduceRight(
    (text, command, i) =>
      agrees(command, outputs[i]!)
        ? text
        : text.slice(0, command.start) + outputs[i]! + text.slice(command.start + command.output.length),
    page,
  );
}

/** True while `npm run docs` writes the pages. */
export const rewrites = process.env.BULK_LOAD_DOCS === 'write';
