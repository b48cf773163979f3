// Names of columns with what is to become of them, as one types them: `host`, `temp:float`, `t\\,x::temp`.

import type { FieldMapping, TagMapping } from '../core/types/index.js';

const fieldTypes = ['float', 'integer', 'unsigned', 'boolean', 'string'] as const;

/** Parts between separators; a backslash takes a separator, or itself, literally. Escapes are kept. */
export function split(text: string, separator: ',' | ':'): string[] {
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

function unescaped(text: string): string {
  return text.replace(/\\([,:\\])/g, '$1');
}

/** `name[:as]`, or what was expected. */
export function parseTag(text: string): TagMapping | string {
  const [name, as = name, ...more] = split(text, ':').map(unescaped);
  if (!name || !as || more.length > 0) return 'columns such as host, or h:host for one of another name';
  return { name, as };
}

/** `name[:type[:as]]`, or what was expected. */
export function parseField(text: string): FieldMapping | string {
  const [name, type = '', as = name, ...more] = split(text, ':').map(unescaped);
  const known = fieldTypes.find((each) => each === type) ?? null;
  if (name && as && more.length === 0 && (known !== null || type === '')) return { name, type: known, as };
  return `columns such as temp, temp:float or t:float:temp, with a type of ${fieldTypes.join(', ')}`;
}

/** Whether it is an offset, or a zone that this Node knows. */
export function isTimezone(text: string): boolean {
  // Asking Node loads what it knows of all zones: 80 ms and more.
  if (text === 'UTC' || /^[+-]\d\d:\d\d$/.test(text)) return true;
  try {
    new Intl.DateTimeFormat('en', { timeZone: text }).format();
    return true;
  } catch {
    return false;
  }
}

/** As it could be typed. */
export function spelled(list: readonly (string | TagMapping | FieldMapping)[]): string {
  return list.map((each) => (typeof each === 'string' ? each : column(each))).join(',');
}

function column(each: TagMapping | FieldMapping): string {
  const type = 'type' in each ? (each.type ?? '') : null;
  const as = each.as === each.name ? [] : [each.as];
  const parts = [each.name, ...(type === null || (type === '' && as.length === 0) ? [] : [type]), ...as];
  return parts.map((part) => part.replace(/[,:\\]/g, '\\$&')).join(':');
}
