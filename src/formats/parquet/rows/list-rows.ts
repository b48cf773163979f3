// Rows with lists in them, put together from the levels at which their values stand, as JSON text.

import { type Cells, LIST } from '../../rows/cells.js';
import type { Node } from '../metadata/parquet-schema.js';
import { keyOf, type ListColumn } from '../metadata/selected-columns.js';
import type { PageCursor } from '../pages/page-cursor.js';
import type { TextRange } from './row-text.js';

/** Where text is written. */
export interface Pen {
  at: number;
  text(bytes: Uint8Array): void;
  value(place: TextRange, cursor: PageCursor, value: number): void;
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
  readonly #of: ReadonlyMap<Node, PageCursor>;
  readonly #first = new Map<Node, PageCursor>();
  readonly #keys = new Map<Node, Uint8Array>();

  /** @param cursors of its leaves */
  constructor(column: ListColumn, cursors: readonly PageCursor[]) {
    this.#column = column;
    this.cursors = cursors;
    this.#of = new Map(column.leaves.map((leaf, i) => [leaf, cursors[i]!]));
    this.#enter(column.node);
  }

  /** Passes over rows. */
  skip(rows: number): void {
    for (const cursor of this.cursors)
      for (let i = 0; i < rows; i++) {
        cursor.pass();
        while (cursor.repetition > 0) cursor.pass();
      }
  }

  write(pen: Pen, cells: Cells): void {
    this.#value(this.#column.node, this.#column.node.column, pen, cells);
  }

  #enter(node: Node): PageCursor {
    const cursor = this.#of.get(node) ?? node.children.map((child) => this.#enter(child))[0]!;
    this.#first.set(node, cursor);
    this.#keys.set(node, keyOf(node.name).bytes);
    return cursor;
  }

  #value(node: Node, path: string, pen: Pen, cells: Cells): void {
    const isThere = this.#first.get(node)!.definition >= node.definition;
    const list = node.isList ? this.#column.lists.get(node.column) : undefined;
    if (list !== undefined) {
      cells.kinds[list] = LIST;
      cells.starts[list] = pen.at;
      cells.ends[list] = pen.at;
    }
    if (isThere) {
      if (node.isList) this.#list(node, path, pen, cells);
      else this.#content(node, path, pen, cells);
      return;
    }
    this.#pass(node);
    if (node.isList) pen.text(OPEN_LIST);
    pen.text(node.isList ? CLOSE_LIST : NULL);
  }

  #list(node: Node, path: string, pen: Pen, cells: Cells): void {
    const cursor = this.#first.get(node)!;
    pen.text(OPEN_LIST);
    let i = 0;
    do {
      if (i > 0) pen.text(COMMA);
      this.#content(node, `${path}.${i++}`, pen, cells);
    } while (cursor.repetition === node.repetition);
    pen.text(CLOSE_LIST);
  }

  #content(node: Node, path: string, pen: Pen, cells: Cells): void {
    if (node.leaf !== null) {
      const cursor = this.#of.get(node)!;
      const place = this.#column.places.get(path) ?? { leaf: node.leaf, cell: -1, isTime: false, asked: null };
      pen.value(place, cursor, cursor.pass());
      return;
    }
    const [only] = node.children;
    // What wraps a list, or an element of one.
    if (node.children.length === 1 && only!.column === node.column) {
      this.#value(only!, path, pen, cells);
      return;
    }
    pen.text(OPEN);
    for (const [i, child] of node.children.entries()) {
      if (i > 0) pen.text(COMMA);
      pen.text(this.#keys.get(child)!);
      this.#value(child, `${path}.${child.name}`, pen, cells);
    }
    pen.text(CLOSE);
  }

  #pass(node: Node): void {
    const cursor = this.#of.get(node);
    if (cursor !== undefined) cursor.pass();
    for (const child of node.children) this.#pass(child);
  }
}
