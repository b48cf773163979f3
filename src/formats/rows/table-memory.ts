// The known facts about each table: the types of its fields and the shape numbers of its rows.

import { parseShape } from '../../core/points/line-protocol.js';
import { type Shape, UNCOUNTED_SHAPE } from '../../core/types/index.js';
import type { Constants } from './mapping/constants.js';
import type { FieldTypeName, Mapping } from './mapping/mapping.js';
import { type FieldTypes, typeNames, UNKNOWN } from './values/field-types.js';

const maxShapes = 4096;
/**
 * Values of `TableMemory.declared`: the type is declared, or inferred from quoted cells. In both cases it applies to
 * quoted cells.
 */
export const DECLARED = 1;
const QUOTED = 2;

/** The shapes of a load by number. */
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

  /** Numbers the shape of a point. The shape must have no number yet. */
  add(point: Uint8Array): number {
    return this.count === maxShapes ? UNCOUNTED_SHAPE : this.addShape(parseShape(point));
  }

  /** Numbers a shape that has no number yet. Returns UNCOUNTED_SHAPE if there are too many shapes. */
  addShape(shape: Shape): number {
    return this.count === maxShapes ? UNCOUNTED_SHAPE : this.#shapes.push(shape) - 1;
  }
}

/** One table as one mapping fills it. */
export class TableMemory {
  readonly name: string;
  /** Measurement and tags that begin every point. */
  readonly prefix: Uint8Array;
  /** Bytes that measurement and tags of the prefix take in the key of a series. */
  readonly keyBytes: number;
  /** The name of the table without escapes. */
  readonly raw: Uint8Array;
  /** Types of fields, by the number of the field in the mapping. */
  types: Uint8Array = new Uint8Array(16);
  declared: Uint8Array = new Uint8Array(16);
  /** Changes whenever the fields or their types change. */
  version = 0;
  readonly #fieldTypes: FieldTypes;
  #tags = 0;
  #fields = 0;
  /** Columns of the previous row as bits, and the number of its shape. */
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

  /** Adds the columns that are new in the mapping. */
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

  /** Forgets shapes by columns. The bits of fields follow those of tags, so that a new tag changes the meaning of the bits. */
  #shift(tags: number): void {
    this.#tags = tags;
    this.#numbers.clear();
    this.#mask = new Int32Array(0);
  }

  /** Fixes the type of a field. */
  learn(field: number, name: string, type: number): void {
    this.types[field] = type;
    this.version++;
    this.#fieldTypes.set(this.name, name, type);
  }

  /** Returns the shape number of a row with these columns. Types never change, so the columns determine the shape. */
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
