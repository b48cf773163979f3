// What `#datatype` and `#constant` of annotated CSV say of a column: its part of the point, its type, and how its values are written.

import type { FieldTypeName } from '../../rows/mapping/mapping.js';
import type { ValueReading } from '../../rows/values/value-writer.js';
import { strptimeOf } from '../../timestamps/go-layout.js';

export type PointPart = 'measurement' | 'tag' | 'field' | 'time' | 'ignored';

/** What a column was said to be. */
export interface Declared {
  /** Null: what its name and `#group` make of it. */
  readonly part: PointPart | null;
  readonly type: FieldTypeName | null;
  readonly reading: ValueReading | null;
  /** Of a time, as `--time-format` takes it. */
  readonly timeFormat: string | null;
  /** Of a number: what stands before its fraction, then what is to be left out. */
  readonly numberFormat: string | null;
  /** Of a cell that is empty. */
  readonly fallback: string;
}

export const undeclared: Declared = {
  part: null,
  type: null,
  reading: null,
  timeFormat: null,
  numberFormat: null,
  fallback: '',
};

const types: Readonly<Record<string, FieldTypeName>> = {
  string: 'string',
  double: 'float',
  long: 'integer',
  unsignedLong: 'unsigned',
  boolean: 'boolean',
};

/** As they are listed where another was found. */
export const datatypeNames =
  'measurement, tag, dateTime, time, field, ignored, string, double, long, unsignedLong, boolean';

/** `double`, `dateTime:RFC3339`, `boolean:y:n|y`; null for a datatype or format that is none of those known. */
export function datatypeOf(text: string): Declared | null {
  const bar = text.indexOf('|');
  const fallback = bar > 1 ? text.slice(bar + 1) : '';
  const [name = '', format = null] = split(bar > 1 ? text.slice(0, bar) : text);
  const said = { ...undeclared, fallback };
  if (name === '') return format === null ? said : null;
  if (name === 'measurement' || name === 'tag') return { ...said, part: name };
  if (/^ignored?$/.test(name)) return { ...said, part: 'ignored' };
  if (name === 'field') return { ...said, part: 'field', reading: { kind: 'literal' } };
  if (name === 'dateTime' || name === 'time') return timeOf(format, said);
  const type = types[name];
  if (type === undefined) return null;
  if (type === 'boolean' && (format === null || format.includes(':')))
    return { ...said, type, reading: { kind: 'words', words: wordsOf(format) } };
  if (format !== null && (type === 'string' || !/^[ -~]+$/.test(format))) return null;
  return type === 'boolean' ? null : { ...said, type, numberFormat: format };
}

function split(text: string): string[] {
  const colon = text.indexOf(':');
  return colon < 0 ? [text.trim()] : [text.slice(0, colon).trim(), text.slice(colon + 1)];
}

function timeOf(format: string | null, said: Declared): Declared | null {
  const known: Readonly<Record<string, string>> = { RFC3339: 'rfc3339', RFC3339Nano: 'rfc3339', number: 'number' };
  const timeFormat = format === null ? 'auto' : (known[format] ?? strptimeOf(format));
  return timeFormat === null ? null : { ...said, part: 'time', timeFormat };
}

/** `y,Y:n,N`: words for true, and for false; an empty list stands for all others. Without a format, by the first letter. */
function wordsOf(format: string | null): (word: string) => boolean | null {
  if (format === null) return (word) => (/^[tTyY1]/.test(word) ? true : /^[fFnN0]/.test(word) ? false : null);
  const [truthy = '', falsy = ''] = format.split(':');
  const [yes, no] = [truthy, falsy].map((list) => (list === '' ? [] : list.split(',')));
  const other = no!.length === 0 ? false : yes!.length === 0 ? true : null;
  return (word) => (no!.includes(word) ? false : yes!.includes(word) ? true : other);
}
