// The keys that objects have had, as a tree: from the bytes of a key to its place in it, mostly by a look at where the key
// stood in the object before.

import { isUtf8 } from 'node:buffer';
import { MAX_COLUMNS } from '../line-protocol/exact/column-set.js';
import type { Reason } from '../reasons.js';
import type { Cells } from '../rows/cells.js';
import { type Mapping, nameProblem, wantedNames } from '../rows/mapping/mapping.js';

/** Its values go nowhere. */
export const NOWHERE = -1;
/** No value was seen yet, so it has no column. */
const UNSEEN = -2;
/** Keys that are remembered, whatever becomes of them. */
const mostKeys = 65_536;

/** One key at one place of an object. */
export interface Entry {
  /** `a.b`: the name of the column. */
  readonly path: string;
  /** The key's bytes as they stand between the quotes. */
  readonly key: Uint8Array;
  /** Place among its siblings, in the order in which they were first seen. */
  readonly index: number;
  /** Where its values go. */
  column: number;
  readonly members: Entry[];
  readonly byKey: Map<string, Entry>;
}

export class Keys {
  columns = 0;
  /** Of the tree and of the columns in it. */
  version = 0;
  readonly root: Entry = entryOf('', '', 0);
  readonly #cells: Cells;
  readonly #mapping: Mapping;
  /** Columns by path: a key may be spelled in several ways. */
  readonly #byPath = new Map<string, number>();
  #count = 0;

  constructor(cells: Cells, mapping: Mapping) {
    this.#cells = cells;
    this.#mapping = mapping;
    cells.clear(cells.kinds.length);
  }

  /** The member that stood at this place in the object before, if its key is what begins at `from`. */
  expected({ members }: Entry, index: number, bytes: Uint8Array, from: number): Entry | null {
    const member = members[index];
    if (member === undefined) return null;
    const { key } = member;
    for (let i = 0; i < key.length; i++) if (bytes[from + i] !== key[i]) return null;
    return bytes[from + key.length] === 0x22 ? member : null;
  }

  /** The member with the key in [from, to), or why there can be none. */
  find(parent: Entry, bytes: Uint8Array, from: number, to: number): Entry | Reason {
    const raw = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from);
    const key = raw.toString('latin1');
    const known = parent.byKey.get(key);
    if (known !== undefined) return known;
    if (!isUtf8(raw)) return 'invalid-utf8';
    const name = keyName(raw.toString());
    return name === null ? 'bad-json' : this.#add(parent, key, name);
  }

  element(parent: Entry, index: number): Entry | Reason {
    const key = String(index);
    return parent.byKey.get(key) ?? this.#add(parent, key, key);
  }

  /** Whether some element of a list there was asked for. */
  isPicked({ path }: Entry): boolean {
    return wantedNames(this.#mapping.options).some(
      (name) => name.startsWith(`${path}.`) && /^\d+(\.|$)/.test(name.slice(path.length + 1)),
    );
  }

  /** The column of its values, NOWHERE, or why it cannot become one. */
  columnOf(entry: Entry): number | Reason {
    if (entry.column !== UNSEEN) return entry.column;
    const { path } = entry;
    const known = this.#byPath.get(path) ?? (this.#mapping.wants(path) ? this.#added(path) : NOWHERE);
    if (typeof known === 'string') return known;
    this.#byPath.set(path, known);
    entry.column = known;
    this.version++;
    return known;
  }

  #added(path: string): number | Reason {
    if (this.columns >= MAX_COLUMNS) return 'too-many-columns';
    const problem = this.#mapping.isField(path) ? nameProblem(path, true) : null;
    if (problem !== null) return problem;
    this.#mapping.add(this.columns, path);
    this.#cells.reserve(this.columns + 1);
    return this.columns++;
  }

  #add(parent: Entry, key: string, name: string): Entry | Reason {
    if (this.#count === mostKeys) return 'too-many-columns';
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

/** What a key between its quotes says; null when it is none, or holds half of a surrogate pair, which has no UTF-8. */
function keyName(text: string): string | null {
  if (!text.includes('\\')) return text;
  try {
    const name = JSON.parse(`"${text}"`) as string;
    return /\p{Cs}/u.test(name) ? null : name;
  } catch {
    return null;
  }
}
