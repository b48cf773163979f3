// Reads numbers in other notations than `1234.5`, such as `1.234,5`. --decimal and --thousands describe the notation.

import type { Reason } from '../reasons.js';
import { BARE, type Cells, type KernelFilling, type RowFiller, TEXT } from '../rows/cells.js';
import type { MappedField, Mapping } from '../rows/mapping/mapping.js';
import { BOOLEAN, type FieldTypes, STRING } from '../rows/values/field-types.js';

const plain = /^ *[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)? *$/;
const nonFinite = /^ *[+-]?(?:inf(?:inity)?|nan) *$/i;
/** Longest cell that may be a number, bytes. */
const maxNumber = 64;

export interface NumberNotation {
  readonly decimal: string;
  /** Separator between groups of three digits; null without a separator. */
  readonly thousands: string | null;
}

export function isPlain({ decimal, thousands }: NumberNotation): boolean {
  return decimal === '.' && thousands === null;
}

/** Returns a function that tests whether a text is a number in this notation. */
export function numberTest(notation: NumberNotation): (text: string) => boolean {
  const grammar = isPlain(notation) ? plain : grammarOf(notation);
  return (text) => grammar.test(text) || nonFinite.test(text);
}

function grammarOf({ decimal, thousands }: NumberNotation): RegExp {
  const [point, group] = [decimal, thousands ?? ''].map((text) => text.replace(/[^\w]/g, '\\$&'));
  const whole = thousands === null ? '\\d+' : `(?:\\d{1,3}(?:${group}\\d{3})+|\\d+)`;
  return new RegExp(`^ *[+-]?(?:${whole}(?:${point}\\d*)?|${point}\\d+)(?:[eE][+-]?\\d+)? *$`);
}

/**
 * Rewrites the numbers of a row to plain notation. With --decimal ',', `1,5` becomes `1.5`, and a row with `1.5` is
 * rejected.
 */
export class NotationFiller implements RowFiller {
  readonly bytes = 0;
  readonly kernel: KernelFilling;
  readonly #memory: Uint8Array;
  readonly #mapping: Mapping;
  readonly #types: FieldTypes;
  readonly #notation: NumberNotation;
  readonly #nulls: ReadonlySet<string>;
  readonly #isNumber: (text: string) => boolean;

  /** @param nulls words that stand for a missing value. Such a word may be a number, such as `-999`. */
  constructor(
    memory: Uint8Array,
    mapping: Mapping,
    types: FieldTypes,
    notation: NumberNotation,
    nulls: ReadonlySet<string>,
  ) {
    this.kernel = { decimal: notation.decimal.charCodeAt(0) };
    this.#nulls = nulls;
    this.#memory = memory;
    this.#mapping = mapping;
    this.#types = types;
    this.#notation = notation;
    this.#isNumber = numberTest(notation);
  }

  begin(): void {}

  fill(cells: Cells, _: number, scratch: number, end: number): Reason | null {
    let at = scratch;
    for (const field of this.#mapping.fields) {
      const { column } = field;
      const from = cells.starts[column]!;
      const length = cells.ends[column]! - from;
      const isText = cells.kinds[column] === BARE || cells.kinds[column] === TEXT;
      if (!isText || length === 0 || length > maxNumber || this.#isOther(field, cells)) continue;
      const text = Buffer.from(this.#memory.subarray(from, from + length)).toString('latin1');
      if (this.#nulls.has(text)) continue;
      if (!this.#isNumber(text)) {
        if (plain.test(text)) return 'bad-number';
        continue;
      }
      if (length > end - at) return 'too-long';
      const { decimal, thousands } = this.#notation;
      const digits = thousands === null ? text : text.replaceAll(thousands, '');
      cells.starts[column] = at;
      at += Buffer.from(this.#memory.buffer).write(digits.replace(decimal, '.'), at, 'latin1');
      cells.ends[column] = at;
    }
    return null;
  }

  /** Tests whether a field contains strings or booleans. Their cells are not rewritten. */
  #isOther({ declared, name }: MappedField, { starts, ends }: Cells): boolean {
    if (declared !== null) return declared === 'string' || declared === 'boolean';
    const { table, measurement } = this.#mapping;
    const key = table ?? Buffer.from(this.#memory.subarray(starts[measurement], ends[measurement])).toString();
    const type = this.#types.get(key, name);
    return type === STRING || type === BOOLEAN;
  }
}
