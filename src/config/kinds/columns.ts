// Lists of columns that become tags or fields.

import { z } from 'zod';
import { fieldTypes, parseField, parseTag, splitColumns } from '../../core/points/column-list.js';
import { list, parsed } from './parsed.js';

export function tags() {
  const expected = 'columns such as host, or h:host to rename column h';
  return list(columns, parsed(z.string(), expected, parseTag), expected);
}

export function fields() {
  const expected = `columns such as temp, temp:float or t:float:temp, with one of the types ${fieldTypes.join(', ')}`;
  return list(columns, parsed(z.string(), expected, parseField), expected);
}

function columns(text: string): string[] {
  return splitColumns(text, ',').map((column) => column.trim());
}
