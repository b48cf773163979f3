// Finds points that a target would acknowledge but not store, or would store with changes.

import type { PointValues, Shape, ShapeMatch, StorageLimits } from '../core/types/index.js';

type Conflict = Extract<ShapeMatch, { kind: 'conflict' }>;

/**
 * Returns why the table or a column of a shape exceeds the limits of the target; null if the shape is within the
 * limits.
 */
export function shapeConflict({ table, columns }: Shape, limits: StorageLimits | undefined): Conflict | null {
  if (limits === undefined) return null;
  const text = limits.strings ? undefined : columns.find(({ type }) => type === 'string');
  if (text !== undefined)
    return conflict(
      'string-field',
      `field "${text.name}" of "${table}" is a string, but the target stores only numbers; make the field a tag, or leave the field out`,
    );
  const tags = columns.filter(({ type }) => type === 'tag');
  if (tags.length > limits.tags)
    return conflict(
      'too-many-tags',
      `"${table}" has ${tags.length} tags, but the target stores at most ${limits.tags} tags of a point and silently drops the other tags`,
    );
  const own = tags.find(({ name }) => limits.ownTags.includes(name));
  if (own !== undefined)
    return conflict(
      'own-tag',
      `"${table}" has a tag "${own.name}"; the target reserves this name and would store the point under another name; rename the tag`,
    );
  const long = tags.find(({ name }) => Buffer.byteLength(name) > limits.tagNameBytes);
  if (long === undefined) return null;
  return conflict(
    'tag-name-too-long',
    `a tag name of "${table}" exceeds ${limits.tagNameBytes} bytes, so the target would cut the name`,
  );
}

/**
 * Returns why a point exceeds the limits of the target; null for a point within the limits.
 * @param bytes length of the point
 */
export function pointConflict(
  bytes: number,
  { table, tags, fields }: PointValues,
  limits: StorageLimits,
): Omit<Conflict, 'kind'> | null {
  if (bytes > limits.pointBytes)
    return conflict(
      'too-long',
      `the point has ${bytes} bytes, but the target reads lines of at most ${limits.pointBytes}`,
    );
  const maxBytes = limits.tagValueBytes;
  const tag = [...tags].find(([, value]) => Buffer.byteLength(value) > maxBytes);
  if (tag !== undefined)
    return conflict(
      'tag-value-too-long',
      `tag "${tag[0]}" has ${Buffer.byteLength(tag[1])} bytes, but the target would cut the value after ${maxBytes} bytes`,
    );
  const name = [...fields.keys()].find((field) => Buffer.byteLength(table) + Buffer.byteLength(field) >= maxBytes);
  if (name === undefined) return null;
  return conflict(
    'name-too-long',
    `measurement and field exceed ${maxBytes} bytes together, so the target would cut their names`,
  );
}

function conflict(reason: string, message: string): Conflict {
  return { kind: 'conflict', reason, message };
}
