// From annotations and a header to what their rows mean. Columns are mapped by their numbers, since names may be missing or
// come twice; columns that no row has come behind those that it has.

import { UsageError } from '../../../core/errors.js';
import { type FieldOption, Mapping, type MappingOptions } from '../../rows/mapping/mapping.js';
import type { TimeOptions } from '../../timestamps/time-cell.js';
import type { Annotations, Virtual } from './annotations.js';
import type { Declared, PointPart } from './datatypes.js';

export interface AnnotatedTable {
  readonly mapping: Mapping;
  readonly time: TimeOptions;
  /** Values of empty cells, and of columns that no row has. */
  readonly fallbacks: readonly { readonly column: number; readonly value: string }[];
  readonly computed: readonly { readonly column: number; readonly pieces: readonly (string | number)[] }[];
  readonly numbers: readonly { readonly column: number; readonly format: string }[];
  /** Of Flux: the field's name is in one column, its value in another. */
  readonly flux: Flux | null;
  /** Columns, those that no row has included. */
  readonly columns: number;
}

export interface Flux {
  readonly name: number;
  readonly value: number;
  readonly declared: Declared;
}

interface AnnotatedColumn {
  readonly label: string;
  readonly declared: Declared;
  readonly part: PointPart;
}

/** Labels that Flux gives a meaning; the others of it say nothing of the point. */
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

/** Throws UsageError when no point can be made of such rows. */
export function annotatedTable(
  annotations: Annotations,
  header: readonly string[],
  options: MappingOptions & TimeOptions,
): AnnotatedTable {
  const real = header.map((label, i) => ({ label, declared: annotations.declared(i, label) }));
  const virtual = annotations.virtual.map(({ label, declared }) => ({ label, declared }));
  const isFlux = header.includes('_field') && header.includes('_value');
  const all = [...real, ...virtual];
  const columns = all.map(
    (each, i): AnnotatedColumn => ({ ...each, part: partOf(each, i < header.length, header, isFlux) }),
  );
  const time = one(columns, 'time', 'one column of times: mark it as dateTime and others as ignored');
  const flux = isFlux ? fluxOf(header, columns) : null;
  const mapping = new Mapping(
    mappingOf(columns, time, options),
    columns.map((_, i) => String(i)),
  );
  for (const i of columns.keys()) mapping.add(i, String(i));
  if (flux === null && mapping.fields.length === 0) throw contradiction('a column that is a field', header);
  const fallbacks = columns.map(({ declared }, column) => ({
    column,
    value: annotations.virtual[column - header.length]?.value ?? declared.fallback,
  }));
  const computed = annotations.virtual.flatMap((each, i) =>
    each.computed ? [{ column: header.length + i, pieces: piecesOf(each, header) }] : [],
  );
  return {
    mapping,
    time: timeOf(columns[time]!.declared, annotations.timezone, options),
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
  // Results of Flux have a column without a name for their annotations.
  const ofFlux = isReal && (header[0] === '' || isFlux) ? labels[label] : undefined;
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
  const fixed = options.measurement !== null && !/^\{.+\}$/s.test(options.measurement);
  if (measurements.length !== 1 && !(measurements.length === 0 && fixed)) {
    throw contradiction('one column of measurements: mark it so, give a #constant, or say --measurement NAME', [
      `${measurements.length} of them in ${columns.map(({ label }) => JSON.stringify(label)).join(', ')}`,
    ]);
  }
  const named = (wanted: PointPart) =>
    columns.flatMap(({ part, label, declared }, i) => (part === wanted ? [{ i, label, declared }] : []));
  return {
    measurement: measurements.length === 1 ? `{${measurements[0]}}` : options.measurement,
    tags: named('tag').map(({ i, label }) => ({ name: String(i), as: label })),
    fields: named('field').map(
      ({ i, label, declared: { type, reading } }): FieldOption => ({ name: String(i), as: label, type, reading }),
    ),
    timeColumn: String(time),
  };
}

function one(columns: readonly AnnotatedColumn[], wanted: PointPart, expected: string): number {
  const found = columns.flatMap(({ part }, i) => (part === wanted ? [i] : []));
  if (found.length === 1) return found[0]!;
  throw contradiction(
    expected,
    columns.map(({ label }) => JSON.stringify(label)),
  );
}

function timeOf({ timeFormat }: Declared, timezone: string | null, options: TimeOptions): TimeOptions {
  const zone = timezone === null ? options.timezone : zoneOf(timezone);
  return {
    ...options,
    timeFormat: timeFormat === 'number' ? options.precision : (timeFormat ?? 'auto'),
    timezone: zone,
  };
}

/** `-0500`, `Local`, or an IANA name. */
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

/** Text and numbers of columns. */
function piecesOf({ value }: Virtual, header: readonly string[]): (string | number)[] {
  return value.split(/(\$\{[^}]+\})/).map((piece) => {
    const label = /^\$\{([^}]+)\}$/.exec(piece)?.[1];
    if (label === undefined) return piece;
    const column = header.indexOf(label);
    if (column < 0) throw contradiction(`the columns that #concat names, ${JSON.stringify(label)} among them`, header);
    return column;
  });
}

function contradiction(expected: string, got: readonly string[]): UsageError {
  const shown = got.slice(0, 20).join(', ') + (got.length > 20 ? `, … (${got.length} in all)` : '');
  return new UsageError([
    `mapping the columns by their annotations — expected ${expected} — got ${shown} — correct the annotations, or make the file again`,
  ]);
}
