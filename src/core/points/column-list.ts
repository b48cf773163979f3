// Parses column names with an optional type and new name, as users type them: `host`, `temp:float`, `t\,x::temp`.

import type { FieldMapping, TagMapping } from '../types/index.js';

export const fieldTypes = ['float', 'integer', 'unsigned', 'boolean', 'string'] as const;

/** Splits at each separator. A backslash makes the next character literal. The parts still contain the backslashes. */
export function splitColumns(text: string, separator: ',' | ':'): string[] {
  const parts = [''];
  for (let i = 0; i < text.length; i += 1) {
    if (text[i] === separator) parts.push('');
    else {
      const literal = text[i] === '\\' && i + 1 < text.length;
      parts[parts.length - 1] += literal ? text.slice(i, i + 2) : text[i];
      if (literal) i += 1;
    }
  }
  return parts;
}

/** Parses `name[:as]`. Returns null for any other text. */
export function parseTag(text: string): TagMapping | null {
  const [name, as = name, ...more] = splitColumns(text, ':').map(unescaped);
  return name && as && more.length === 0 ? { name, as } : null;
}

/** Parses `name[:type[:as]]`. Returns null for any other text. */
export function parseField(text: string): FieldMapping | null {
  const [name, type = '', as = name, ...more] = splitColumns(text, ':').map(unescaped);
  const known = fieldTypes.find((each) => each === type) ?? null;
  return name && as && more.length === 0 && (known !== null || type === '') ? { name, type: known, as } : null;
}

/** Formats a list of columns as a user could type the list. */
export function formatColumns(list: readonly (string | TagMapping | FieldMapping)[]): string {
  return list.map((each) => (typeof each === 'string' ? each : formatColumn(each))).join(',');
}

function formatColumn(column: TagMapping | FieldMapping): string {
  const type = 'type' in column ? (column.type ?? '') : null;
  const as = column.as === column.name ? [] : [column.as];
  const parts = [column.name, ...(type === null || (type === '' && as.length === 0) ? [] : [type]), ...as];
  return parts.map((part) => part.replace(/[,:\\]/g, '\\$&')).join(':');
}

function unescaped(text: string): string {
  return text.replace(/\\([,:\\])/g, '$1');
}
