// The identity of a load: the target, the database, and how the inputs are read.

import type { Options } from './options.js';
import type { Settings } from './settings.js';
import { parseOption } from './validate.js';

/** Identity options that `readingIdentity` does not list, because `loadName` receives them separately. */
const ownPlace: ReadonlySet<string> = new Set(['target', 'tenant', 'db', 'format', 'precision']);

/**
 * Joins the format and all identity options except those in `ownPlace` into one text. The text for given options must
 * not change between versions, because the names of existing checkpoints depend on it.
 */
export function readingIdentity({ rows }: Options, settings: Settings): string {
  const { format } = settings;
  const others = rows.filter(({ identity, key }) => identity && !ownPlace.has(key));
  const entry = ({ key, as = key }: { key: string; as?: string }) => [key, settings[as as keyof Settings]] as const;
  const listed = others.filter(({ key }) => alwaysListed.has(key)).map((row) => entry(row)[1]);
  const changed = others
    .filter((row) => !alwaysListed.has(row.key))
    .map((row) => ({ pair: entry(row), standard: parseOption(row, row.default) }))
    .filter(
      ({ pair, standard }) => !('value' in standard && JSON.stringify(standard.value) === JSON.stringify(pair[1])),
    );
  const mapping = format === 'lp' ? [] : [JSON.stringify(listed)];
  const rest = changed.length === 0 ? [] : [JSON.stringify(changed.map(({ pair }) => pair))];
  return [format, ...mapping, ...rest].join(' ');
}

/**
 * Options that existed in the first version of bulk-load. Except for line protocol, they are always part of the
 * identity. An option of a later version is part of the identity only if its value is not the default.
 */
const alwaysListed: ReadonlySet<string> = new Set([
  'measurement',
  'tags',
  'fields',
  'timeColumn',
  'timeFormat',
  'timezone',
  'ambiguousTime',
  'null',
  'delimiter',
  'quote',
  'noHeader',
  'skipLines',
  'encoding',
  'jsonPath',
]);
