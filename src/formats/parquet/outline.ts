// Describes the row groups and columns of a Parquet file, from its footer.

import type { Column, FileBytes, InputOutline, MemoryBudget } from '../../core/types/index.js';
import type { MappingOptions } from '../rows/mapping/mapping.js';
import { readFooter } from './metadata/footer.js';
import { columnsOf } from './metadata/selected-columns.js';

/** Describes row groups and columns. Throws InputError, and UsageError if the options contradict the file. */
export async function parquetOutline(
  file: FileBytes,
  name: string,
  budget: MemoryBudget,
  options: MappingOptions,
): Promise<InputOutline> {
  const { root, groups } = await readFooter(file, name, budget.bytes);
  const { table, tags, fields } = columnsOf(root, options).mapping;
  const columns: Column[] = [
    ...tags.map((tag): Column => ({ name: tag.name, type: 'tag' })),
    ...fields.flatMap((field) => (field.declared === null ? [] : [{ name: field.name, type: field.declared }])),
  ];
  return {
    groups: groups.map(({ first, rows, chunks }) => ({
      ...{ first, rows },
      bytes: chunks.reduce((sum, { from, to }) => sum + to - from, 0),
    })),
    shape: table === null ? null : { table, columns },
  };
}
