// The keys as the kernel reads them: for each its bytes, its column, and where those of an object there lie; siblings in
// the order in which they were first seen.

import type { KeyTable } from '../rows/kernel/row-kernel.js';
import type { Entry, Keys } from './key-tree.js';

// Of a key, as in ../kernel/assembly/rows/object.ts.
const KEY_WORDS = 5;
/** The kernel compares 16 bytes at once. */
const SLACK = 16;

export function keyTable(keys: Keys): KeyTable {
  return {
    get version() {
      return keys.version;
    },
    get columns() {
      return keys.columns;
    },
    write: (buffer, from, to) => write(keys.root, buffer, from, to),
  };
}

/** @returns where the outermost keys lie; null when there is no room for all */
function write(root: Entry, buffer: ArrayBuffer, from: number, to: number): readonly [number, number] | null {
  const all = descendants(root);
  const bytes = all.reduce((sum, { key }) => sum + key.length, 4 * KEY_WORDS * all.length + SLACK);
  if (bytes > to - from) return null;
  const words = new Int32Array(buffer, from, KEY_WORDS * all.length);
  const texts = new Uint8Array(buffer);
  const places = new Map<Entry, number>();
  let next = 0;
  for (const entry of [root, ...all]) {
    places.set(entry, next);
    next += entry.members.length;
  }
  let text = from + words.byteLength;
  for (const [i, entry] of all.entries()) {
    const { key, column, members } = entry;
    const first = members.length === 0 ? 0 : from + 4 * KEY_WORDS * places.get(entry)!;
    const end = first + 4 * KEY_WORDS * members.length;
    words.set([text, key.length, column, first, end], KEY_WORDS * i);
    texts.set(key, text);
    text += key.length;
  }
  return [from, from + 4 * KEY_WORDS * root.members.length];
}

/** All below, in such an order that siblings are together, and behind their parent's. */
function descendants(root: Entry): Entry[] {
  const found = [...root.members];
  for (const entry of found) found.push(...entry.members);
  return found;
}
