// What the columns of an input mean: which is the time, which names the table, which are tags and fields. Compiled once
// per header, and added to where columns turn up as rows go by.

import { UsageError } from '../../../core/errors.js';
import type { ColumnType, FieldMapping, TagMapping } from '../../../core/types/index.js';
import { describe, type Reason } from '../../reasons.js';
import { putFirstName, putMeasurement, putName, reasonOf } from '../values/put-value.js';
import type { ValueReading } from '../values/value-writer.js';

/** How its values are written, where that is not the usual way. */
export interface FieldOption extends FieldMapping {
  readonly reading?: ValueReading | null;
}

/** The part of the settings that says what columns mean. */
export interface MappingOptions {
  /** A name, or `{column}`. */
  readonly measurement: string | null;
  readonly tags: readonly TagMapping[] | null;
  readonly fields: readonly FieldOption[] | null;
  readonly timeColumn: string | null;
}

export type FieldTypeName = Exclude<ColumnType, 'tag'>;

/** A column that becomes part of the point: its number, its name there, and the bytes that go before its value. */
export interface MappedColumn {
  readonly column: number;
  readonly name: string;
  /** `,host=` */
  readonly prefix: Uint8Array;
}

export interface MappedField extends MappedColumn {
  readonly declared: FieldTypeName | null;
  readonly reading: ValueReading | null;
}

export type Role = 'time' | 'measurement' | 'tag' | 'field' | 'nothing';

/** Names that stand for what nobody named, in this order. */
const timeNames = ['time', 'timestamp', '_time', 'ts'];
const measurementNames = ['measurement', '_measurement'];

export class Mapping {
  readonly tags: MappedColumn[] = [];
  readonly fields: MappedField[] = [];
  /** Number of the column; -1 as long as there is none. */
  time = -1;
  /** Of that column, as the input has it. */
  timeName = 'time';
  /** Of the measurement, where a column holds it. */
  measurement = -1;
  /** The measurement, where it is the same for all rows; null where a column holds it. */
  readonly table: string | null;
  readonly options: MappingOptions;
  readonly #measurementColumn: string | null;
  readonly #timeColumn: string | null;

  /** @param known names of all columns where they are known beforehand; decides which one is the time */
  constructor(options: MappingOptions, known: readonly string[] | null) {
    this.options = options;
    const braced = /^\{(.+)\}$/s.exec(options.measurement ?? '')?.[1] ?? null;
    this.table = braced === null ? options.measurement : null;
    const usual = (names: readonly string[]): string | null =>
      known === null ? null : (names.find((name) => known.includes(name)) ?? null);
    this.#timeColumn = options.timeColumn ?? usual(timeNames);
    this.#measurementColumn = this.table === null ? (braced ?? usual(measurementNames)) : null;
  }

