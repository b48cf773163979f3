// The compiled fast path over rows, and the memory it shares with the encoder. The kernel turns common rows into points. Other
// rows go through the encoder, and the kernel learns from them.

import { readFileSync } from 'node:fs';
import { DOT } from '../../../core/ascii.js';
import { BugError } from '../../../core/errors.js';
import { POINT_WORDS, strictestNameLimits } from '../../../core/types/index.js';
import { unitDecimals } from '../../../core/units.js';
import { packaged } from '../../../core/version.js';
import { type WasmMemory, wasm } from '../../../core/wasm.js';
import { KERNEL_END, KEYS, MASK, NULLS, PLANS, STATE } from '../../kernel/assembly/rows/row-memory.js';
import { timeLimit } from '../../line-protocol/exact/time-reader.js';
import type { TimeCell } from '../../timestamps/time-cell.js';
import type { KernelFilling } from '../cells.js';
import type { EncoderOptions, RowEncoder } from '../encoder.js';
import type { Mapping } from '../mapping/mapping.js';
import type { RowLayout } from '../rows-layout.js';
import { Plans } from './kernel-plans.js';

/** Maximum of rows that skip the kernel after rows it could not take. */
const maxPasses = 15;
/** Columns of a row that the kernel has cells for. */
const maxColumns = 2048;

type Take = (at: number, limit: number, entry: number, entriesEnd: number) => number;

interface RowKernelExports {
  readonly configure: (
    pointBytes: number,
    keyBytes: number,
    outEnd: number,
    nullsEnd: number,
    limit: bigint,
    places: number,
    numbers: number,
    dates: number,
    utc: number,
  ) => void;
  readonly map: (time: number, name: number, decimal: number) => void;
  readonly plans: (first: number) => void;
  readonly learn: (plan: number, shape: number) => void;
  readonly dialect: (
    columns: number,
    delimiter: number,
    quote: number,
    escapeByte: number,
    date: number,
    clock: number,
  ) => void;
  readonly csv: Take;
  readonly keys: (first: number, end: number, columns: number) => void;
  readonly ndjson: Take;
  readonly columns: (first: number, end: number, cells: number, powers: number) => void;
  readonly block: (rows: number, next: number) => void;
  readonly parquet: Take;
}

/** The known members of JSON objects. */
export interface KeyTable {
  readonly version: number;
  readonly columns: number;
  /** Writes the keys into the buffer, from `from` to `to`. @returns the range of the outermost keys; null when the keys do not fit */
  write(buffer: ArrayBuffer, from: number, to: number): readonly [first: number, end: number] | null;
}

function compiled(): Uint8Array {
  try {
    return readFileSync(packaged('dist/formats/rows.wasm'));
  } catch (cause) {
    throw new BugError('the kernel for rows is not built: run npm run build', { cause });
  }
}

interface RowDialect {
  readonly delimiter: number;
  readonly quote: number;
  readonly escapeByte: number;
}

export class RowKernel {
  /** Rows that the kernel accepted so far, in all inputs. */
  kernelRows = 0;
  /** Start of the row at which the kernel stopped. */
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #exports: RowKernelExports;
  readonly #state: Uint32Array;
  readonly #mask: Int32Array;
  readonly #plans: Plans;
  readonly #index: number;
  readonly #indexEnd: number;
  /** The kernel function for the current rows; null while the kernel is disabled. */
  #take: Take | null = null;
  #mapping: Mapping | null = null;
  #decimal = DOT;
  /** Calls in a row that took nothing, and rows that skip the kernel because of it. */
  #missed = 0;
  #passes = 0;
  #keys: KeyTable | null = null;
  #keysVersion = -1;
  /** False when the null words do not fit into the kernel's memory. */
  readonly #knowsNulls: boolean;

