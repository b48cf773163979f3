// Builds the command that resumes a load, quoted for a shell and without secrets.

import { flagName } from '../config/options.js';
import { shellQuote } from '../core/text.js';
import { maskUrl } from '../inputs/http/url-name.js';
import { options } from '../load/option-table.js';

/** Flags that the printed command omits. `--queue` is printed without the password in its URL. */
const secretFlags = new Set(
  options.rows.filter(({ secret, is }) => secret && is.kind !== 'queue').map(({ key }) => flagName(key)),
);

/**
 * Returns the command without secret options, and without credentials in URLs. `argv` has the form of `process.argv`.
 */
export function commandLine(argv: readonly string[]): string {
  const words: string[] = [];
  for (let i = 2; i < argv.length; i += 1) {
    const word = argv[i]!;
    const name = word.split('=', 1)[0]!;
    if (!secretFlags.has(name)) words.push(shellQuote(withoutCredentials(word)));
    else if (name === word) i += 1;
  }
  return ['bulk-load', ...words].join(' ');
}

/**
 * Returns the command that resumes a load. Removes --fresh. `skipPoints` replaces the value of --skip-points; null
 * keeps the value.
 */
export function continuation(argv: readonly string[], fresh: boolean, skipPoints: number | null): string {
  const words = argv.filter((word, i) => !isFresh(word) && !(skipPoints !== null && isSkip(argv, i)));
  const added = [
    // The flag --no-fresh overrides a --fresh from the environment or the config file.
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

/**
 * Removes secrets from a word, which may be a signed URL or the URL of an endpoint. Leaves a URL without secrets
 * unchanged.
 */
function withoutCredentials(word: string): string {
  const masked = maskUrl(word);
  const plain = URL.canParse(word) && new URL(word).href === masked ? word : masked;
  return plain.replace(
    /((https?|rediss?):[\\/]*)([^/\s,]*)@/gi,
    (_, start: string, scheme: string, credentials: string) => {
      // The user in the URL of a queue is not secret.
      const user = /^redis/i.test(scheme) ? credentials.split(':')[0]! : '';
      return user === '' ? start : `${start}${user}@`;
    },
  );
}
