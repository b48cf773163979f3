// The command that was typed, as it can be typed again: quoted for a shell, and without what must not be shown.

import { flagName } from '../config/options.js';
import { maskUrl } from '../inputs/http/url-name.js';
import { options } from '../load/option-table.js';

const secret = new Set(options.rows.filter((option) => option.secret).map((option) => flagName(option.key)));

/** `argv` as in `process.argv`. Values of secret options and credentials in URLs are left out. */
export function commandLine(argv: readonly string[]): string {
  const words: string[] = [];
  for (let i = 2; i < argv.length; i += 1) {
    const word = argv[i]!;
    const name = word.split('=', 1)[0]!;
    if (!secret.has(name)) words.push(quote(masked(word)));
    else if (name === word) i += 1;
  }
  return ['bulk-load', ...words].join(' ');
}

/** The command that continues a load: without --fresh, and with so many points skipped where that is not null. */
export function continuation(argv: readonly string[], fresh: boolean, skipPoints: number | null): string {
  const words = argv.filter((word, i) => !isFresh(word) && !(skipPoints !== null && isSkip(argv, i)));
  const added = [
    // It was asked for in the environment or in a file.
    ...(fresh && !argv.some(isFresh) ? ['--no-fresh'] : []),
    ...(skipPoints === null || skipPoints === 0 ? [] : ['--skip-points', String(skipPoints)]),
  ];
  const end = words.indexOf('--');
  return commandLine(end < 0 ? [...words, ...added] : [...words.slice(0, end), ...added, ...words.slice(end)]);
}

function isFresh(word: string): boolean {
  return /^--fresh(=|$)/.test(word);
}

function isSkip(argv: readonly string[], i: number): boolean {
  return /^--skip-points(=|$)/.test(argv[i]!) || argv[i - 1] === '--skip-points';
}

/** Inputs are named by their URLs, which may be signed; endpoints stand behind a flag. */
function masked(word: string): string {
  return maskUrl(word).replace(/(https?:[\\/]*)[^/\s,]*@/gi, '$1');
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
