// Rewrites the backslashes of a valid point into the portable form, which every server reads in the same way.

import { BACKSLASH, COMMA, EQUALS, QUOTE, SPACE } from '../../../core/ascii.js';

/** Copies a part of a point from offset `at` to offset `out`. Both offsets advance. */
class Copy {
  at: number;
  out: number;
  readonly #bytes: Uint8Array;
  readonly #end: number;

  constructor(bytes: Uint8Array, from: number, end: number, to: number) {
    this.#bytes = bytes;
    this.at = from;
    this.#end = end;
    this.out = to;
  }

  get byte(): number {
    return this.at < this.#end ? this.#bytes[this.at]! : -1;
  }

  put(): void {
    this.#bytes[this.out++] = this.#bytes[this.at++]!;
  }

  insertBackslash(): void {
    this.#bytes[this.out++] = BACKSLASH;
  }

  /** Copies a name up to an unescaped comma or space, or up to `=` for a key. Escapes `=` in tag values. */
  name(what: 'key' | 'measurement' | 'tag value'): void {
    for (let byte = this.byte; byte >= 0 && byte !== COMMA && byte !== SPACE; byte = this.byte) {
      if (byte === BACKSLASH) this.put();
      else if (byte === EQUALS && what === 'key') return;
      else if (byte === EQUALS && what === 'tag value') this.insertBackslash();
      this.put();
    }
  }

  /** Copies a string. Doubles each backslash that is not part of an escape. */
  string(): void {
    this.put();
    while (this.byte !== QUOTE) {
      if (this.byte === BACKSLASH) this.#escape();
      this.put();
    }
    this.put();
  }

  #escape(): void {
    this.put();
    const next = this.byte;
    if (next !== QUOTE && next !== BACKSLASH && next !== 0x27) this.insertBackslash();
  }
}

/** Writes the portable form of the valid point in [from, end) of `bytes` at `to`. @returns the end of the copy */
export function rewrite(bytes: Uint8Array, from: number, end: number, to: number): number {
  const copy = new Copy(bytes, from, end, to);
  copy.name('measurement');
  while (copy.byte === COMMA) {
    copy.put();
    copy.name('key');
    copy.put();
    copy.name('tag value');
  }
  while (copy.byte === SPACE) copy.put();
  for (;;) {
    copy.name('key');
    copy.put();
    if (copy.byte === QUOTE) copy.string();
    else copy.name('measurement');
    if (copy.byte !== COMMA) break;
    copy.put();
  }
  while (copy.byte >= 0) copy.put();
  return copy.out;
}
