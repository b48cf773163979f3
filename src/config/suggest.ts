// Did you mean: finds the option that a mistyped key was probably meant to be.

import { options } from './options.js';

/** The option whose key is the nearest to a mistyped one, in or outside of `mapping:`; null when none is near. */
export function nearest(typed: string): string | null {
  // Sizes are called bytes here.
  const key = typed.replace(/^mapping\./, '').replace(/-?size$/i, 'Bytes');
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z]/g, '');
  const ranked = options
    .map((option) => ({ key: option.key, distance: distance(plain(key), plain(option.key)) }))
    .sort((a, b) => a.distance - b.distance);
  return ranked[0].distance <= Math.max(1, Math.floor(key.length / 3)) ? ranked[0].key : null;
}

/** Whether a word is one slip away from another: a letter more, less, other, or two swapped. */
export function isNear(word: string, meant: string): boolean {
  return word !== meant && word.length > 2 && (distance(word, meant) === 1 || swapped(word, meant));
}

function swapped(word: string, meant: string): boolean {
  return distance(word, meant) === 2 && word.split('').sort().join('') === meant.split('').sort().join('');
}

/** Levenshtein. */
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
