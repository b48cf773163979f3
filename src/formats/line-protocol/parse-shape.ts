// From a good point to its shape: the names of its table and columns, unescaped, and the types of its fields.

import type { Column, ColumnType, Shape } from '../../core/types/index.js';
import { columnOf, ownText } from '../column-names.js';

function end(text: string, from: number, stops: string): number {
  let p = from;
  while (p < text.length && !stops.includes(text[p]!)) p += text[p] === '\\' ? 2 : 1;
  return p;
}

function stringEnd(text: string, from: number): number {
  let p = from + 1;
  while (text[p] !== '"') p += text[p] === '\\' ? 2 : 1;
  return p + 1;
}

function fieldType(value: string): ColumnType {
  if (value.startsWith('"')) return 'string';
  if (value.endsWith('i')) return 'integer';
  if (value.endsWith('u')) return 'unsigned';
  return /^[tTfF]/.test(value) ? 'boolean' : 'float';
}

function unescapeName(text: string): string {
  return text.replace(/\\([,= ])/g, '$1');
}

/** Shape of a point that was found good, from its bytes as they are to be sent. */
export function parseShape(point: Uint8Array): Shape {
  const text = Buffer.from(point.buffer, point.byteOffset, point.length).toString();
  const columns: Column[] = [];
  let p = end(text, 0, ', ');
  const table = ownText(text.slice(0, p).replace(/\\([, ])/g, '$1'));
  while (text[p] === ',') {
    const equals = end(text, p + 1, '=');
    columns.push(columnOf(unescapeName(text.slice(p + 1, equals)), 'tag'));
    p = end(text, equals + 1, ', ');
  }
  while (text[p] === ' ') p++;
  for (;;) {
    const equals = end(text, p, '=');
    const name = unescapeName(text.slice(p, equals));
    p = text[equals + 1] === '"' ? stringEnd(text, equals + 1) : end(text, equals + 1, ', ');
    columns.push(columnOf(name, fieldType(text.slice(equals + 1, p))));
    if (text[p] !== ',') return { table, columns };
    p++;
  }
}
