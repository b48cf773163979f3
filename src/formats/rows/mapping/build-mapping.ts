// Builds the mapping of all columns, or explains why the columns have no mapping.

import { UsageError } from '../../../core/errors.js';
import { someOf } from '../../../core/text.js';
import { MAX_COLUMNS } from '../../line-protocol/exact/column-set.js';
import { type FieldTypeName, Mapping, type MappingOptions } from './mapping.js';

/**
 * Throws UsageError when the columns contradict the options.
 * @param typeOf types that the input declares for its columns
 */
export function buildMapping(
  names: readonly string[],
  options: MappingOptions,
  typeOf: (name: string) => FieldTypeName | null = () => null,
  isIgnored: (column: number) => boolean = () => false,
): Mapping {
  const mapping = new Mapping(options, names);
  if (names.length > MAX_COLUMNS) throw contradiction(`at most ${MAX_COLUMNS} columns`, [`${names.length} columns`]);
  const twice = names.find((name, i) => names.indexOf(name) !== i && mapping.wants(name));
  if (twice !== undefined)
    throw contradiction('different names for all columns', [`two columns named ${JSON.stringify(twice)}`]);
  // Otherwise a column named time becomes a field, and its name is reported instead.
  if (options.timeColumn !== null && !names.includes(options.timeColumn) && mapping.constants.time === null)
    throw contradiction(mapping.missing ?? 'a time column', names);
  for (const [column, name] of names.entries()) if (!isIgnored(column)) mapping.add(column, name, typeOf(name));
  if (mapping.missing !== null) throw contradiction(mapping.missing, names);
  options.fieldColumns?.add(options.fields, [...names, ...(options.folderColumns ?? []).map(({ name }) => name)]);
  return mapping;
}

function contradiction(expected: string, found: readonly string[]): UsageError {
  return new UsageError([
    {
      tried: 'mapping the columns',
      expected,
      found: someOf(found),
      fix: 'check --delimiter, --skip-lines and the names in --tags, --fields and --time-column',
    },
  ]);
}
