// Columns as DESCRIBE TABLE and information_schema.columns show them.

import type { Database } from '../storage/database.js';
import type { StoredTable } from '../storage/table.js';
import type { StoredFieldType } from '../writes/parse-values.js';

export interface ShownColumn {
  readonly name: string;
  readonly dataType: string;
  readonly type: 'TIME' | 'TAG' | 'FIELD';
  readonly codec: string;
}

/** CnosDB's names of field types. */
export const columnTypes: Record<StoredFieldType, string> = {
  F64: 'DOUBLE',
  I64: 'BIGINT',
  U64: 'BIGINT UNSIGNED',
  BOOL: 'BOOLEAN',
  STRING: 'STRING',
};
const timeTypes = { NS: 'NANOSECOND', US: 'MICROSECOND', MS: 'MILLISECOND' };

/** Lists time, then tags, then fields. */
export function describeColumns(database: Database, table: StoredTable): ShownColumn[] {
  const time = `TIMESTAMP(${timeTypes[database.options.precision]})`;
  const sorted = [...table.columns].sort((a, b) => Number(b.tag) - Number(a.tag));
  const columns = sorted.map((column): ShownColumn => {
    const type = column.tag ? 'TAG' : 'FIELD';
    return { name: column.name, dataType: columnTypes[column.type], type, codec: column.codec };
  });
  return [{ name: 'time', dataType: time, type: 'TIME', codec: 'DEFAULT' }, ...columns];
}
