// Writes columns with lists as JSON text. The repetition and definition levels show where lists and elements begin.

import { type Cells, LIST } from '../../rows/cells.js';
import { BYTES, INT, type Leaf, type Node, UINT } from '../metadata/parquet-schema.js';
import { keyOf, type ListColumn } from '../metadata/selected-columns.js';
import type { PageCursor } from '../pages/page-cursor.js';
import type { CellTarget } from './row-text.js';

/** Receives the JSON text of a row, part by part. */
export interface TextSink {
  at: number;
  text(bytes: Uint8Array): void;
  value(target: CellTarget, cursor: PageCursor, value: number): void;
}

const NULL = Buffer.from('null');
const [OPEN, CLOSE, OPEN_LIST, CLOSE_LIST, COMMA] = ['{', '}', '[', ']', ','].map((text) => Buffer.from(text)) as [
  Buffer,
  Buffer,
  Buffer,
  Buffer,
  Buffer,
];

export class ListRows {
  readonly cursors: readonly PageCursor[];
  readonly #column: ListColumn;
  readonly #cursorOf: ReadonlyMap<Node, PageCursor>;
  /**
   * For each node: the cursor of the first column below the node, or of the node itself if it is a column. The levels
   * of this column show whether the node has a value.
   */
  readonly #firstCursor = new Map<Node, PageCursor>();
  readonly #keys = new Map<Node, Uint8Array>();
  /**
   * Names of the columns to load, and the beginnings of these names: `m.host.x`, `m.host` and `m`. The set decides
   * whether a map key is part of the path of a value.
   */
  readonly #wantedPaths = new Set<string>();

  /** @param cursors one cursor for each column of values inside the list */
  constructor(column: ListColumn, cursors: readonly PageCursor[]) {
    this.#column = column;
    this.cursors = cursors;
    this.#cursorOf = new Map(column.leaves.map((leaf, i) => [leaf, cursors[i]!]));
    this.#index(column.node);
    for (const path of column.targets.keys()) {
      const parts = path.split('.');
      for (let i = 1; i <= parts.length; i++) this.#wantedPaths.add(parts.slice(0, i).join('.'));
    }
  }

  /** Skips this many rows. */
  skip(rows: number): void {
    for (const cursor of this.cursors)
      for (let i = 0; i < rows; i++) {
        cursor.next();
        while (cursor.repetition > 0) cursor.next();
      }
  }

  /** Writes the value of the column for the next row. */
  write(sink: TextSink, cells: Cells): void {
    this.#value(this.#column.node, this.#column.node.column, sink, cells);
  }

  #index(node: Node): PageCursor {
    const cursor = this.#cursorOf.get(node) ?? node.children.map((child) => this.#index(child))[0]!;
    this.#firstCursor.set(node, cursor);
    this.#keys.set(node, keyOf(node.name));
    return cursor;
  }

  #value(node: Node, path: string, sink: TextSink, cells: Cells): void {
    const isPresent = this.#firstCursor.get(node)!.definition >= node.definition;
    const list = node.isList ? this.#column.lists.get(node.column) : undefined;
    if (list !== undefined) {
      cells.kinds[list] = LIST;
      cells.starts[list] = sink.at;
      cells.ends[list] = sink.at;
    }
    if (isPresent) {
      if (node.isList) this.#list(node, path, sink, cells);
      else this.#content(node, path, sink, cells);
      return;
    }
    this.#skipNull(node);
    if (node.isList) sink.text(OPEN_LIST);
    sink.text(node.isList ? CLOSE_LIST : NULL);
  }

  #list(node: Node, path: string, sink: TextSink, cells: Cells): void {
    const cursor = this.#firstCursor.get(node)!;
    sink.text(OPEN_LIST);
    let i = 0;
    do {
      if (i > 0) sink.text(COMMA);
      if (node.isMap) this.#mapEntry(node, path, i++, sink, cells);
      else this.#content(node, `${path}.${i++}`, sink, cells);
    } while (cursor.repetition === node.repetition);
    sink.text(CLOSE_LIST);
  }

  #content(node: Node, path: string, sink: TextSink, cells: Cells): void {
    if (node.leaf !== null) {
      const cursor = this.#cursorOf.get(node)!;
      sink.value(this.#target(node.leaf, path), cursor, cursor.next());
      return;
    }
    const [only] = node.children;
    // A group that only wraps the elements of a list adds no name to the path.
    if (node.children.length === 1 && only!.column === node.column) {
      this.#value(only!, path, sink, cells);
      return;
    }
    sink.text(OPEN);
    for (const [i, child] of node.children.entries()) {
      if (i > 0) sink.text(COMMA);
      sink.text(this.#keys.get(child)!);
      this.#value(child, `${path}.${child.name}`, sink, cells);
    }
    sink.text(CLOSE);
  }

  /**
   * Writes one entry of a map. The path of the value contains the key (`m.host`) if the column of this name is loaded.
   * Otherwise, the path contains the index (`m.0.value`).
   */
  #mapEntry(node: Node, path: string, i: number, sink: TextSink, cells: Cells): void {
    const [key, value] = node.children as [Node, Node];
    let name: string | null = null;
    sink.text(OPEN);
    sink.text(this.#keys.get(key)!);
    if (key.leaf === null) this.#value(key, `${path}.${i}.${key.name}`, sink, cells);
    else {
      const cursor = this.#cursorOf.get(key)!;
      const index = cursor.next();
      name = index < 0 ? null : mapKey(key.leaf, cursor, index);
      sink.value(this.#target(key.leaf, `${path}.${i}.${key.name}`), cursor, index);
    }
    sink.text(COMMA);
    sink.text(this.#keys.get(value)!);
    const byKey = `${path}.${name}`;
    const isByKey = name !== null && this.#wantedPaths.has(byKey);
    this.#value(value, isByKey ? byKey : `${path}.${i}.${value.name}`, sink, cells);
    sink.text(CLOSE);
  }

  #target(leaf: Leaf, path: string): CellTarget {
    return this.#column.targets.get(path) ?? { leaf, cell: -1, isTime: false, isField: false, declared: null };
  }

  #skipNull(node: Node): void {
    const cursor = this.#cursorOf.get(node);
    if (cursor !== undefined) cursor.next();
    for (const child of node.children) this.#skipNull(child);
  }
}

/** Returns a map key as text if the key is text or an integer; null for other types. */
function mapKey(leaf: Leaf, cursor: PageCursor, index: number): string | null {
  const { view, from } = cursor.values;
  if (leaf.kind === BYTES) {
    cursor.locate(index, leaf.width);
    return Buffer.from(cursor.source.subarray(cursor.from, cursor.to)).toString();
  }
  if (leaf.kind !== INT && leaf.kind !== UINT) return null;
  const at = from + index * leaf.width;
  const value = leaf.width === 8 ? view.getBigInt64(at, true) : BigInt(view.getInt32(at, true));
  return String(leaf.kind === INT ? value : BigInt.asUintN(8 * leaf.width, value));
}
