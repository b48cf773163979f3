// Values that are the same in all rows of an input: folders such as `host=a`, and the tags of --add-tag. These values
// are encoded once.

import { UsageError } from '../../../core/errors.js';
import type { FieldMapping, FolderColumn } from '../../../core/types/index.js';
import { reasons } from '../../reasons.js';
import { BARE } from '../cells.js';
import { typeNames, UNKNOWN } from '../values/field-types.js';
import { putName, reasonOf } from '../values/put-value.js';
import { ValueWriter } from '../values/value-writer.js';

/** Bytes that one tag adds to a series key, in addition to the bytes of the tag's value. */
export const SERIES_KEY_PER_TAG = 9;
/** An encoded value takes at most twice as many bytes as its text, plus `slack`. */
const slack = 64;
/** Argument `level` of `ValueWriter.put` for a declared type. */
const declaredLevel = 1;

/** Encoded tags, fields and time that are added to every row of an input. */
export class Constants {
  /** Encoded tags such as `,host=a`, which follow the measurement. */
  tags: Uint8Array = new Uint8Array(0);
  /** Bytes that these constant tags add to a series key. */
  keyBytes = 0;
  /** Encoded fields such as `,year=2024`, which follow the row's own fields. */
  fields: Uint8Array = new Uint8Array(0);
  /** The time of all rows as text; null if each row has its own time. */
  time: Uint8Array | null = null;
  /** Names of the constant tags and fields in the point. */
  readonly names = new Set<string>();

  /** Adds a tag with the encoded `prefix`, such as `,name=`. Throws UsageError if no tag can have this value. */
  addTag(prefix: Uint8Array, name: string, { name: source, value }: FolderColumn): void {
    this.names.add(name);
    if (value === null) return;
    const text = Buffer.from(value);
    const bytes = new Uint8Array(3 * text.length + slack);
    bytes.set(text, bytes.length - text.length);
    const end = putName(bytes, bytes.length - text.length, bytes.length, 0);
    if (end < 0) throw badValue(source, value, `a valid tag value (${reasons[reasonOf(end)]})`);
    this.tags = Buffer.concat([this.tags, prefix, bytes.subarray(0, end)]);
    this.keyBytes += SERIES_KEY_PER_TAG + text.length;
  }

  /** Adds a field with the encoded `prefix`, such as `,name=`. Throws UsageError if the value contradicts the type. */
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
