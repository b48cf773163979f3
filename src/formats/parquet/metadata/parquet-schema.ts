// Describes the columns of a Parquet file: the meaning of their values, and their positions in nested rows.

import { InputError } from '../../../core/errors.js';
import type { FieldTypeName } from '../../rows/mapping/mapping.js';
import type { Physical, SchemaElement } from './footer-schema.js';

// Values of `Leaf.kind`: what the values of a column mean.
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
/** A type that cannot be loaded. */
export const OTHER = 13;

/** A column that contains values, at the bottom of the schema tree. */
export interface Leaf {
  /** Position of the column in the file. */
  readonly index: number;
  /** Names of the groups around the column from the top level down, and its own name: `samples`, `list`, `element`. */
  readonly path: readonly string[];
  readonly physical: Physical;
  /** Bytes of each value; 0 if values have different lengths. */
  readonly width: number;
  readonly kind: number;
  /** For a DECIMAL: its number of decimal places. For a time: the decimal places of its seconds, such as 3 for ms. */
  readonly scale: number;
  /** True if a timestamp is in UTC, false if it is local time. */
  readonly utc: boolean;
  /** Name of the type in the file, for messages. */
  readonly typeName: string;
}

/** A node of the schema tree: a group, a list or a column of values. */
export interface Node {
  readonly name: string;
  /** Column name without the groups that Parquet adds around list elements: `samples` for `samples.list.element`. */
  readonly column: string;
  /** An entry with this definition level or a higher one has a value for the node: not null, and not an empty list. */
  readonly definition: number;
  /**
   * Repetition level of an entry that adds an element to this list. For a node that is no list: the level of the list
   * that contains the node; 0 outside lists.
   */
  readonly repetition: number;
  readonly isList: boolean;
  /** True for a list that contains the entries of a map. Its two children are the key and the value. */
  readonly isMap: boolean;
  readonly children: readonly Node[];
  readonly leaf: Leaf | null;
}

const maxDepth = 64;
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

/** Returns the field type for a column; null for a column of type NULL, which has no values. */
export function fieldType({ kind, scale, typeName }: Leaf): FieldTypeName | null {
  if (typeName === 'NULL') return null;
  if (kind === DECIMAL) return scale > 0 ? 'float' : 'integer';
  return fieldTypes[kind] ?? 'string';
}

/** Builds the tree of columns. Throws InputError if the schema is invalid. */
export function treeOf(elements: readonly SchemaElement[], name: string): { root: Node; leaves: Leaf[] } {
  const leaves: Leaf[] = [];
  let next = 0;
  const invalid = (found: string): InputError =>
    new InputError({
      tried: `reading ${name}`,
      expected: 'a valid Parquet schema',
      found,
      fix: 'write the file again, or write the rows as CSV or NDJSON',
    });
  const build = (above: Node | null, path: readonly string[], isWrapped: boolean, inMap: boolean): Node => {
    const element = elements[next++];
    if (element === undefined) throw invalid('fewer columns than the groups of the schema declare');
    if (path.length > maxDepth) throw invalid(`columns nested deeper than ${maxDepth}`);
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
      isMap: isList && inMap && element.num_children === 2,
      children,
      leaf: element.num_children ? null : leafOf(element, here, leaves.length),
    };
    if (node.leaf !== null) {
      if (above === null) throw invalid('no columns');
      leaves.push(node.leaf);
      return node;
    }
    for (let i = 0; i < (element.num_children ?? 0); i++) {
      children.push(build(node, here, isWrapping(element, elements[next], isWrapped), isMap(element)));
    }
    return node;
  };
  const root = build(null, [], false, false);
  if (next !== elements.length) throw invalid('more columns than the groups of the schema declare');
  return { root, leaves };
}

function isMap({ converted_type: converted, logical_type: logical }: SchemaElement): boolean {
  return logical?.type === 'MAP' || converted === 'MAP' || converted === 'MAP_KEY_VALUE';
}

/** Tests whether `child` only wraps list elements, such as `list` in `samples.list.element`. Column names omit it. */
function isWrapping(parent: SchemaElement, child: SchemaElement | undefined, isWrapped: boolean): boolean {
  const wraps = isMap(parent) || parent.logical_type?.type === 'LIST' || parent.converted_type === 'LIST';
  if (wraps && child?.repetition_type === 'REPEATED') return true;
  return isWrapped && parent.repetition_type === 'REPEATED' && parent.num_children === 1 && parent.name !== 'array';
}

function leafOf(element: SchemaElement, path: readonly string[], index: number): Leaf {
  const { type = 'BYTE_ARRAY', type_length, logical_type: logical, converted_type, scale } = element;
  const kind = kindOf(element);
  const unit = logical?.unit;
  return {
    index,
    path,
    physical: type,
    width: type === 'FIXED_LEN_BYTE_ARRAY' ? Math.max(1, type_length ?? 0) : (widths[type] ?? 0),
    kind,
    scale:
      kind === DECIMAL ? (scale ?? 0) : unit !== undefined ? places[unit] : converted_type?.endsWith('MILLIS') ? 3 : 6,
    utc: logical?.isAdjustedToUTC ?? true,
    typeName: logical?.type ?? converted_type ?? type,
  };
}

function kindOf({ type, type_length, logical_type, converted_type }: SchemaElement): number {
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
    const unsigned =
      logical === 'INTEGER' ? logical_type?.isSigned === false : converted_type?.startsWith('UINT_') === true;
    return unsigned ? UINT : INT;
  }
  if (is('UUID') && type_length === 16) return UUID;
  if (is('FLOAT16') && type_length === 2) return FLOAT16;
  return is('BSON', 'INTERVAL', 'GEOMETRY', 'GEOGRAPHY', 'VARIANT') ? OTHER : BYTES;
}
