// Kinds of option values: columns that become tags or fields, constant tags, and databases for contexts of an export.

import { z } from 'zod';
import { fieldTypes, parseField, parseTag, splitColumns } from '../../core/points/column-list.js';
import type { ContextTarget, FolderColumn } from '../../core/types/index.js';
import { list, parsed } from './parsed.js';

export function tags() {
  const expected = 'columns such as host, or h:host to rename column h';
  return list(columns, parsed(z.string(), expected, parseTag), expected);
}

export function fields() {
  const expected = `columns such as temp, temp:float or t:float:temp, with one of the types ${fieldTypes.join(', ')}`;
  return list(columns, parsed(z.string(), expected, parseField), expected);
}

/** Constant tags with their values. A value may contain commas. */
export function constants() {
  const expected = 'KEY=VALUE such as site=berlin';
  return list((text) => [text], parsed(z.string(), expected, constant), expected);
}

function constant(text: string): FolderColumn | null {
  const [, name = '', value = ''] = /^([^=]+)=(.+)$/s.exec(text.trim()) ?? [];
  return name === '' ? null : { name, value };
}

/**
 * Contexts of an InfluxDB export (database and retention policy), each with the database of the target for its points.
 * The name of this database cannot contain an equals sign.
 */
export function contextMap() {
  const expected = 'SOURCE=DB or SOURCE/RP=DB, such as telegraf/autogen=metrics';
  return list((text) => text.split(','), parsed(z.string(), expected, contextTarget), expected);
}

function contextTarget(text: string): ContextTarget | null {
  const [, context = '', db = ''] = /^(.+)=([^=]+)$/s.exec(text.trim()) ?? [];
  return context === '' ? null : { context, db };
}

function columns(text: string): string[] {
  return splitColumns(text, ',').map((column) => column.trim());
}