  /**
   * Takes the next column in. Throws UsageError when its name cannot be one in a table.
   * @param type of its values, where the input says so; what was declared goes before it
   */
  add(column: number, name: string, type: FieldTypeName | null = null): Role {
    if (this.time < 0 && this.#isTime(name)) {
      this.time = column;
      this.timeName = name;
      return 'time';
    }
    if (this.table === null && this.measurement < 0 && this.#isMeasurement(name)) {
      this.measurement = column;
      return 'measurement';
    }
    const { tags, fields } = this.options;
    const tag = tags?.find((each) => each.name === name);
    if (tag !== undefined) {
      this.tags.push({ column, name: this.#once(tag.as), prefix: prefixOf(tag.as, false) });
      return 'tag';
    }
    const field = fields === null ? { name, type: null, as: name } : fields.find((each) => each.name === name);
    if (field === undefined) return 'nothing';
    this.addField(column, { ...field, type: field.type ?? type });
    return 'field';
  }

  /** Makes the column a field, whatever its name. Throws as `add`. */
  addField(column: number, { as: name, type: declared, reading = null }: Omit<FieldOption, 'name'>): void {
    this.#once(name);
    this.fields.push({ column, name, prefix: prefixOf(name, true), declared, reading });
  }

  /** Whether a column of this name would become part of the point. */
  wants(name: string): boolean {
    const { tags, fields } = this.options;
    const named = [...(tags ?? []), ...(fields ?? [])].some((each) => each.name === name);
    return fields === null || named || this.#isTime(name) || (this.table === null && this.#isMeasurement(name));
  }

  /** Whether a column of this name would become a field under the same name. */
  isField(name: string): boolean {
    const { tags, fields } = this.options;
    return (
      fields === null &&
      !tags?.some((each) => each.name === name) &&
      !this.#isTime(name) &&
      !(this.table === null && this.#isMeasurement(name))
    );
  }

  /** What the options have to name, since no column has a usual name; null for nothing. */
  get unnamed(): string | null {
    if (this.#timeColumn === null) return 'a column of times: name it with --time-column';
    if (this.table !== null || this.#measurementColumn !== null) return null;
    return 'a table to put the rows in: name it with --measurement NAME, or the column that holds it with --measurement {column}';
  }

  /** What is wanted and not there, in words; null when nothing is missing. */
  get missing(): string | null {
    if (this.time < 0)
      return `a column of times: name it with --time-column${this.#timeColumn === null ? '' : ` (${this.#timeColumn})`}`;
    if (this.table === null && this.measurement < 0) {
      return 'a table to put the rows in: name it with --measurement NAME, or the column that holds it with --measurement {column}';
    }
    const { tags, fields } = this.options;
    const lacking = (wanted: readonly TagMapping[] | null, got: readonly MappedColumn[]): string[] =>
      (wanted ?? []).filter(({ as }) => !got.some(({ name }) => name === as)).map(({ name }) => JSON.stringify(name));
    const lost = [...lacking(tags, this.tags), ...lacking(fields, this.fields)];
    if (lost.length > 0) return `the columns named with --tags and --fields: ${lost.join(', ')}`;
    return this.fields.length === 0 ? 'a column that is a field: name some with --fields' : null;
  }

  #once(name: string): string {
    if (![...this.tags, ...this.fields].some((each) => each.name === name)) return name;
    throw new UsageError([
      `mapping columns — expected a name of its own for each tag and field — got two called ${JSON.stringify(name)} — give one another with --tags old:new or --fields old::new`,
    ]);
  }

  #isTime(name: string): boolean {
    return this.#timeColumn === null ? timeNames.includes(name) : name === this.#timeColumn;
  }

  #isMeasurement(name: string): boolean {
    return this.#measurementColumn === null ? measurementNames.includes(name) : name === this.#measurementColumn;
  }
}

/** Names of columns that the options speak of. */
export function wantedNames({ tags, fields, timeColumn, measurement }: MappingOptions): string[] {
  const named = [...(tags ?? []), ...(fields ?? [])].map(({ name }) => name);
  return [...named, timeColumn ?? '', /^\{(.+)\}$/s.exec(measurement ?? '')?.[1] ?? ''];
}

/** Why a column cannot have this name; null when it can. */
export function nameProblem(name: string, isField: boolean): Reason | null {
  if (name === 'time') return 'column-named-time';
  if (name === '') return isField ? 'empty-field-key' : 'empty-tag-key';
  const end = escaped(name, isField).end;
  return end < 0 ? reasonOf(end) : null;
}

/** `,name=` with the name escaped. Throws UsageError when no server would take it. */
function prefixOf(name: string, isField: boolean): Uint8Array {
  const problem = nameProblem(name, isField);
  if (problem !== null) {
    throw new UsageError([
      `mapping the columns — ${describe(problem, `a column named ${JSON.stringify(name)}`)} — ` +
        `give it another name with ${isField ? '--fields, as in old::new' : '--tags, as in old:new'}`,
    ]);
  }
  const { bytes, end } = escaped(name, isField);
  const prefix = new Uint8Array(end + 1);
  prefix.set(bytes.subarray(0, end));
  prefix[0] = 0x2c;
  prefix[end] = 0x3d;
  return prefix;
}

/** The escaped name in [1, end); a negative end is the code of a reason. */
function escaped(name: string, isField: boolean): { bytes: Uint8Array; end: number } {
  const length = Buffer.byteLength(name);
  const bytes = new Uint8Array(3 * length + 2);
  const from = 2 * length + 2; // behind all that may be written
  Buffer.from(bytes.buffer).write(name, from);
  const put = isField ? putFirstName : putName;
  return { bytes, end: put(bytes, from, from + length, 1) };
}

/**
 * A measurement, escaped. Null when the target would not take it, or would take its points for comments.
 * @param slashes whether it takes one with a slash
 */
export function measurementPrefix(name: Uint8Array, slashes: boolean): Uint8Array | null {
  if (name[0] === 0x23) return null;
  const bytes = new Uint8Array(3 * name.length);
  bytes.set(name, 2 * name.length);
  const end = name.length === 0 ? -1 : putMeasurement(bytes, 2 * name.length, 3 * name.length, 0, slashes);
  return end < 0 ? null : bytes.slice(0, end);
}
