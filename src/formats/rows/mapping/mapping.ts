// Decides which columns of an input become the time, the table name, tags and fields. Each header gets one mapping.
// In some formats, such as NDJSON, rows with new columns extend the mapping.

import { UsageError } from '../../../core/errors.js';
import type { ColumnType, FieldMapping, FolderColumn, TagMapping } from '../../../core/types/index.js';
import { type Reason, reasons } from '../../reasons.js';
import { putFirstName, putName, reasonOf } from '../values/put-value.js';
import type { ValueReading } from '../values/value-writer.js';
import { Constants } from './constants.js';
import type { FieldColumns } from './field-columns.js';
import { measurementColumn } from './measurement.js';
import { type MissingColumn, missingTable, missingTime } from './missing-column.js';

/** A field option. `reading` describes an unusual notation of the values, such as other words for booleans. */
export interface FieldOption extends FieldMapping {
  readonly reading?: ValueReading | null;
}

/** The settings that decide the mapping of columns. */
export interface MappingOptions {
  /** A table name, or the name of a column in braces: `{column}`. */
  readonly measurement: string | null;
  readonly tags: readonly TagMapping[] | null;
  readonly fields: readonly FieldOption[] | null;
  readonly timeColumn: string | null;
  /** With `now`, rows without a time are allowed. */
  readonly missingTimestamp?: 'reject' | 'now';
  /** Collects the columns of all inputs; absent if the load has only one input. */
  readonly fieldColumns?: FieldColumns;
  /** Columns whose value comes from the folder of the input, such as `host=a`. All rows have the same value. */
  readonly folderColumns?: readonly FolderColumn[];
  /** Tags that --add-tag adds to every row. */
  readonly addedTags?: readonly FolderColumn[] | null;
}

export type FieldTypeName = Exclude<ColumnType, 'tag'>;

/** A tag or field column: its number in the input, its name in the point, and the bytes before each value. */
export interface MappedColumn {
  readonly column: number;
  readonly name: string;
  /** The encoded name between comma and equals sign: `,host=`. */
  readonly prefix: Uint8Array;
}

export interface MappedField extends MappedColumn {
  readonly declared: FieldTypeName | null;
  readonly reading: ValueReading | null;
  /** True if a quoted cell may also contain a number or boolean of the inferred type. */
  acceptsQuoted: boolean;
}

export type Role = 'time' | 'measurement' | 'tag' | 'field' | 'nothing';

/** Column names that are recognised without an option, in order of preference. */
const timeNames = ['time', 'timestamp', '_time', 'ts'];
const measurementNames = ['measurement', '_measurement'];
export class Mapping {
  readonly tags: MappedColumn[] = [];
  readonly fields: MappedField[] = [];
  /** Column number of the time; -1 if no time column is known yet. */
  time = -1;
  /** Name of the time column in the input, for messages. */
  timeName = 'time';
  /** Column number of the table name; -1 if no column contains it. */
  measurement = -1;
  /** The table of all rows; null if a column contains the table name. */
  readonly table: string | null;
  readonly options: MappingOptions;
  readonly constants = new Constants();
  readonly #measurementColumn: string | null;
  readonly #timeColumn: string | null;
  /** Names of all mapped tags and fields, to detect duplicates. */
  readonly #names = new Set<string>();
  /**
   * Name of the folder column that supplies the table name, such as `measurement` in the folder `measurement=cpu`. Null
   * if no folder supplies it.
   */
  readonly #tableFolder: string | null;

