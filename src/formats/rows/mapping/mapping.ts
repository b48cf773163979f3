// Maps the columns of an input to time, table name, tags and fields. A mapping is built once per header, and extended when
// further columns appear.

import { UsageError } from '../../../core/errors.js';
import type { ColumnType, FieldMapping, FolderColumn, TagMapping } from '../../../core/types/index.js';
import { type Reason, reasons } from '../../reasons.js';
import { putFirstName, putName, reasonOf } from '../values/put-value.js';
import type { ValueReading } from '../values/value-writer.js';
import { Constants } from './constants.js';
import type { FieldColumns } from './field-columns.js';
import { measurementColumn } from './measurement.js';
import { type MissingColumn, missingTable, missingTime } from './missing-column.js';

/** A field with an unusual notation of values. */
export interface FieldOption extends FieldMapping {
  readonly reading?: ValueReading | null;
}

/** The settings that decide the mapping of columns. */
export interface MappingOptions {
  /** A name, or `{column}`. */
  readonly measurement: string | null;
  readonly tags: readonly TagMapping[] | null;
  readonly fields: readonly FieldOption[] | null;
  readonly timeColumn: string | null;
  /** With `now`, no time column is needed. */
  readonly missingTimestamp?: 'reject' | 'now';
  /** Set in a load of several inputs, which need not have the same columns. */
  readonly fieldColumns?: FieldColumns;
  /** Columns with one value for all rows of the input. */
  readonly folderColumns?: readonly FolderColumn[];
  /** Tags of every row. */
  readonly addedTags?: readonly FolderColumn[] | null;
}

export type FieldTypeName = Exclude<ColumnType, 'tag'>;

/** A column that becomes part of the point: its number, its name in the point, and the bytes before its value. */
export interface MappedColumn {
  readonly column: number;
  readonly name: string;
  /** `,host=` */
  readonly prefix: Uint8Array;
}

export interface MappedField extends MappedColumn {
  readonly declared: FieldTypeName | null;
  readonly reading: ValueReading | null;
  /** True if quoted cells can also hold values of the inferred type. */
  acceptsQuoted: boolean;
}

export type Role = 'time' | 'measurement' | 'tag' | 'field' | 'nothing';

/** Default column names, in order of preference. */
const timeNames = ['time', 'timestamp', '_time', 'ts'];
const measurementNames = ['measurement', '_measurement'];
export class Mapping {
  readonly tags: MappedColumn[] = [];
  readonly fields: MappedField[] = [];
  /** Number of the time column; -1 while unknown. */
  time = -1;
  /** Name of the time column in the input. */
  timeName = 'time';
  /** Number of the column that names the table; -1 without such a column. */
  measurement = -1;
  /** The table of all rows; null when a column names the table. */
  readonly table: string | null;
  readonly options: MappingOptions;
  readonly constants = new Constants();
  readonly #measurementColumn: string | null;
  readonly #timeColumn: string | null;
  /** Names of all tags and fields. */
  readonly #names = new Set<string>();
  /** Name of the folder whose value names the table; null without such a folder. */
  readonly #tableFolder: string | null;

  /** @param known all column names if known in advance, which decide the time column; otherwise null */
  constructor(options: MappingOptions, known: readonly string[] | null) {
    this.options = options;
    const { folderColumns = [], addedTags } = options;
    const braced = measurementColumn(options.measurement);
    const usual = (names: readonly string[]): string | null =>
      known === null ? null : (names.find((name) => known.includes(name)) ?? null);
    const time = options.timeColumn ?? usual(timeNames);
    const measurement = options.measurement === null ? usual(measurementNames) : braced;
    // A folder can take the place of a column that the rows lack.
    const inFolder = (name: string | null, names: readonly string[]): FolderColumn | undefined =>
      folderColumns.find((each) => (name === null ? names.includes(each.name) : each.name === name));
    const table = options.measurement === null || braced !== null ? inFolder(measurement, measurementNames) : undefined;
    const timeFolder = inFolder(time, timeNames);
    this.table = table?.value ?? (braced === null ? options.measurement : null);
    this.#measurementColumn = this.table === null ? measurement : null;
    this.#timeColumn = time;
    this.#tableFolder = table?.name ?? null;
    if (timeFolder !== undefined) this.constants.time = Buffer.from(timeFolder.value ?? '');
    for (const each of folderColumns) if (each !== table && each !== timeFolder) this.#addFolder(each);
    for (const each of addedTags ?? []) this.#addConstantTag(each, each.name);
  }

