// "Did you mean": finds the word that a mistyped one was probably meant to be.

import type { Option } from '../options.js';

/** Names that other tools use for our options. */
const synonyms: Readonly<Record<string, string>> = {
  bucket: 'db',
  database: 'db',
  dbname: 'db',
  endpoint: 'url',
  host: 'url',
  inputformat: 'format',
  org: 'tenant',
  pass: 'password',
  table: 'measurement',
  threads: 'workers',
  concurrency: 'workers',
  username: 'user',
};

/** Finds the option key nearest to a mistyped key, with or without the prefix `mapping.`; null when none is near. */
export function nearestOption(rows: readonly Option[], typed: string): string | null {
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z]/g, '');
  const synonym = synonyms[plain(typed)];
  if (synonym !== undefined) return synonym;
  // Other tools call bytes a size.
  const key = typed.replace(/^mapping\./, '').replace(/-?size$/i, 'Bytes');
  const ranked = rows
    .map((option) => ({ key: option.key, distance: distance(plain(key), plain(option.key)) }))
    .sort((a, b) => a.distance - b.distance);
  const nearest = ranked[0];
  return nearest !== undefined && nearest.distance <= Math.max(1, Math.floor(key.length / 3)) ? nearest.key : null;
}

/** Finds the option keys of which a mistyped word is nearly the first word: `bacth` is meant for `batchPoints`. */
export function optionsNamedLike(rows: readonly Option[], typed: string): string[] {
  const first = (key: string): string => key.replace(/[A-Z].*/, '');
  return rows.map(({ key }) => key).filter((key) => first(key) === typed || isNear(typed, first(key)));
}

/** Returns true when two words differ by one letter added, removed or changed, or by two letters swapped. */
export function isNear(word: string, meant: string): boolean {
  return word !== meant && word.length > 2 && (distance(word, meant) === 1 || isSwapped(word, meant));
}

function isSwapped(word: string, meant: string): boolean {
  return distance(word, meant) === 2 && word.split('').sort().join('') === meant.split('').sort().join('');
}

/** Computes the Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length];
}
