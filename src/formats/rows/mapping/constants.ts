// Columns with one value for all rows of an input: folders such as `host=a`, and the tags of --add-tag. Their text is encoded
// once.

import { UsageError } from '../../../core/errors.js';
import type { FieldMapping, FolderColumn } from '../../../core/types/index.js';
import { reasons } from '../../reasons.js';
import { BARE } from '../cells.js';
import { typeNames, UNKNOWN } from '../values/field-types.js';
import { putName, reasonOf } from '../values/put-value.js';
import { ValueWriter } from '../values/value-writer.js';

/** Bytes that a tag takes in the key of a series, in addition to its value. */
export const SERIES_KEY_PER_TAG = 9;
/** A number or string takes at most this many bytes beyond twice its text. */
const slack = 64;
/** The level of a declared type in `ValueWriter.put`. */
const declaredLevel = 1;

/** Values that every row of an input gets in addition to its own. */
export class Constants {
  /** `,host=a`, after the measurement. */
  tags: Uint8Array = new Uint8Array(0);
  /** Bytes that these tags take in the key of a series. */
  keyBytes = 0;
  /** `,year=2024`, after the fields of the row. */
  fields: Uint8Array = new Uint8Array(0);
  /** The time of all rows; null if a column of the rows holds the time. */
  time: Uint8Array | null = null;
  /** Names of these tags and fields in the point. */
  readonly names = new Set<string>();

  /** Adds a tag; `prefix` is `,name=`. Throws UsageError for a value that no tag can have. */
  addTag(prefix: Uint8Array, name: string, { name: source, value }: FolderColumn): void {
    this.names.add(name);
    if (value === null) return;
    const text = Buffer.from(value);
    const bytes = new Uint8Array(3 * text.length + slack);
    bytes.set(text, bytes.length - text.length);
    const end = putName(bytes, bytes.length - text.length, bytes.length, 0);
    if (end < 0) throw badValue(source, value, `a value of a tag (${reasons[reasonOf(end)]})`);
    this.tags = Buffer.concat([this.tags, prefix, bytes.subarray(0, end)]);
    this.keyBytes += SERIES_KEY_PER_TAG + text.length;
  }

  /** Adds a field; `prefix` is `,name=`. Throws UsageError for a value that contradicts the type. */
  addField(prefix: Uint8Array, name: string, type: FieldMapping['type'], { name: source, value }: FolderColumn): void {
    this.names.add(name);
    if (value === null) return;
    const text = Buffer.from(value);
    const from = 2 * text.length + slack;
    const bytes = new Uint8Array(from + text.length + slack);
    bytes.set(text, from);
    const writer = new ValueWriter(bytes);
    const number = type === null ? UNKNOWN : typeNames.indexOf(type);
    const end = writer.put(BARE, from, from + text.length, 0, number, declaredLevel);
    if (end < 0) throw badValue(source, value, `a value of type ${type ?? 'float'} (${reasons[reasonOf(end)]})`);
    this.fields = Buffer.concat([this.fields, prefix, bytes.subarray(0, end)]);
  }
}

function badValue(name: string, value: string, expected: string): UsageError {
  return new UsageError([
    {
      tried: `reading ${name}=${value}`,
      expected,
      found: JSON.stringify(value),
      fix: 'rename the folder, or correct the option',
    },
  ]);
}
