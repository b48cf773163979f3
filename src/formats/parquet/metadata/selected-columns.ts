// Selects the columns of a file that are loaded. The reader skips all other columns.

import { UsageError } from '../../../core/errors.js';
import { count } from '../../../core/text.js';
import { MAX_COLUMNS } from '../../line-protocol/exact/column-set.js';
import { buildMapping } from '../../rows/mapping/build-mapping.js';
import { Mapping, type MappingOptions, wantedNames } from '../../rows/mapping/mapping.js';
import type { CellTarget } from '../rows/row-text.js';
import { fieldType, type Leaf, type Node, OTHER } from './parquet-schema.js';

/** A column that is not inside a list, so each row has at most one value. */
export interface FlatColumn {
  readonly node: Node;
  readonly target: CellTarget;
  /** The column name as a JSON key with a colon: `"host":`. */
  readonly key: Uint8Array;
}

/** A top-level column that is a list or contains lists. */
export interface ListColumn {
  readonly node: Node;
  readonly leaves: readonly Node[];
  /** The column name as a JSON key with a colon: `"samples":`. */
  readonly key: Uint8Array;
  /**
   * For each column name to load, the cell that receives the value. `samples.0` is the name for the first element of
   * the list `samples`.
   */
  readonly targets: ReadonlyMap<string, CellTarget>;
  /**
   * For each list of which no option names an element: the index of its cell. A point cannot contain a list, so the
   * encoder rejects a row with a list in this cell.
   */
  readonly lists: ReadonlyMap<string, number>;
}

export interface SelectedColumns {
  readonly mapping: Mapping;
  readonly count: number;
  readonly flat: readonly FlatColumn[];
  readonly lists: readonly ListColumn[];
}

/** Selects the columns to load. Throws UsageError if the options contradict the file. */
export function columnsOf(root: Node, options: MappingOptions): SelectedColumns {
  const tops = root.children.map((node) => ({ node, leaves: leavesOf(node), hasLists: hasList(node) }));
  const wanted = wantedNames(options);
  const all = tops.flatMap(({ node, leaves, hasLists }) =>
    hasLists ? listNames(node, wanted) : leaves.map((leaf) => [leaf.column, leaf.leaf] as const),
  );
  const named = all.length > MAX_COLUMNS ? mappedColumns(all, options) : all;
  const names = named.map(([name]) => name);
  const types = new Map(named.flatMap(([name, leaf]) => (leaf === null ? [] : [[name, fieldType(leaf)]])));
  const mapping = buildMapping(names, options, (name) => types.get(name) ?? null);
  const declared = new Map((options.fields ?? []).map(({ name, type }) => [name, type]));
  const cells = new Map(names.map((name, cell) => [name, cell]));
  const fields = new Set(mapping.fields.map(({ column }) => column));
  const targetOf = (name: string, leaf: Leaf): CellTarget => {
    const cell = mapping.wants(name) ? (cells.get(name) ?? -1) : -1;
    if (cell >= 0 && leaf.kind === OTHER) throw unsupportedType(name, leaf);
    return {
      leaf,
      cell,
      isTime: cell === mapping.time,
      isField: fields.has(cell),
      declared: declared.get(name) ?? null,
    };
  };
  const flat: FlatColumn[] = [];
  const lists: ListColumn[] = [];
  for (const { node, leaves, hasLists } of tops) {
    if (hasLists) {
      const used = listNames(node, wanted).filter(([name]) => mapping.wants(name));
      if (used.length === 0) continue;
      lists.push({
        node,
        leaves,
        key: keyOf(node.column),
        targets: new Map(used.flatMap(([name, leaf]) => (leaf === null ? [] : [[name, targetOf(name, leaf)]]))),
        lists: new Map(used.flatMap(([name, leaf]) => (leaf === null ? [[name, cells.get(name) ?? -1]] : []))),
      });
    } else
      for (const leaf of leaves) {
        const target = targetOf(leaf.column, leaf.leaf!);
        if (target.cell >= 0) flat.push({ node: leaf, target, key: keyOf(leaf.column) });
      }
  }
  return { mapping, count: names.length, flat, lists };
}

type NamedColumn = readonly [name: string, leaf: Leaf | null];

/**
 * Called for a file with more columns than a point may have. Returns only the columns that the options select. Throws
 * UsageError if the options select too many columns.
 */
function mappedColumns(all: readonly NamedColumn[], options: MappingOptions): readonly NamedColumn[] {
  const mapping = new Mapping(
    options,
    all.map(([name]) => name),
  );
  const mapped = all.filter(([name]) => mapping.wants(name));
  if (mapped.length <= MAX_COLUMNS) return mapped;
  throw new UsageError([
    {
      tried: 'mapping the columns',
      expected: `at most ${count(MAX_COLUMNS)} columns in a point`,
      found: count(mapped.length),
      fix: 'name the columns to load with --fields',
    },
  ]);
}

/** Returns all columns that the reader must read. Columns inside lists come last. */
export function selectedLeaves({ flat, lists }: SelectedColumns): Leaf[] {
  return [...flat.map(({ node }) => node), ...lists.flatMap((list) => list.leaves)].map(({ leaf }) => leaf!);
}

/**
 * Returns the names and leaves of all columns at or below a node. If no option names an element of a list, the whole
 * list is one column, and its leaf is null.
 */
function listNames(node: Node, wanted: readonly string[]): NamedColumn[] {
  if (!node.isList)
    return node.leaf === null ? node.children.flatMap((child) => listNames(child, wanted)) : [[node.column, node.leaf]];
  const leaves = leavesOf(node);
  const found = wanted.flatMap((name): NamedColumn[] => {
    if (!name.startsWith(`${node.column}.`)) return [];
    const leaf = elementLeaf(node, leaves, name) ?? mapValueLeaf(node, name);
    return leaf === null ? [] : [[name, leaf]];
  });
  return found.length === 0 ? [[node.column, null]] : found;
}

/** Finds the column for a name with list indexes. For example, `samples.0` is an element of the column `samples`. */
function elementLeaf({ column }: Node, leaves: readonly Node[], name: string): Leaf | null {
  if (!/^\d+(\.|$)/.test(name.slice(column.length + 1))) return null;
  const withoutIndexes = name.replace(/\.\d+(?=\.|$)/g, '');
  return leaves.find((leaf) => leaf.column === withoutIndexes)?.leaf ?? null;
}

/** Finds the column for a name with a key of map `m`: `m.host`, or `m.host.x` if the map's values are groups. */
function mapValueLeaf(node: Node, name: string): Leaf | null {
  if (!node.isMap) return null;
  const [, value] = node.children as [Node, Node];
  const leaf = leavesOf(value).find(({ column }) => name.endsWith(column.slice(value.column.length)));
  return leaf === undefined || hasList(value) ? null : leaf.leaf;
}

function leavesOf(node: Node): Node[] {
  return node.leaf === null ? node.children.flatMap(leavesOf) : [node];
}

function hasList(node: Node): boolean {
  return node.isList || node.children.some(hasList);
}

/** Returns a column name as a JSON key with a colon: `"host":`. */
export function keyOf(name: string): Uint8Array {
  return Buffer.from(`${JSON.stringify(name)}:`);
}

function unsupportedType(name: string, { typeName }: Leaf): UsageError {
  return new UsageError([
    {
      tried: 'mapping the columns',
      expected: 'values that a point can hold',
      found: `${typeName} in column ${name}`,
      fix: 'leave this column out: name the other columns with --fields',
    },
  ]);
}
