// What a target that acknowledges everything would store nothing of, or not as it was sent: found here, since it does not
// say so itself.

import type { PointValues, Shape, ShapeMatch, StorageLimits } from '../core/types/index.js';

type Conflict = Extract<ShapeMatch, { kind: 'conflict' }>;

/** Why no point of a shape can be stored as it is; null: it can. */
export function beyond({ table, columns }: Shape, limits: StorageLimits | undefined): Conflict | null {
  if (limits === undefined) return null;
  const text = limits.strings ? undefined : columns.find(({ type }) => type === 'string');
  if (text !== undefined)
    return conflict(
      'string-field',
      `field "${text.name}" of "${table}" is a string, and the target keeps numbers only; make it a tag, or leave it out`,
    );
  const tags = columns.filter(({ type }) => type === 'tag');
  if (tags.length > limits.tags)
    return conflict(
      'too-many-tags',
      `"${table}" with ${tags.length} tags, and the target keeps ${limits.tags} of a point; it would drop the others without a word`,
    );
  const own = tags.find(({ name }) => limits.ownTags.includes(name));
  if (own !== undefined)
    return conflict(
      'own-tag',
      `"${table}" with a tag "${own.name}", which the target keeps for itself: it would store the point elsewhere; give the tag another name`,
    );
  const long = tags.find(({ name }) => Buffer.byteLength(name) > limits.tagNameBytes);
  if (long === undefined) return null;
  return conflict(
    'tag-name-too-long',
    `a tag of "${table}" has a name of more than ${limits.tagNameBytes} bytes, and the target cuts it there`,
  );
}

/** Why this point cannot; for those longer than a value of a tag may be. */
export function oversize(
  bytes: number,
  { table, tags, fields }: PointValues,
  limits: StorageLimits,
): Omit<Conflict, 'kind'> | null {
  if (bytes > limits.pointBytes)
    return conflict('too-long', `a point of ${bytes} bytes, and the target reads lines of ${limits.pointBytes}`);
  const most = limits.tagValueBytes;
  const tag = [...tags].find(([, value]) => Buffer.byteLength(value) > most);
  if (tag !== undefined)
    return conflict(
      'tag-value-too-long',
      `tag "${tag[0]}" has ${Buffer.byteLength(tag[1])} bytes, and the target cuts values after ${most}`,
    );
  const name = [...fields.keys()].find((field) => Buffer.byteLength(table) + Buffer.byteLength(field) >= most);
  if (name === undefined) return null;
  return conflict(
    'name-too-long',
    `measurement and field have more than ${most} bytes together, and the target cuts them there`,
  );
}

function conflict(reason: string, message: string): Conflict {
  return { kind: 'conflict', reason, message };
}