  /**
   * Adds the next column, and returns its role. Throws UsageError if its name is invalid in a table.
   * @param type declared by the input; a type in the options takes precedence
   */
  add(column: number, name: string, type: FieldTypeName | null = null): Role {
    this.assertNoConstant([name]);
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
      this.addTag(column, tag.as);
      return 'tag';
    }
    const field = fields === null ? { name, type: null, as: name } : fields.find((each) => each.name === name);
    if (field === undefined) return 'nothing';
    this.addField(column, { ...field, type: field.type ?? type });
    return 'field';
  }

  #addFolder(folder: FolderColumn): void {
    const { tags, fields } = this.options;
    const field = fields?.find(({ name }) => name === folder.name);
    if (field === undefined)
      this.#addConstantTag(folder, tags?.find(({ name }) => name === folder.name)?.as ?? folder.name);
    else this.constants.addField(prefixOf(this.#once(field.as), true), field.as, field.type, folder);
  }

  #addConstantTag(column: FolderColumn, name: string): void {
    this.constants.addTag(prefixOf(this.#once(name), false), name, column);
  }

  /** Makes the column a field, whatever its name. Throws as `add` does. */
  addField(column: number, { as: name, type: declared, reading = null }: Omit<FieldOption, 'name'>): void {
    const prefix = prefixOf(name, true);
    this.fields.push({ column, name: this.#once(name), prefix, declared, reading, acceptsQuoted: false });
  }

  /** Makes the column a tag, whatever its name. Throws as `add` does. */
  addTag(column: number, name: string): void {
    const prefix = prefixOf(name, false);
    this.tags.push({ column, name: this.#once(name), prefix });
  }

  /** Tests whether a column with this name becomes part of the point. */
  wants(name: string): boolean {
    const { tags, fields } = this.options;
    const named = [...(tags ?? []), ...(fields ?? [])].some((each) => each.name === name);
    return fields === null || named || this.#isTime(name) || (this.table === null && this.#isMeasurement(name));
  }

  /** Tests whether a folder or --add-tag gives the value that a column with this name would hold. */
  isConstant(name: string): boolean {
    if (name === this.#tableFolder || (this.constants.time !== null && this.#isTime(name))) return true;
    const { tags, fields } = this.options;
    const mapped = [...(tags ?? []), ...(fields ?? [])].find((each) => each.name === name);
    return (mapped !== undefined || fields === null) && this.constants.names.has(mapped?.as ?? name);
  }

  /** Throws UsageError if the rows have a column whose value a folder or --add-tag also gives. */
  assertNoConstant(names: readonly string[]): void {
    const found = names.find((name) => this.isConstant(name));
    if (found !== undefined) throw inBothPlaces(found);
  }

  /** Tests whether a column with this name becomes a field with the same name. */
  isField(name: string): boolean {
    const { tags, fields } = this.options;
    return (
      fields === null &&
      !tags?.some((each) => each.name === name) &&
      !this.#isTime(name) &&
      !(this.table === null && this.#isMeasurement(name))
    );
  }

  /**
   * A column that the options must name, because no column has a default name for it; null if the options need not name
   * one.
   */
  get unnamed(): MissingColumn | null {
    if (this.#timeColumn === null && this.constants.time === null && !this.#needsNoTime) return missingTime;
    return this.table !== null || this.#measurementColumn !== null ? null : missingTable;
  }

  /** A column that is missing; null if no column is missing. */
  get missing(): MissingColumn | null {
    const { timeColumn, tags, fields } = this.options;
    const hasTime = this.time >= 0 || this.constants.time !== null;
    if (!hasTime && timeColumn !== null) return { expected: `the column of --time-column ${timeColumn}`, fix: '' };
    if (!hasTime && !this.#needsNoTime) return missingTime;
    if (this.table === null && this.measurement < 0) return missingTable;
    const lacking = (wanted: readonly TagMapping[] | null, got: readonly MappedColumn[]): string[] =>
      (wanted ?? [])
        .filter(({ as }) => !this.constants.names.has(as) && !got.some(({ name }) => name === as))
        .map(({ name }) => JSON.stringify(name));
    // In a load of several inputs, each input may lack some of the fields.
    const isFieldOptional = this.options.fieldColumns !== undefined && this.fields.length > 0;
    const lost = [...lacking(tags, this.tags), ...(isFieldOptional ? [] : lacking(fields, this.fields))];
    if (lost.length > 0) return { expected: `the columns named with --tags and --fields: ${lost.join(', ')}`, fix: '' };
    return this.fields.length === 0 ? { expected: 'a field column', fix: 'name some with --fields' } : null;
  }

  get #needsNoTime(): boolean {
    return this.options.missingTimestamp === 'now' && this.options.timeColumn === null;
  }

  #once(name: string): string {
    if (this.constants.names.has(name)) throw inBothPlaces(name);
    const known = this.#names.size;
    if (this.#names.add(name).size > known) return name;
    throw new UsageError([
      {
        tried: 'mapping the columns',
        expected: 'different names for all tags and fields',
        found: `two named ${JSON.stringify(name)}`,
        fix: 'rename one with --tags old:new or --fields old::new',
      },
    ]);
  }

  #isTime(name: string): boolean {
    return this.#timeColumn === null ? timeNames.includes(name) : name === this.#timeColumn;
  }

  #isMeasurement(name: string): boolean {
    return this.#measurementColumn === null ? measurementNames.includes(name) : name === this.#measurementColumn;
  }
}

function inBothPlaces(name: string): UsageError {
  return new UsageError([
    {
      tried: 'mapping the columns',
      expected: `the values of ${name} in one place: the rows, one folder ${name}=…, or --add-tag`,
      found: 'values in two places',
      fix: 'take the values of the rows with --hive-partitioning off and without --add-tag',
    },
  ]);
}

/** Returns the column names in the options. */
export function wantedNames({ tags, fields, timeColumn, measurement }: MappingOptions): string[] {
  const named = [...(tags ?? []), ...(fields ?? [])].map(({ name }) => name);
  return [...named, timeColumn ?? '', measurementColumn(measurement) ?? ''];
}

/** Returns why a column cannot have this name; null if it can. */
export function nameProblem(name: string, isField: boolean): Reason | null {
  if (name === 'time') return 'column-named-time';
  if (name === '') return isField ? 'empty-field-key' : 'empty-tag-key';
  const end = escaped(name, isField).end;
  return end < 0 ? reasonOf(end) : null;
}

/** Returns `,name=` with the name escaped. Throws UsageError if no server accepts the name. */
function prefixOf(name: string, isField: boolean): Uint8Array {
  const problem = nameProblem(name, isField);
  if (problem !== null) {
    throw new UsageError([
      {
        tried: 'mapping the columns',
        expected: `a valid name (${reasons[problem]})`,
        found: `a column named ${JSON.stringify(name)}`,
        fix: isField ? 'rename it with --fields old::new' : 'rename it with --tags old:new',
      },
    ]);
  }
  const { bytes, end } = escaped(name, isField);
  const prefix = new Uint8Array(end + 1);
  prefix.set(bytes.subarray(0, end));
  prefix[0] = 0x2c;
  prefix[end] = 0x3d;
  return prefix;
}

/** Returns the escaped name in [1, end). A negative end is the code of a reason. */
function escaped(name: string, isField: boolean): { bytes: Uint8Array; end: number } {
  const length = Buffer.byteLength(name);
  const bytes = new Uint8Array(3 * length + 2);
  const from = 2 * length + 2; // after the longest escaped name
  Buffer.from(bytes.buffer).write(name, from);
  const put = isField ? putFirstName : putName;
  return { bytes, end: put(bytes, from, from + length, 1) };
}
