// Parses the datatypes of annotated CSV. A datatype states which part of a point the column becomes, and the type and
// notation of its values.

import { isUtf8 } from 'node:buffer';
import { quoteString } from '../../../core/points/line-protocol.js';
import { entryOf } from '../../../core/text.js';
import type { FieldTypeName } from '../../rows/mapping/mapping.js';
import type { ValueReading } from '../../rows/values/value-writer.js';
import { strptimeOf } from '../../timestamps/go-layout.js';
import { parseGoDuration } from './go-duration.js';

export type PointPart = 'measurement' | 'tag' | 'field' | 'time' | 'ignored';

/** The declaration of a column. */
export interface ColumnDeclaration {
  /** The part of a point that the column becomes; null if the column's name and `#group` decide the part. */
  readonly part: PointPart | null;
  readonly type: FieldTypeName | null;
  readonly reading: ValueReading | null;
  /** The time format, in the syntax of `--time-format`. */
  readonly timeFormat: string | null;
  /**
   * Notation of numbers: the decimal separator, followed by the characters to remove. `,.` reads `1.234,5` as `1234.5`.
   */
  readonly numberFormat: string | null;
  /** Value to use for empty cells. */
  readonly fallback: string;
}

export const undeclared: ColumnDeclaration = {
  part: null,
  type: null,
  reading: null,
  timeFormat: null,
  numberFormat: null,
  fallback: '',
};

/** Datatypes of InfluxDB whose text must be converted into a value of line protocol. */
const conversions: Readonly<Record<string, { type: FieldTypeName; convert: (text: string) => string | null }>> = {
  duration: { type: 'integer', convert: durationText },
  base64Binary: { type: 'string', convert: base64Text },
};

const types: Readonly<Record<string, FieldTypeName>> = {
  string: 'string',
  double: 'float',
  long: 'integer',
  unsignedLong: 'unsigned',
  boolean: 'boolean',
};

/** The datatypes, for messages. */
export const datatypeNames =
  'measurement, tag, dateTime, time, field, ignored, string, double, long, unsignedLong, boolean, duration, base64Binary';

/** Parses `double`, `dateTime:RFC3339` or `boolean:y:n|y`; null for an unknown datatype or format. */
export function datatypeOf(text: string): ColumnDeclaration | null {
  const bar = text.indexOf('|');
  const fallback = bar > 1 ? text.slice(bar + 1) : '';
  const [name = '', format = null] = split(bar > 1 ? text.slice(0, bar) : text);
  const base = { ...undeclared, fallback };
  if (name === '') return format === null ? base : null;
  if (name === 'measurement' || name === 'tag') return { ...base, part: name };
  if (/^ignored?$/.test(name)) return { ...base, part: 'ignored' };
  if (name === 'field') return { ...base, part: 'field', reading: { kind: 'literal' } };
  if (name === 'dateTime' || name === 'time') return timeOf(format, base);
  const conversion = entryOf(conversions, name);
  if (conversion !== undefined && format === null)
    return { ...base, type: conversion.type, reading: { kind: 'converted', convert: conversion.convert } };
  const type = entryOf(types, name);
  if (type === undefined) return null;
  if (type === 'boolean' && (format === null || format.includes(':')))
    return { ...base, type, reading: { kind: 'words', words: wordsOf(format) } };
  if (format !== null && (type === 'string' || !/^[ -~]+$/.test(format))) return null;
  return type === 'boolean' ? null : { ...base, type, numberFormat: numberFormatOf(type, format) };
}

/**
 * Removes the prefix `strict` from the format of an integer. `strict` forbids fractions, but an integer with a fraction
 * is rejected in any case.
 */
function numberFormatOf(type: FieldTypeName, format: string | null): string | null {
  if (type !== 'integer' && type !== 'unsigned') return format;
  return format?.replace(/^strict/, '') || null;
}

function durationText(text: string): string | null {
  const nanoseconds = parseGoDuration(text.trim());
  return nanoseconds === null ? null : `${nanoseconds}i`;
}

/** Decodes base64 to a string of line protocol; null for bytes that a string cannot contain. */
function base64Text(text: string): string | null {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) return null;
  const bytes = Buffer.from(text, 'base64');
  if (!isUtf8(bytes) || bytes.includes(0) || bytes.includes('\\"')) return null;
  return quoteString(bytes.toString());
}

function split(text: string): string[] {
  const colon = text.indexOf(':');
  return colon < 0 ? [text.trim()] : [text.slice(0, colon).trim(), text.slice(colon + 1)];
}

function timeOf(format: string | null, base: ColumnDeclaration): ColumnDeclaration | null {
  const known: Readonly<Record<string, string>> = { RFC3339: 'rfc3339', RFC3339Nano: 'rfc3339', number: 'number' };
  const timeFormat = format === null ? 'auto' : (entryOf(known, format) ?? strptimeOf(format));
  return timeFormat === null ? null : { ...base, part: 'time', timeFormat };
}

/**
 * Parses a boolean format such as `y,Y:n,N`: the words for true, then the words for false. If one list is empty, it
 * stands for all words outside the other list: with `y:`, every word except `y` is false. Without a format, the first
 * letter of a word decides.
 */
function wordsOf(format: string | null): (word: string) => boolean | null {
  if (format === null) return (word) => (/^[tTyY1]/.test(word) ? true : /^[fFnN0]/.test(word) ? false : null);
  const [truthy = '', falsy = ''] = format.split(':');
  const [yes, no] = [truthy, falsy].map((list) => (list === '' ? [] : list.split(',')));
  const other = no!.length === 0 ? false : yes!.length === 0 ? true : null;
  return (word) => (no!.includes(word) ? false : yes!.includes(word) ? true : other);
}
