// Stores the keys of all objects read so far as a tree. In most objects, each key has the same position as in earlier
// objects. So most keys are found without a search.

import { isUtf8 } from 'node:buffer';
import { MAX_COLUMNS } from '../line-protocol/exact/column-set.js';
import type { Reason } from '../reasons.js';
import type { Cells } from '../rows/cells.js';
import type { KeyTable } from '../rows/kernel/row-kernel.js';
import { type Mapping, nameProblem, wantedNames } from '../rows/mapping/mapping.js';
import { firstValueEnd } from './json-sniff.js';

/** Value of `Entry.column` for a key whose values are not loaded. */
export const NOWHERE = -1;
/** Value of `Entry.column` for a key of which no value has been read so far. */
const UNSEEN = -2;
/** Largest nesting depth of objects and lists. Deeper rows are rejected. */
export const maxDepth = 64;
const maxKeys = 65_536;
// Number of 32-bit words that describe one key for the WebAssembly parser, defined in
// ../kernel/assembly/rows/json-objects.ts.
const KEY_WORDS = 5;
/**
 * Unused bytes after the keys. The WebAssembly parser compares 16 bytes at once, so it may read beyond the last key.
 */
const SLACK = 16;

/** One key in the tree. The parent of a key is the key of the enclosing object. */
export interface Entry {
  /** Column name: the keys from the outermost object on, such as `a.b`. */
  readonly path: string;
  /** The key as the input contains it: the bytes between the quotes, with escapes not decoded. */
  readonly key: Uint8Array;
  /** Position among the keys of the same object, in order of first appearance. */
  readonly index: number;
  /** Column number of the key's values; NOWHERE or UNSEEN if the values have no column. */
  column: number;
  readonly members: Entry[];
  readonly byKey: Map<string, Entry>;
}

export class Keys {
  columns = 0;
  /** Increases whenever a key or column is added. */
  version = 0;
  readonly root: Entry = entryOf('', '', 0);
  readonly #cells: Cells;
  readonly #mapping: Mapping;
  /**
   * Column numbers by path. Several keys may have one path, because a key can be written with escapes: `a` or `\u0061`.
   */
  readonly #byPath = new Map<string, number>();
  #count = 0;

  constructor(cells: Cells, mapping: Mapping) {
    this.#cells = cells;
    this.#mapping = mapping;
    cells.clear(cells.kinds.length);
  }

  /**
   * Returns the key at position `index` of `members` if its bytes and a closing quote begin at offset `from`. Otherwise
   * returns null, and the caller must search for the key.
   */
  expected({ members }: Entry, index: number, bytes: Uint8Array, from: number): Entry | null {
    const member = members[index];
    if (member === undefined) return null;
    const { key } = member;
    for (let i = 0; i < key.length; i++) if (bytes[from + i] !== key[i]) return null;
    return bytes[from + key.length] === 0x22 ? member : null;
  }

  /**
   * Returns the key of the object `parent` whose bytes are [from, to). Adds the key if it is unknown. Returns a reason
   * if the row must be rejected.
   */
  find(parent: Entry, bytes: Uint8Array, from: number, to: number): Entry | Reason {
    const raw = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from);
    const key = raw.toString('latin1');
    const known = parent.byKey.get(key);
    if (known !== undefined) return known;
    if (!isUtf8(raw)) return 'invalid-utf8';
    const name = keyName(raw.toString());
    return name === null ? 'bad-json' : this.#add(parent, key, name);
  }

  /**
   * Returns the key `name` of the outermost object. Adds the key if it is unknown. Returns a reason if there are too
   * many keys.
   */
  named(name: string): Entry | Reason {
    const key = Buffer.from(JSON.stringify(name).slice(1, -1)).toString('latin1');
    return this.root.byKey.get(key) ?? this.#add(this.root, key, name);
  }

  /**
   * Returns the key for a list element. The element's index serves as its key. Returns a reason if there are too many
   * keys.
   */
  element(parent: Entry, index: number): Entry | Reason {
    const key = String(index);
    return parent.byKey.get(key) ?? this.#add(parent, key, key);
  }

  /** Tests whether an option names an element of this key's list, such as `list.0`. */
  hasWantedElement({ path }: Entry): boolean {
    return wantedNames(this.#mapping.options).some(
      (name) => name.startsWith(`${path}.`) && /^\d+(\.|$)/.test(name.slice(path.length + 1)),
    );
  }

  /**
   * Returns the column of a key, or NOWHERE if its values are not loaded. Returns a reason if the row must be rejected.
   */
  columnOf(entry: Entry): number | Reason {
    if (entry.column !== UNSEEN) return entry.column;
    const { path } = entry;
    const column = this.#byPath.get(path) ?? (this.#mapping.wants(path) ? this.#addColumn(path) : NOWHERE);
    if (typeof column === 'string') return column;
    this.#byPath.set(path, column);
    entry.column = column;
    this.version++;
    return column;
  }

  #addColumn(path: string): number | Reason {
    if (this.columns >= MAX_COLUMNS) return 'too-many-columns';
    if (this.#mapping.isConstant(path)) return 'duplicate-column';
    const problem = this.#mapping.isField(path) ? nameProblem(path, true) : null;
    if (problem !== null) return problem;
    this.#mapping.add(this.columns, path);
    this.#cells.reserve(this.columns + 1);
    return this.columns++;
  }

  #add(parent: Entry, key: string, name: string): Entry | Reason {
    if (this.#count === maxKeys) return 'too-many-columns';
    this.#count++;
    const path = parent === this.root ? name : `${parent.path}.${name}`;
    const entry = entryOf(path, key, parent.members.length);
    parent.members.push(entry);
    this.version++;
    parent.byKey.set(key, entry);
    return entry;
  }
}

