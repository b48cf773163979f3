// From the names of all columns to a mapping, or to words for why there is none.

import { UsageError } from '../../../core/errors.js';
import { MAX_COLUMNS } from '../../line-protocol/exact/column-set.js';
import { type FieldTypeName, Mapping, type MappingOptions } from './mapping.js';

/** Names in a message. */
const shownNames = 20;

/**
 * Throws UsageError when the columns are not those that the options speak of.
 * @param typeOf types that the input itself gives its columns
 */
export function buildMapping(
  names: readonly string[],
  options: MappingOptions,
  typeOf: (name: string) => FieldTypeName | null = () => null,
): Mapping {
  const mapping = new Mapping(options, names);
  if (names.length > MAX_COLUMNS) throw contradiction(`at most ${MAX_COLUMNS} columns`, [`${names.length} of them`]);
  const twice = names.find((name, i) => names.indexOf(name) !== i && mapping.wants(name));
  if (twice !== undefined) throw contradiction('columns of different names', [`two called ${JSON.stringify(twice)}`]);
  for (const [column, name] of names.entries()) mapping.add(column, name, typeOf(name));
  if (mapping.missing !== null) throw contradiction(mapping.missing, names);
  return mapping;
}

function contradiction(expected: string, got: readonly string[]): UsageError {
  const shown = got.slice(0, shownNames).join(', ') + (got.length > shownNames ? `, … (${got.length} in all)` : '');
  return new UsageError([
    `mapping the columns — expected ${expected} — got ${shown} — look at --delimiter, --skip-lines and the names in --tags, --fields, --time-column`,
  ]);
}
