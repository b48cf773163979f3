// Decides which column of an annotated table becomes which part of a point. Columns are identified by number, because
// names may be missing or repeated. `#constant` and `#concat` add columns that the rows do not contain (virtual
// columns). The numbers of virtual columns follow the numbers of the columns in the rows.

import { UsageError } from '../../../core/errors.js';
import { entryOf, plural, someOf } from '../../../core/text.js';
import { type FieldOption, Mapping, type MappingOptions } from '../../rows/mapping/mapping.js';
import { measurementColumn } from '../../rows/mapping/measurement.js';
import type { TimeOptions } from '../../timestamps/time-cell.js';
import type { Annotations, VirtualColumn } from './annotations.js';
import { type ColumnDeclaration, type PointPart, undeclared } from './datatypes.js';

export interface AnnotatedTable {
  readonly mapping: Mapping;
  readonly time: TimeOptions;
  /** For each column with a default or a `#constant`: the text for rows whose cell is empty or missing. */
  readonly fallbacks: readonly { readonly column: number; readonly value: string }[];
  readonly computed: readonly { readonly column: number; readonly pieces: readonly (string | number)[] }[];
  readonly numbers: readonly { readonly column: number; readonly format: string }[];
  /**
   * In a Flux result, the columns that contain the field's name (`_field`) and value (`_value`). Null for other tables.
   */
  readonly flux: Flux | null;
  /** Number of columns in the rows, plus the columns that `#constant` and `#concat` add. */
  readonly columns: number;
}

export interface Flux {
  readonly name: number;
  readonly value: number;
  readonly declared: ColumnDeclaration;
}

interface AnnotatedColumn {
  readonly label: string;
  readonly declared: ColumnDeclaration;
  readonly part: PointPart;
}

/** Column names with a fixed meaning in Flux results, and the part of a point that each column becomes. */
const labels: Readonly<Record<string, PointPart>> = {
  _measurement: 'measurement',
  _time: 'time',
  _start: 'ignored',
  _stop: 'ignored',
  _field: 'ignored',
  _value: 'ignored',
  result: 'ignored',
  table: 'ignored',
};

/**
 * Builds the description of the table from its header. Throws UsageError if the rows of the table cannot become points.
 */
export function annotatedTable(
  annotations: Annotations,
  cells: readonly string[],
  options: MappingOptions & TimeOptions,
): AnnotatedTable {
  const labelled = cells.map((cell) => annotations.labelled(cell));
  const header = labelled.map(({ label }) => label);
  const real = labelled.map(({ label, datatype }, i) => ({
    label,
    declared: annotations.declared(i, label, datatype),
  }));
  const virtual = annotations.virtual.map(({ label, declared }) => ({ label, declared }));
  const isFlux = header.includes('_field') && header.includes('_value');
  const all = [...real, ...virtual];
  const columns = all.map(
    (each, i): AnnotatedColumn => ({ ...each, part: partOf(each, i < header.length, header, isFlux) }),
  );
  const time = timeColumn(columns, options);
  const flux = isFlux ? fluxOf(header, columns) : null;
  const mapping = new Mapping(
    mappingOf(columns, time, options),
    columns.map((_, i) => String(i)),
  );
  for (const i of columns.keys()) mapping.add(i, String(i));
  if (flux === null && mapping.fields.length === 0) throw contradiction('a field column', header);
  const fallbacks = columns.map(({ declared }, column) => ({
    column,
    value: annotations.virtual[column - header.length]?.value ?? declared.fallback,
  }));
  const computed = annotations.virtual.flatMap((each, i) =>
    each.computed ? [{ column: header.length + i, pieces: piecesOf(each, header) }] : [],
  );
  return {
    mapping,
    time: timeOf(columns[time]?.declared ?? undeclared, annotations.timezone, options),
    fallbacks: fallbacks.filter(
      ({ value, column }) => value !== '' && !computed.some((each) => each.column === column),
    ),
    computed,
    numbers: columns.flatMap(({ declared: { numberFormat: format } }, column) =>
      format === null ? [] : [{ column, format }],
    ),
    flux,
    columns: columns.length,
  };
}

