// Assembles columns with lists into JSON text, from the levels of their values.

import { type Cells, LIST } from '../../rows/cells.js';
import type { Node } from '../metadata/parquet-schema.js';
import { keyOf, type ListColumn } from '../metadata/selected-columns.js';
import type { PageCursor } from '../pages/page-cursor.js';
import type { CellTarget } from './row-text.js';

/** Receives the text of a row. */
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
  /** The cursor of the first leaf below each node: its levels describe the node. */
  readonly #firstCursor = new Map<Node, PageCursor>();
  readonly #keys = new Map<Node, Uint8Array>();

  /** @param cursors one for each leaf of the column */
  constructor(column: ListColumn, cursors: readonly PageCursor[]) {
    this.#column = column;
    this.cursors = cursors;
    this.#cursorOf = new Map(column.leaves.map((leaf, i) => [leaf, cursors[i]!]));
    this.#index(column.node);
  }

  /** Skips rows. */
  skip(rows: number): void {
    for (const cursor of this.cursors)
      for (let i = 0; i < rows; i++) {
        cursor.next();
        while (cursor.repetition > 0) cursor.next();
      }
  }

  /** Writes the value of the next row. */
  write(sink: TextSink, cells: Cells): void {
    this.#value(this.#column.node, this.#column.node.column, sink, cells);
  }

  #index(node: Node): PageCursor {
    const cursor = this.#cursorOf.get(node) ?? node.children.map((child) => this.#index(child))[0]!;
    this.#firstCursor.set(node, cursor);
    this.#keys.set(node, keyOf(node.name).bytes);
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
      this.#content(node, `${path}.${i++}`, sink, cells);
    } while (cursor.repetition === node.repetition);
    sink.text(CLOSE_LIST);
  }

  #content(node: Node, path: string, sink: TextSink, cells: Cells): void {
    if (node.leaf !== null) {
      const cursor = this.#cursorOf.get(node)!;
      const target = this.#column.targets.get(path) ?? { leaf: node.leaf, cell: -1, isTime: false, declared: null };
      sink.value(target, cursor, cursor.next());
      return;
    }
    const [only] = node.children;
    // The wrapper group of a list or of its element has no name of its own.
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

  #skipNull(node: Node): void {
    const cursor = this.#cursorOf.get(node);
    if (cursor !== undefined) cursor.next();
    for (const child of node.children) this.#skipNull(child);
  }
}
