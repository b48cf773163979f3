// The form in which Parquet writes its footer and page headers, checked before the library reads it: there a number without
// an end takes time without an end, and a list says itself how much memory it wants.

/** Deeper structures are in no footer. */
const mostDepth = 32;
/** Of a number of 64 bits. */
const longestVarint = 10;

const BYTE = 3;
const DOUBLE = 7;
const BINARY = 8;
const LIST = 9;
const STRUCT = 12;

/** What ends it: also the end of the bytes, in which case more of them may help. */
export class ThriftError extends Error {}

/** Checks the structure that begins at `from`. @returns the offset behind it. Throws ThriftError. */
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
    if (depth > mostDepth) throw new ThriftError('structures nested too deep');
    for (;;) {
      const head = this.#byte();
      if (head === 0) return this.#at;
      if (head >> 4 === 0) this.#varint();
      this.#value(head & 0x0f, depth, false);
    }
  }

  /** @param inList where booleans take a byte */
  #value(type: number, depth: number, inList: boolean): void {
    if (type === 1 || type === 2) {
      if (inList) this.#pass(1);
    } else if (type === BYTE) this.#pass(1);
    else if (type > BYTE && type < DOUBLE) this.#varint();
    else if (type === DOUBLE) this.#pass(8);
    else if (type === BINARY) this.#pass(this.#varint());
    else if (type === LIST) this.#list(depth);
    else if (type === STRUCT) this.struct(depth + 1);
    else throw new ThriftError(`a value of type ${type}`);
  }

  #list(depth: number): void {
    const head = this.#byte();
    const size = head >> 4 === 15 ? this.#varint() : head >> 4;
    // Each element takes a byte at least.
    if (size > this.#bytes.length - this.#at) throw new ThriftError('a list longer than what holds it');
    for (let i = 0; i < size; i++) this.#value(head & 0x0f, depth + 1, true);
  }

  #varint(): number {
    let value = 0;
    for (let i = 0, factor = 1; i < longestVarint; i++, factor *= 128) {
      const byte = this.#byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    throw new ThriftError('a number of more than 64 bits');
  }

  #byte(): number {
    this.#pass(1);
    return this.#bytes[this.#at - 1]!;
  }

  #pass(bytes: number): void {
    if (bytes > this.#bytes.length - this.#at) throw new ThriftError('its end too early');
    this.#at += bytes;
  }
}