function partOf(
  { label, declared }: Pick<AnnotatedColumn, 'label' | 'declared'>,
  isReal: boolean,
  header: readonly string[],
  isFlux: boolean,
): PointPart {
  // Flux results begin with a nameless column for the annotations. So an empty first name marks a Flux result.
  const ofFlux = isReal && (header[0] === '' || isFlux) ? entryOf(labels, label) : undefined;
  if (ofFlux !== undefined) return ofFlux;
  if (label === '_measurement' || declared.part === 'measurement') return 'measurement';
  if (label === '_time' || declared.part === 'time') return 'time';
  if (label.trim() === '') return 'ignored';
  return declared.part ?? (isFlux && declared.part !== 'field' ? 'ignored' : 'field');
}

function fluxOf(header: readonly string[], columns: readonly AnnotatedColumn[]): Flux {
  const value = header.indexOf('_value');
  return { name: header.indexOf('_field'), value, declared: columns[value]!.declared };
}

function mappingOf(columns: readonly AnnotatedColumn[], time: number, options: MappingOptions): MappingOptions {
  const measurements = columns.flatMap(({ part }, i) => (part === 'measurement' ? [i] : []));
  const fixed = options.measurement !== null && measurementColumn(options.measurement) === null;
  if (measurements.length !== 1 && !(measurements.length === 0 && fixed)) {
    throw contradiction(
      'one measurement column',
      [
        `${plural(measurements.length, 'such column')} among ${columns.map(({ label }) => JSON.stringify(label)).join(', ')}`,
      ],
      'mark one column as measurement, add a #constant, or name the table with --measurement NAME',
    );
  }
  const named = (wanted: PointPart) =>
    columns.flatMap(({ part, label, declared }, i) => (part === wanted ? [{ i, label, declared }] : []));
  return {
    measurement: measurements.length === 1 ? `{${measurements[0]}}` : options.measurement,
    tags: named('tag').map(({ i, label }) => ({ name: String(i), as: label })),
    fields: named('field').map(
      ({ i, label, declared: { type, reading } }): FieldOption => ({ name: String(i), as: label, type, reading }),
    ),
    timeColumn: time < 0 ? null : String(time),
    missingTimestamp: options.missingTimestamp ?? 'reject',
    // The annotations already name measurement, time and fields, so a folder column can only be a tag.
    addedTags: [...(options.folderColumns ?? []), ...(options.addedTags ?? [])],
  };
}

/** Returns the index of the time column; -1 if points get generated timestamps instead. */
function timeColumn(columns: readonly AnnotatedColumn[], { missingTimestamp }: MappingOptions): number {
  const found = columns.flatMap(({ part }, i) => (part === 'time' ? [i] : []));
  if (found.length === 1) return found[0]!;
  if (found.length === 0 && missingTimestamp === 'now') return -1;
  throw contradiction(
    'one time column',
    [`${plural(found.length, 'such column')} among ${columns.map(({ label }) => JSON.stringify(label)).join(', ')}`],
    'mark the time column as dateTime, and other columns with times as ignored',
  );
}

function timeOf({ timeFormat }: ColumnDeclaration, timezone: string | null, options: TimeOptions): TimeOptions {
  const zone = timezone === null ? options.timezone : zoneOf(timezone);
  return {
    ...options,
    timeFormat: timeFormat === 'number' ? options.precision : (timeFormat ?? 'auto'),
    timezone: zone,
  };
}

/**
 * Translates the text of #timezone (`-0500`, `Local` or a name such as `Europe/Berlin`) into a value of --timezone.
 */
function zoneOf(text: string): string {
  const offset = /^([+-]\d\d):?(\d\d)$/.exec(text);
  if (offset !== null) return `${offset[1]}:${offset[2]}`;
  if (text === '') return 'UTC';
  if (text.toLowerCase() === 'local') return new Intl.DateTimeFormat().resolvedOptions().timeZone;
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return text;
  } catch {
    throw contradiction('a #timezone such as Europe/Berlin, -0500 or Local', [JSON.stringify(text)]);
  }
}

/** Splits the template of a #concat column into texts and column numbers. */
function piecesOf({ value }: VirtualColumn, header: readonly string[]): (string | number)[] {
  return value.split(/(\$\{[^}]+\})/).map((piece) => {
    const label = /^\$\{([^}]+)\}$/.exec(piece)?.[1];
    if (label === undefined) return piece;
    const column = header.indexOf(label);
    if (column < 0) throw contradiction(`a column ${JSON.stringify(label)}, which #concat names`, header);
    return column;
  });
}

function contradiction(expected: string, found: readonly string[], fix = 'correct the annotations'): UsageError {
  return new UsageError([{ tried: 'mapping the columns by their annotations', expected, found: someOf(found), fix }]);
}
