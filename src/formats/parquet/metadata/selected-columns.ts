// Which columns of a file become part of points, and how: those that nobody asks for are not read at all.

import { UsageError } from '../../../core/errors.js';
import { copySlack } from '../../rows/copy-bytes.js';
import { buildMapping } from '../../rows/mapping/build-mapping.js';
import { type Mapping, type MappingOptions, wantedNames } from '../../rows/mapping/mapping.js';
import type { TextRange } from '../rows/row-text.js';
import { fieldType, type Leaf, type Node, OTHER } from './parquet-schema.js';

/** The name of a column as JSON, with its colon. */
export interface Key {
  readonly bytes: Uint8Array;
  /** Of the same, and as many bytes behind it as a copy may read. */
  readonly view: DataView;
}

/** A column whose rows have one value at most. */
export interface FlatColumn {
  readonly node: Node;
  readonly place: TextRange;
  readonly key: Key;
}

/** A column at the top with lists somewhere in it. */
export interface ListColumn {
  readonly node: Node;
  readonly leaves: readonly Node[];
  readonly key: Key;
  /** By path, elements of lists by their number: `samples.0`. */
  readonly places: ReadonlyMap<string, TextRange>;
  /** Numbers of the columns that are lists, by path. */
  readonly lists: ReadonlyMap<string, number>;
}

export interface SelectedColumns {
  readonly mapping: Mapping;
  readonly count: number;
  readonly flat: readonly FlatColumn[];
  readonly lists: readonly ListColumn[];
}

/** Throws UsageError when the columns are not those that the options speak of. */
export function columnsOf(root: Node, options: MappingOptions): SelectedColumns {
  const tops = root.children.map((node) => ({ node, leaves: leavesOf(node), hasLists: hasList(node) }));
  const picks = wantedNames(options);
  const named = tops.flatMap(({ node, leaves, hasLists }) =>
    hasLists ? listNames(node, picks) : leaves.map((leaf) => [leaf.column, leaf.leaf] as const),
  );
  const names = named.map(([name]) => name);
  const types = new Map(named.flatMap(([name, leaf]) => (leaf === null ? [] : [[name, fieldType(leaf)]])));
  const mapping = buildMapping(names, options, (name) => types.get(name) ?? null);
  const asked = new Map((options.fields ?? []).map(({ name, type }) => [name, type]));
  const placeOf = (name: string, leaf: Leaf): TextRange => {
    const column = names.indexOf(name);
    const isUsed = mapping.wants(name) && column >= 0;
    if (isUsed && leaf.kind === OTHER) throw unknown(name, leaf);
    return { leaf, cell: isUsed ? column : -1, isTime: column === mapping.time, asked: asked.get(name) ?? null };
  };
  const flat: FlatColumn[] = [];
  const lists: ListColumn[] = [];
  for (const { node, leaves, hasLists } of tops) {
    if (hasLists) {
      const used = listNames(node, picks).filter(([name]) => mapping.wants(name));
      if (used.length === 0) continue;
      lists.push({
        node,
        leaves,
        key: keyOf(node.column),
        places: new Map(used.flatMap(([name, leaf]) => (leaf === null ? [] : [[name, placeOf(name, leaf)]]))),
        lists: new Map(used.flatMap(([name, leaf]) => (leaf === null ? [[name, names.indexOf(name)]] : []))),
      });
    } else
      for (const leaf of leaves) {
        const place = placeOf(leaf.column, leaf.leaf!);
        if (place.cell >= 0) flat.push({ node: leaf, place, key: keyOf(leaf.column) });
      }
  }
  return { mapping, count: names.length, flat, lists };
}

/** Columns of values, and null for lists of which no element is picked. */
function listNames(node: Node, picks: readonly string[]): (readonly [string, Leaf | null])[] {
  if (!node.isList)
    return node.leaf === null ? node.children.flatMap((child) => listNames(child, picks)) : [[node.column, node.leaf]];
  const picked = picks.filter(
    (name) => name.startsWith(`${node.column}.`) && /^\d+(\.|$)/.test(name.slice(node.column.length + 1)),
  );
  if (picked.length === 0) return [[node.column, null]];
  const plain = (path: string): string => path.replace(/\.\d+(?=\.|$)/g, '');
  return picked.flatMap((name) => {
    const leaf = leavesOf(node).find(({ column }) => column === plain(name));
    return leaf === undefined ? [] : [[name, leaf.leaf] as const];
  });
}

function leavesOf(node: Node): Node[] {
  return node.leaf === null ? node.children.flatMap(leavesOf) : [node];
}

function hasList(node: Node): boolean {
  return node.isList || node.children.some(hasList);
}

export function keyOf(name: string): Key {
  const text = Buffer.from(`${JSON.stringify(name)}:`);
  const memory = new Uint8Array(text.length + copySlack);
  memory.set(text);
  return { bytes: memory.subarray(0, text.length), view: new DataView(memory.buffer) };
}

function unknown(name: string, { called }: Leaf): UsageError {
  return new UsageError([
    `mapping the columns — expected values that a point can hold — got ${called} in column ${name} — leave it out: name the others with --fields`,
  ]);
}
