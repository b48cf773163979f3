// Checks data in Thrift's compact encoding before the library (hyparquet) decodes it. Without the check, the library
// would read numbers of unlimited length, and would allocate lists of any length that the data states.

/** Largest nesting depth of structures. Valid footers have fewer levels. */
const maxDepth = 32;
/** Largest number of bytes of an encoded 64-bit number. */
const maxVarintBytes = 10;

const BYTE = 3;
const DOUBLE = 7;
const BINARY = 8;
const LIST = 9;
const STRUCT = 12;

/** Error for a structure that is damaged or incomplete. */
export class ThriftError extends Error {}

/**
 * Checks the structure at `from`; returns the offset after it. Throws ThriftError for a damaged or incomplete
 * structure.
 */
export function structEnd(bytes: Uint8Array, from: number): number {
  return new ThriftWalk(bytes, from).struct(0);
}

class ThriftWalk {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, from: number) {
    this.#bytes = bytes;
    this.#at = from;
  }

  struct(depth: number): number {
    if (depth > maxDepth) throw new ThriftError('structures nested too deep');
    for (;;) {
      const head = this.#byte();
      if (head === 0) return this.#at;
      if (head >> 4 === 0) this.#varint();
      this.#value(head & 0x0f, depth, false);
    }
  }

  /** Skips a value. A boolean takes one byte in a list. In a structure, it takes no byte: its type states the value. */
  #value(type: number, depth: number, inList: boolean): void {
    if (type === 1 || type === 2) {
      if (inList) this.#skip(1);
    } else if (type === BYTE) this.#skip(1);
    else if (type > BYTE && type < DOUBLE) this.#varint();
    else if (type === DOUBLE) this.#skip(8);
    else if (type === BINARY) this.#skip(this.#varint());
    else if (type === LIST) this.#list(depth);
    else if (type === STRUCT) this.struct(depth + 1);
    else throw new ThriftError(`a value of type ${type}`);
  }

  #list(depth: number): void {
    const head = this.#byte();
    const size = head >> 4 === 15 ? this.#varint() : head >> 4;
    // Each element takes at least one byte. So a list cannot have more elements than there are bytes left.
    if (size > this.#bytes.length - this.#at)
      throw new ThriftError('a list that declares more elements than bytes remain');
    for (let i = 0; i < size; i++) this.#value(head & 0x0f, depth + 1, true);
  }

  #varint(): number {
    let value = 0;
    for (let i = 0, factor = 1; i < maxVarintBytes; i++, factor *= 128) {
      const byte = this.#byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    throw new ThriftError('a number of more than 64 bits');
  }

  #byte(): number {
    this.#skip(1);
    return this.#bytes[this.#at - 1]!;
  }

  #skip(bytes: number): void {
    if (bytes > this.#bytes.length - this.#at) throw new ThriftError('a truncated structure');
    this.#at += bytes;
  }
}
