import { unescapeName } from '../../core/points/line-protocol.js';
import type { PointHasher } from './point-hash.js';

/** Converts table names from bytes to strings. All points of a table get the same string object. */
export class TableNames {
  readonly #names = new Map<string, string>();
  #last = { bytes: new Uint8Array(0), name: '' };

  /** Returns the table name of the point that the hasher has just read from `bytes`. */
  of(bytes: Uint8Array, { tableStart, tableEnd }: PointHasher): string {
    const last = this.#last.bytes;
    let i = tableEnd - tableStart;
    if (i === last.length) {
      while (i > 0 && bytes[tableStart + i - 1] === last[i - 1]) i -= 1;
      if (i === 0) return this.#last.name;
    }
    const { buffer, byteOffset } = bytes;
    const written = Buffer.from(buffer, byteOffset + tableStart, tableEnd - tableStart).toString();
    let name = this.#names.get(written);
    if (name === undefined) {
      name = unescapeName(written);
      this.#names.set(written, name);
    }
    this.#last = { bytes: bytes.slice(tableStart, tableEnd), name };
    return name;
  }
}
