// The columns of a Parquet file: what each value is, whatever it is stored as, and where in nested rows it stands.

import type { SchemaElement } from 'hyparquet';
import { InputError } from '../../../core/errors.js';
import { MAX_COLUMNS } from '../../line-protocol/exact/column-set.js';
import type { FieldTypeName } from '../../rows/mapping/mapping.js';

export type Physical = NonNullable<SchemaElement['type']>;

/** What a value is. */
export const BOOL = 0;
export const INT = 1;
export const UINT = 2;
export const FLOAT16 = 3;
export const FLOAT32 = 4;
export const FLOAT64 = 5;
export const BYTES = 6;
export const UUID = 7;
export const DECIMAL = 8;
export const TIMESTAMP = 9;
export const DATE = 10;
export const TIME = 11;
export const INT96 = 12;
/** Something that has no place in a point. */
export const OTHER = 13;

/** A column that holds values. */
export interface Leaf {
  /** Number of the column in the file. */
  readonly index: number;
  /** Names as the file has them, the wrappings of lists included. */
  readonly path: readonly string[];
  readonly physical: Physical;
  /** Of values that all have the same length; 0 for the others. */
  readonly width: number;
  readonly kind: number;
  /** Decimal places of a second, or of a DECIMAL. */
  readonly scale: number;
  /** Of a timestamp: an instant, not what a clock on the wall showed. */
  readonly utc: boolean;
  /** What the file calls it. */
  readonly called: string;
}

/** A place in a row: a group of others, a list, or a value. */
export interface Node {
  readonly name: string;
  /** Path from the top as columns are named: `a.b`. */
  readonly column: string;
  /** Levels from which on there is something here, and at which lists repeat. */
  readonly definition: number;
  readonly repetition: number;
  readonly isList: boolean;
  readonly children: readonly Node[];
  readonly leaf: Leaf | null;
}

const mostDepth = 64;
const widths: Partial<Record<Physical, number>> = { INT32: 4, INT64: 8, INT96: 12, FLOAT: 4, DOUBLE: 8, BOOLEAN: 1 };
const places = { MILLIS: 3, MICROS: 6, NANOS: 9 };
const fieldTypes: Readonly<Record<number, FieldTypeName>> = {
  [BOOL]: 'boolean',
  [INT]: 'integer',
  [UINT]: 'unsigned',
  [FLOAT16]: 'float',
  [FLOAT32]: 'float',
  [FLOAT64]: 'float',
};

/** Type of a field that the column becomes. */
export function fieldType({ kind, scale }: Leaf): FieldTypeName {
  if (kind === DECIMAL) return scale > 0 ? 'float' : 'integer';
  return fieldTypes[kind] ?? 'string';
}

/** The top of the tree. Throws InputError. */
export function treeOf(elements: readonly SchemaElement[], name: string): { root: Node; leaves: Leaf[] } {
  const leaves: Leaf[] = [];
  let next = 0;
  const bad = (got: string): InputError =>
    new InputError(
      `reading ${name}: expected a Parquet file with a schema that can be loaded, got ${got}; write it again, or as CSV or NDJSON`,
    );
  const grow = (above: Node | null, path: readonly string[], isWrapped: boolean): Node => {
    const element = elements[next++];
    if (element === undefined) throw bad('fewer columns than its groups speak of');
    if (path.length > mostDepth) throw bad(`columns nested deeper than ${mostDepth}`);
    const here = above === null ? [] : [...path, element.name];
    const isList = element.repetition_type === 'REPEATED' && above !== null;
    const hidden = above === null || isWrapped;
    const column = hidden
      ? (above?.column ?? '')
      : above.column === ''
        ? element.name
        : `${above.column}.${element.name}`;
    const optional = above !== null && element.repetition_type !== 'REQUIRED';
    const children: Node[] = [];
    const node: Node = {
      name: element.name,
      column,
      definition: (above?.definition ?? 0) + Number(optional),
      repetition: (above?.repetition ?? 0) + Number(isList),
      isList,
      children,
      leaf: element.num_children ? null : leafOf(element, here, leaves.length),
    };
    if (node.leaf !== null) {
      if (above === null) throw bad('no columns');
      if (leaves.push(node.leaf) > MAX_COLUMNS) throw bad(`more than ${MAX_COLUMNS} columns`);
      return node;
    }
    for (let i = 0; i < (element.num_children ?? 0); i++) {
      children.push(grow(node, here, isWrapping(element, elements[next], isWrapped)));
    }
    return node;
  };
  const root = grow(null, [], false);
  if (next !== elements.length) throw bad('more columns than its groups speak of');
  return { root, leaves };
}

/** A list is written as a group that repeats within another; their names are no part of a column's. */
function isWrapping(parent: SchemaElement, child: SchemaElement | undefined, isWrapped: boolean): boolean {
  const { converted_type: converted, logical_type: logical } = parent;
  const wraps = [converted, logical?.type].some(
    (each) => each === 'LIST' || each === 'MAP' || each === 'MAP_KEY_VALUE',
  );
  if (wraps && child?.repetition_type === 'REPEATED') return true;
  return isWrapped && parent.repetition_type === 'REPEATED' && parent.num_children === 1 && parent.name !== 'array';
}

function leafOf(element: SchemaElement, path: readonly string[], index: number): Leaf {
  const { type = 'BYTE_ARRAY', type_length, logical_type, converted_type, scale } = element;
  const kind = kindOf(element);
  const unit = logical_type !== undefined && 'unit' in logical_type ? logical_type.unit : null;
  return {
    index,
    path,
    physical: type,
    width: type === 'FIXED_LEN_BYTE_ARRAY' ? Math.max(1, type_length ?? 0) : (widths[type] ?? 0),
    kind,
    scale: kind === DECIMAL ? (scale ?? 0) : unit !== null ? places[unit] : converted_type?.endsWith('MILLIS') ? 3 : 6,
    utc: logical_type !== undefined && 'isAdjustedToUTC' in logical_type ? logical_type.isAdjustedToUTC : true,
    called: logical_type?.type ?? converted_type ?? type,
  };
}

function kindOf({ type, logical_type, converted_type }: SchemaElement): number {
  const logical = logical_type?.type;
  const is = (...names: string[]): boolean => names.some((name) => name === logical || name === converted_type);
  if (type === 'BOOLEAN') return BOOL;
  if (type === 'FLOAT') return FLOAT32;
  if (type === 'DOUBLE') return FLOAT64;
  if (type === 'INT96') return INT96;
  if (is('DECIMAL')) return DECIMAL;
  if (type === 'INT32' || type === 'INT64') {
    if (is('TIMESTAMP', 'TIMESTAMP_MILLIS', 'TIMESTAMP_MICROS')) return TIMESTAMP;
    if (is('DATE')) return DATE;
    if (is('TIME', 'TIME_MILLIS', 'TIME_MICROS')) return TIME;
    const unsigned = logical_type?.type === 'INTEGER' ? !logical_type.isSigned : converted_type?.startsWith('UINT_');
    return unsigned ? UINT : INT;
  }
  if (is('UUID')) return UUID;
  if (is('FLOAT16')) return FLOAT16;
  return is('BSON', 'INTERVAL', 'GEOMETRY', 'GEOGRAPHY', 'VARIANT') ? OTHER : BYTES;
}