  /**
   * @param known all column names of the input, to find the time column and the table column by their usual names; null
   * if the names are not known in advance
   */
  constructor(options: MappingOptions, known: readonly string[] | null) {
    this.options = options;
    const { folderColumns = [], addedTags } = options;
    const braced = measurementColumn(options.measurement);
    const usual = (names: readonly string[]): string | null =>
      known === null ? null : (names.find((name) => known.includes(name)) ?? null);
    const time = options.timeColumn ?? usual(timeNames);
    const measurement = options.measurement === null ? usual(measurementNames) : braced;
    // A folder such as `time=…` can replace a column that the rows lack.
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
   * Maps one more column and returns its role. Throws UsageError if no point can contain a column with this name.
   * @param type the type that the input declares; a type in the options has priority
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

  /** Maps the column as a field. Throws UsageError as `add` does. */
  addField(column: number, { as: name, type: declared, reading = null }: Omit<FieldOption, 'name'>): void {
    const prefix = prefixOf(name, true);
    this.fields.push({ column, name: this.#once(name), prefix, declared, reading, acceptsQuoted: false });
  }

  /** Maps the column as a tag. Throws UsageError as `add` does. */
  addTag(column: number, name: string): void {
    const prefix = prefixOf(name, false);
    this.tags.push({ column, name: this.#once(name), prefix });
  }

  /** Tests whether the options select a column with this name for the point. */
  wants(name: string): boolean {
    const { tags, fields } = this.options;
    const named = [...(tags ?? []), ...(fields ?? [])].some((each) => each.name === name);
    return fields === null || named || this.#isTime(name) || (this.table === null && this.#isMeasurement(name));
  }

  /** Tests whether a folder or --add-tag already supplies the value of a column with this name. */
  isConstant(name: string): boolean {
    if (name === this.#tableFolder || (this.constants.time !== null && this.#isTime(name))) return true;
    const { tags, fields } = this.options;
    const mapped = [...(tags ?? []), ...(fields ?? [])].find((each) => each.name === name);
    return (mapped !== undefined || fields === null) && this.constants.names.has(mapped?.as ?? name);
  }

  /** Throws UsageError if the input has a column whose value a folder or --add-tag already supplies. */
  assertNoConstant(names: readonly string[]): void {
    const found = names.find((name) => this.isConstant(name));
    if (found !== undefined) throw inBothPlaces(found);
  }

  /** Tests whether a column with this name becomes a field of the same name, because no option says otherwise. */
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
   * Describes the time column or the table column if no column has its usual name, so that an option must name it. Null
   * if no option is necessary.
   */
  get unnamed(): MissingColumn | null {
    if (this.#timeColumn === null && this.constants.time === null && !this.#needsNoTime) return missingTime;
    return this.table !== null || this.#measurementColumn !== null ? null : missingTable;
  }

  /** The first required column that is still missing; null if the mapping has all required columns. */
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
    // In a load of several inputs, one input may lack some columns of --fields.
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
        found: `two tags or fields named ${JSON.stringify(name)}`,
        fix: 'rename one of these columns with --tags old:new or --fields old::new',
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
      fix: 'to use the values of the rows, set --hive-partitioning off and leave out --add-tag',
    },
  ]);
}

/** Lists the column names that the options mention. */
export function wantedNames({ tags, fields, timeColumn, measurement }: MappingOptions): string[] {
  const named = [...(tags ?? []), ...(fields ?? [])].map(({ name }) => name);
  return [...named, timeColumn ?? '', measurementColumn(measurement) ?? ''];
}

/** Returns why a tag or field cannot have this name; null if the name is valid. */
export function nameProblem(name: string, isField: boolean): Reason | null {
  if (name === 'time') return 'column-named-time';
  if (name === '') return isField ? 'empty-field-key' : 'empty-tag-key';
  const end = escaped(name, isField).end;
  return end < 0 ? reasonOf(end) : null;
}

/** Returns the encoded name as `,name=`. Throws UsageError if the name is invalid. */
function prefixOf(name: string, isField: boolean): Uint8Array {
  const problem = nameProblem(name, isField);
  if (problem !== null) {
    throw new UsageError([
      {
        tried: 'mapping the columns',
        expected: `a valid name (${reasons[problem]})`,
        found: `a column named ${JSON.stringify(name)}`,
        fix: isField ? 'rename the column with --fields old::new' : 'rename the column with --tags old:new',
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

/** Returns the escaped name as bytes [1, end). For an invalid name, `end` is the negative code of the reason. */
function escaped(name: string, isField: boolean): { bytes: Uint8Array; end: number } {
  const length = Buffer.byteLength(name);
  const bytes = new Uint8Array(3 * length + 2);
  const from = 2 * length + 2; // the unescaped name starts after the longest escaped name
  Buffer.from(bytes.buffer).write(name, from);
  const put = isField ? putFirstName : putName;
  return { bytes, end: put(bytes, from, from + length, 1) };
}
