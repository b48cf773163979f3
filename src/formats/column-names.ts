// Names of columns, each held once however many shapes have it, and none of them as a part of the point it was read from:
// V8 keeps the whole of a text for as long as a piece of it is in use.

import type { Column, ColumnType } from '../core/types/index.js';

const most = 16_384;
/** Longer ones are rarely shared. Characters. */
const longest = 256;

const columns: Record<ColumnType, Map<string, Column>> = {
  tag: new Map(),
  float: new Map(),
  integer: new Map(),
  unsigned: new Map(),
  boolean: new Map(),
  string: new Map(),
};

/** The same text, in memory of its own. */
export function ownText(text: string): string {
  return Buffer.from(text).toString();
}

/** A column; the same object for the same name and type, as long as there are not too many. */
export function columnOf(name: string, type: ColumnType): Column {
  const known = columns[type].get(name);
  if (known !== undefined) return known;
  const column = { name: ownText(name), type };
  if (columns[type].size < most && name.length <= longest) columns[type].set(column.name, column);
  return column;
}