function entryOf(path: string, key: string, index: number): Entry {
  return { path, key: Buffer.from(key, 'latin1'), index, column: UNSEEN, members: [], byKey: new Map() };
}

/** Decodes the escapes of a key. Returns null for an invalid escape or a lone surrogate, which UTF-8 cannot express. */
function keyName(text: string): string | null {
  if (!text.includes('\\')) return text;
  try {
    const name = JSON.parse(`"${text}"`) as string;
    return /\p{Cs}/u.test(name) ? null : name;
  } catch {
    return null;
  }
}

/** Gives the WebAssembly parser access to the keys. */
export function keyTable(keys: Keys): KeyTable {
  return {
    get version() {
      return keys.version;
    },
    get columns() {
      return keys.columns;
    },
    write: (buffer, from, to) => writeKeys(keys.root, buffer, from, to),
  };
}

/**
 * Writes all keys and their columns to [from, to). Returns the range with the outermost object's keys; null if not all
 * keys fit.
 */
function writeKeys(root: Entry, buffer: ArrayBuffer, from: number, to: number): readonly [number, number] | null {
  const all = descendants(root);
  const bytes = all.reduce((sum, { key }) => sum + key.length, 4 * KEY_WORDS * all.length + SLACK);
  if (bytes > to - from) return null;
  const words = new Int32Array(buffer, from, KEY_WORDS * all.length);
  const texts = new Uint8Array(buffer);
  const firstMember = new Map<Entry, number>();
  let next = 0;
  for (const entry of [root, ...all]) {
    firstMember.set(entry, next);
    next += entry.members.length;
  }
  let text = from + words.byteLength;
  for (const [i, entry] of all.entries()) {
    const { key, column, members } = entry;
    const first = members.length === 0 ? 0 : from + 4 * KEY_WORDS * firstMember.get(entry)!;
    const end = first + 4 * KEY_WORDS * members.length;
    words.set([text, key.length, column, first, end], KEY_WORDS * i);
    texts.set(key, text);
    text += key.length;
  }
  return [from, from + 4 * KEY_WORDS * root.members.length];
}

/** Lists all keys level by level, so that the keys of one object are adjacent. */
function descendants(root: Entry): Entry[] {
  const found = [...root.members];
  for (const entry of found) found.push(...entry.members);
  return found;
}

/**
 * Lists the column names of the object at the beginning of a text. Returns null if no object begins there, or if it is
 * nested too deeply.
 */
export function pathsOf(text: Uint8Array): string[] | null {
  const line = Buffer.from(text.buffer, text.byteOffset, text.length).toString();
  const value = parsed(line) ?? parsed(withoutNonFinite(line.slice(0, firstValueEnd(line))));
  return isObject(value) && !Array.isArray(value) ? memberPaths(value, '', maxDepth) : null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Replaces the literals NaN and Infinity, which are not valid JSON, by null. */
function withoutNonFinite(text: string): string {
  let output = '';
  let from = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (inString && character === '\\') i++;
    else if (character === '"') inString = !inString;
    if (inString || (character !== 'N' && character !== 'I')) continue;
    const literal = ['NaN', 'Infinity'].find((each) => text.startsWith(each, i));
    if (literal === undefined) continue;
    output += `${text.slice(from, text[i - 1] === '-' ? i - 1 : i)}null`;
    from = i + literal.length;
    i = from - 1;
  }
  return output + text.slice(from);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function memberPaths(value: Record<string, unknown>, prefix: string, levels: number): string[] | null {
  if (levels < 0) return null;
  const found: string[] = [];
  for (const [key, member] of Object.entries(value)) {
    const below = isObject(member) ? memberPaths(member, `${prefix}${key}.`, levels - 1) : [`${prefix}${key}`];
    if (below === null) return null;
    for (const each of below) found.push(each);
  }
  return found;
}