  constructor(memory: WasmMemory, layout: RowLayout, options: EncoderOptions, time: TimeCell, binary = compiled()) {
    const put = (from: number, to: number, out: number): number => time.put(from, to, out);
    const instance = new wasm.Instance(new wasm.Module(binary), { env: { memory, time: put } });
    this.#bytes = new Uint8Array(memory.buffer);
    this.#exports = instance.exports as unknown as RowKernelExports;
    this.#state = new Uint32Array(memory.buffer, STATE, 4);
    this.#mask = new Int32Array(memory.buffer, MASK, maxColumns / 32);
    this.#plans = new Plans(memory.buffer, this.#exports.plans);
    this.#index = layout.index;
    this.#indexEnd = layout.index + layout.indexPoints * POINT_WORDS * 4;
    const { maxPointBytes, precision, names = strictestNameLimits } = options;
    const { numbers, dates, utc } = time.forms;
    const nullsEnd = this.#putNulls(options.nullWords ?? []);
    this.#knowsNulls = nullsEnd <= PLANS;
    this.#exports.configure(
      maxPointBytes,
      names.seriesKeyBytes,
      layout.outEnd,
      nullsEnd,
      timeLimit(precision),
      unitDecimals[precision],
      Number(numbers),
      Number(dates),
      Number(utc),
    );
  }

  /** Prepares for CSV rows with this mapping. -1 means that the dialect has no quote or escape. */
  csv(
    mapping: Mapping,
    columns: number,
    { delimiter, quote, escapeByte }: RowDialect,
    { decimal = DOT, time: [date, clock] = [-1, -1] }: KernelFilling = {},
  ): void {
    const { csv, dialect } = this.#exports;
    dialect(columns, delimiter, quote < 0 ? 256 : quote, escapeByte < 0 ? 256 : escapeByte, date, clock);
    this.#begin(mapping, Math.max(columns, mapping.time + 1), csv, decimal);
    this.#keys = null;
  }

  /** Prepares for JSON objects with this mapping, one per line. */
  ndjson(mapping: Mapping, keys: KeyTable): void {
    this.#begin(mapping, keys.columns, this.#exports.ndjson);
    this.#keys = keys;
    this.#keysVersion = -1;
  }

  /** Prepares for rows of columns with this mapping, which `setColumns` describes. */
  parquet(mapping: Mapping, cells: number): void {
    this.#begin(mapping, cells, this.#exports.parquet);
    this.#keys = null;
  }

  /** Sets the descriptors of columns in [first, end), the number of cells, and the offset of the powers of ten. */
  setColumns(first: number, end: number, cells: number, powers: number): void {
    this.#exports.columns(first, end, cells, powers);
  }

  /** Sets the number of rows in the block, and the next of them. */
  setBlock(rows: number, next: number): void {
    this.#exports.block(rows, next);
  }

  /** True when the kernel can take rows at all. */
  get isEnabled(): boolean {
    return this.#take !== null;
  }

  /** Leaves all following rows to the encoder. */
  disable(): void {
    this.#take = null;
  }

  /**
   * Takes rows from `at`, the start of a row, into the index from entry `count` on, with points from `out` on.
   * @returns the count of rows taken; the fields below say where the kernel stopped
   */
  take(at: number, limit: number, count: number, line: number, out: number): number {
    if (this.#take === null || this.#plans.isEmpty) return 0;
    if (this.#passes > 0) {
      this.#passes--;
      return 0;
    }
    this.#state[1] = line;
    this.#state[2] = out;
    this.at = this.#take(at, limit, this.#index + count * POINT_WORDS * 4, this.#indexEnd);
    const taken = this.#state[0]!;
    this.kernelRows += taken;
    this.#missed = taken > 0 ? 0 : this.#missed + 1;
    this.#passes = Math.min(maxPasses, this.#missed >>> 2);
    return taken;
  }

  get line(): number {
    return this.#state[1]!;
  }

  get out(): number {
    return this.#state[2]!;
  }

  /** Length of the time cell in the last row taken. */
  get timeLength(): number {
    return this.#state[3]!;
  }

  /** Learns from the row that the encoder has just accepted. */
  learn({ table, mask, shape }: RowEncoder): void {
    if (this.#take === null || table === null) return;
    const plan = this.#plans.update(table);
    if (plan === null || !this.#updateKeys()) return;
    this.#mask.set(mask);
    this.#exports.learn(plan, shape);
  }

  #updateKeys(): boolean {
    const keys = this.#keys;
    if (keys === null || keys.version === this.#keysVersion) return true;
    const written = keys.columns > maxColumns ? null : keys.write(this.#bytes.buffer as ArrayBuffer, KEYS, KERNEL_END);
    if (written === null) {
      this.disable();
      return false;
    }
    this.#exports.keys(...written, keys.columns);
    // Time and table name may be among the new columns.
    this.#map();
    this.#keysVersion = keys.version;
    return true;
  }

  #map(): void {
    const { time, measurement } = this.#mapping!;
    this.#exports.map(time, measurement, this.#decimal);
  }

  #begin(mapping: Mapping, columns: number, take: Take, decimal = DOT): void {
    this.#mapping = mapping;
    this.#decimal = decimal;
    this.#map();
    this.#plans.begin(mapping);
    const { fields, time } = mapping.constants;
    const isKnown = columns <= maxColumns && this.#knowsNulls && fields.length === 0 && time === null;
    this.#take = isKnown ? take : null;
  }

  /** Writes as many words as fit, each after its length. @returns the end of all words */
  #putNulls(words: readonly string[]): number {
    const view = new DataView(this.#bytes.buffer);
    let at = NULLS;
    for (const word of words.map((each) => Buffer.from(each))) {
      const end = at + 4 + word.length;
      if (end <= PLANS) {
        view.setUint32(at, word.length, true);
        this.#bytes.set(word, at + 4);
      }
      at = end;
    }
    return at;
  }
}
