// Finds the option that a user probably meant by a mistyped word, for "did you mean".

import { distance, entryOf, isNear } from '../../core/text.js';
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

/**
 * Finds the option key nearest to a mistyped key, with or without the prefix `mapping.`; null if all keys differ too
 * much.
 * @param value the text after the key; if the key ends in `-size`, a number without a unit suggests points, and any
 * other text suggests bytes
 */
export function nearestOption(rows: readonly Option[], typed: string, value = ''): string | null {
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z]/g, '');
  const synonym = entryOf(synonyms, plain(typed));
  if (synonym !== undefined) return synonym;
  // In other tools, names of options for points or bytes end with `-size`.
  const key = typed.replace(/^mapping\./, '').replace(/-?size$/i, /^\d+$/.test(value) ? 'Points' : 'Bytes');
  const ranked = rows
    .map((option) => ({ key: option.key, distance: distance(plain(key), plain(option.key)) }))
    .sort((a, b) => a.distance - b.distance);
  const nearest = ranked[0];
  return nearest !== undefined && nearest.distance <= Math.max(1, Math.floor(key.length / 3)) ? nearest.key : null;
}

/** For each kind of option, the pattern that its values match. */
const valueForms: Readonly<Record<string, RegExp>> = {
  count: /^\d+$/,
  size: /^\d+(\.\d+)?[KMG]?i?B$/i,
  duration: /^\d+(\.\d+)?(ms|s|m|h|d)$/,
};

/**
 * Finds the options whose first word is near a mistyped word: `bacth` is near `batchPoints`.
 * @param value the text after the mistyped word; if the text suits some of the options, only these options are returned
 */
export function optionsNamedLike(rows: readonly Option[], typed: string, value: string): Option[] {
  const first = (key: string): string => key.replace(/[A-Z].*/, '');
  const named = rows.filter(({ key }) => first(key) === typed || isNear(typed, first(key)));
  const fitting = named.filter(({ is }) => valueForms[is.kind]?.test(value));
  return fitting.length === 0 ? named : fitting;
}
