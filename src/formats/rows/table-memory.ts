// Stores the field types of each table, and a number for each set of columns that its rows have.

import { parseShape } from '../../core/points/line-protocol.js';
import { type Shape, UNCOUNTED_SHAPE } from '../../core/types/index.js';
import type { Constants } from './mapping/constants.js';
import type { FieldTypeName, Mapping } from './mapping/mapping.js';
import { type FieldTypes, typeNames, UNKNOWN } from './values/field-types.js';

const maxShapes = 4096;
/**
 * Values in `TableMemory.declared`: the type of a field is declared, or was inferred from quoted cells. In both cases,
 * the text in a quoted cell is a value of this type, such as the number `"12"`. With 0, a quoted cell is a string.
 */
export const DECLARED = 1;
const QUOTED = 2;

/** The distinct sets of columns (`Shape`) in a load. Each `Shape` has a number. */
export class RowShapes {
  readonly #shapes: Shape[] = [];

  shape(number: number): Shape {
    const shape = this.#shapes[number];
    if (shape === undefined) throw new RangeError(`no shape ${number}: ${this.#shapes.length} are known`);
    return shape;
  }

  get count(): number {
    return this.#shapes.length;
  }

  /** Adds the `Shape` of a point and returns its number. The caller must check that the `Shape` is new. */
  add(point: Uint8Array): number {
    return this.count === maxShapes ? UNCOUNTED_SHAPE : this.addShape(parseShape(point));
  }

  /** Adds a new `Shape` and returns its number. Returns UNCOUNTED_SHAPE if all numbers are in use. */
  addShape(shape: Shape): number {
    return this.count === maxShapes ? UNCOUNTED_SHAPE : this.#shapes.push(shape) - 1;
  }
}

/** Field types and column sets of one table under one mapping. */
export class TableMemory {
  readonly name: string;
  /** Encoded measurement and constant tags, with which every point of the table begins. */
  readonly prefix: Uint8Array;
  /** Bytes that the measurement and the constant tags contribute to a series key. */
  readonly keyBytes: number;
  /** The unescaped name of the table. */
  readonly raw: Uint8Array;
  /** Type of each field. The position is the field's position in `Mapping.fields`. */
  types: Uint8Array = new Uint8Array(16);
  declared: Uint8Array = new Uint8Array(16);
  /** Increases whenever fields are added, or the type of a field becomes known. */
  version = 0;
  readonly #fieldTypes: FieldTypes;
  #tags = 0;
  #fields = 0;
  /** Bit mask of the columns with a value in the previous row, and the number of that row's `Shape`. */
  #mask: Int32Array = new Int32Array(0);
  #number = -1;
  readonly #numbers = new Map<string, number>();

  constructor(name: string, prefix: Uint8Array, fieldTypes: FieldTypes, { tags, keyBytes }: Constants) {
    this.name = name;
    this.prefix = Buffer.concat([prefix, tags]);
    this.raw = Buffer.from(name);
    this.keyBytes = this.raw.length + keyBytes;
    this.#fieldTypes = fieldTypes;
  }

  /** Tests whether these bytes are the table's name. */
  is(bytes: Uint8Array, from: number, to: number): boolean {
    const { raw } = this;
    if (to - from !== raw.length) return false;
    for (let i = 0; i < raw.length; i++) if (raw[i] !== bytes[from + i]) return false;
    return true;
  }

  /** Adds the columns that were added to the mapping since the last call. */
  addColumns({ tags, fields }: Mapping): void {
    if (tags.length !== this.#tags) this.#shift(tags.length);
    if (fields.length === this.#fields) return;
    if (fields.length > this.types.length) {
      const size = 2 ** Math.ceil(Math.log2(fields.length));
      this.types = Uint8Array.from({ length: size }, (_, i) => this.types[i] ?? UNKNOWN);
      this.declared = Uint8Array.from({ length: size }, (_, i) => this.declared[i] ?? 0);
    }
    for (let i = this.#fields; i < fields.length; i++) {
      const { name, declared, acceptsQuoted } = fields[i]!;
      this.types[i] = declared === null ? this.#fieldTypes.get(this.name, name) : numberOf(declared);
      this.declared[i] = declared !== null ? DECLARED : acceptsQuoted ? QUOTED : 0;
    }
    this.#fields = fields.length;
    this.version++;
  }

  /**
   * Forgets which `Shape` each bit mask stands for. Bits of fields follow bits of tags, so a new tag changes every
   * mask.
   */
  #shift(tags: number): void {
    this.#tags = tags;
    this.#numbers.clear();
    this.#mask = new Int32Array(0);
  }

  /** Sets the type of a field that had no known type. */
  learn(field: number, name: string, type: number): void {
    this.types[field] = type;
    this.version++;
    this.#fieldTypes.set(this.name, name, type);
  }

  /**
   * Returns the number of a row's `Shape`. The types of a table's fields never change after they are known. So the bit
   * mask of columns determines the `Shape`.
   */
  shape(mask: Int32Array, bytes: Uint8Array, from: number, to: number, shapes: RowShapes): number {
    if (same(mask, this.#mask)) return this.#number;
    const key = mask.join();
    const number = this.#numbers.get(key) ?? shapes.add(bytes.subarray(from, to));
    if (number !== UNCOUNTED_SHAPE) this.#numbers.set(key, number);
    this.#mask = mask.slice();
    this.#number = number;
    return number;
  }
}

function numberOf(type: FieldTypeName): number {
  return typeNames.indexOf(type);
}

function same(a: Int32Array, b: Int32Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
