// What is remembered of each table: the types its fields have got, and the numbers of the shapes its rows have had.

import { parseShape } from '../../core/line-protocol.js';
import { type Shape, UNCOUNTED_SHAPE } from '../../core/types/index.js';
import type { FieldTypeName, Mapping } from './mapping/mapping.js';
import { type FieldTypes, typeNames, UNKNOWN } from './values/field-types.js';

const mostShapes = 4096;

/** Shapes by number, for a whole load. */
export class RowShapes {
  readonly #shapes: Shape[] = [];

  shape(number: number): Shape {
    const shape = this.#shapes[number];
    if (shape === undefined) throw new RangeError(`asked for shape ${number} — ${this.#shapes.length} are known`);
    return shape;
  }

  /** A number for the shape of this point, which has none yet. */
  add(point: Uint8Array): number {
    if (this.#shapes.length === mostShapes) return UNCOUNTED_SHAPE;
    return this.#shapes.push(parseShape(point)) - 1;
  }
}

/** One table as one mapping fills it. */
export class TableMemory {
  readonly name: string;
  /** The measurement as it is sent. */
  readonly prefix: Uint8Array;
  /** The name unescaped. */
  readonly raw: Uint8Array;
  /** By the number of the field in the mapping. */
  types: Uint8Array = new Uint8Array(16);
  declared: Uint8Array = new Uint8Array(16);
  /** Of what is known of its fields. */
  version = 0;
  readonly #book: FieldTypes;
  #tags = 0;
  #fields = 0;
  /** Columns of the row before, one bit each, and its shape. */
  #mask: Int32Array = new Int32Array(0);
  #number = -1;
  readonly #numbers = new Map<string, number>();

  constructor(name: string, prefix: Uint8Array, book: FieldTypes) {
    this.name = name;
    this.prefix = prefix;
    this.raw = Buffer.from(name);
    this.#book = book;
  }

  /** Whether these bytes are its name. */
  is(bytes: Uint8Array, from: number, to: number): boolean {
    const { raw } = this;
    if (to - from !== raw.length) return false;
    for (let i = 0; i < raw.length; i++) if (raw[i] !== bytes[from + i]) return false;
    return true;
  }

  /** Makes room for columns that the mapping has got meanwhile. */
  follow({ tags, fields }: Mapping): void {
    if (tags.length !== this.#tags) this.#shift(tags.length);
    if (fields.length === this.#fields) return;
    if (fields.length > this.types.length) {
      const size = 2 ** Math.ceil(Math.log2(fields.length));
      this.types = Uint8Array.from({ length: size }, (_, i) => this.types[i] ?? UNKNOWN);
      this.declared = Uint8Array.from({ length: size }, (_, i) => this.declared[i] ?? 0);
    }
    for (let i = this.#fields; i < fields.length; i++) {
      const { name, declared } = fields[i]!;
      this.types[i] = declared === null ? this.#book.get(this.name, name) : numberOf(declared);
      this.declared[i] = Number(declared !== null);
    }
    this.#fields = fields.length;
    this.version++;
  }

  /** The bits of fields come behind those of the tags: with another tag each stands for another column. */
  #shift(tags: number): void {
    this.#tags = tags;
    this.#numbers.clear();
    this.#mask = new Int32Array(0);
  }

  /** From here on the field has this type. */
  learn(field: number, name: string, type: number): void {
    this.types[field] = type;
    this.version++;
    this.#book.set(this.name, name, type);
  }

  /** Number of the shape of a row with these columns. Their types never change, so they say it all. */
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
