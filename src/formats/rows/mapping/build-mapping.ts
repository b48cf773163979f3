// Maps all columns of an input with known column names, or reports why the mapping is impossible.

import { UsageError } from '../../../core/errors.js';
import { someOf } from '../../../core/text.js';
import { MAX_COLUMNS } from '../../line-protocol/exact/column-set.js';
import { type FieldTypeName, Mapping, type MappingOptions } from './mapping.js';
import { type MissingColumn, missingFix } from './missing-column.js';

/**
 * Maps all columns. Throws UsageError if the columns contradict the options.
 * @param typeOf returns the type that the input declares for a column; null for an undeclared type
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
  // Without this check, a column `time` would become a field if --time-column names a missing column. The error message
  // would then be about the field name `time`.
  if (options.timeColumn !== null && !names.includes(options.timeColumn) && mapping.constants.time === null)
    throw missingColumn(mapping.missing ?? { expected: 'a time column', fix: '' }, names, options);
  for (const [column, name] of names.entries()) if (!isIgnored(column)) mapping.add(column, name, typeOf(name));
  if (mapping.missing !== null) throw missingColumn(mapping.missing, names, options);
  options.fieldColumns?.add(options.fields, [...names, ...(options.folderColumns ?? []).map(({ name }) => name)]);
  return mapping;
}

/** Builds the error for a missing column. */
export function missingColumn(
  missing: MissingColumn,
  names: readonly string[],
  { timeColumn, tags, fields }: MappingOptions,
): UsageError {
  const named = [...(tags ?? []), ...(fields ?? [])].map(({ name }) => name);
  const wanted = timeColumn === null ? named : [timeColumn, ...named];
  return contradiction(missing.expected, names, missingFix(missing, names, wanted));
}

function contradiction(
  expected: string,
  found: readonly string[],
  fix = 'check --delimiter, --skip-lines and the names in --tags, --fields and --time-column',
): UsageError {
  return new UsageError([{ tried: 'mapping the columns', expected, found: `the columns ${someOf(found)}`, fix }]);
}
