// Collects consecutive rows into one run of points (`Points`): the index of points, the rejects, and the parts of
// overlong rows. Format readers pass each row to this class, which lets the encoder write the point.

import { CR, LF } from '../../core/ascii.js';
import type { FormatReject } from '../../core/types/index.js';
import * as model from '../../core/types/index.js';
import { describe, type Reason } from '../reasons.js';
import type { Cells } from './cells.js';
import { FULL, type RowEncoder } from './encoder.js';
import type { RowKernel } from './kernel/row-kernel.js';
import type { RowLayout } from './rows-layout.js';

/** Largest number of rejects in a run of points (`Points`). Each reject is an object, so a limit is needed. */
const REJECTS_PER_RUN = 1024;

/** Position of a row in the read buffer. */
export interface RowRange {
  readonly start: number;
  /** Offset after the last byte of the row, before its line end. */
  readonly end: number;
  /** Start of the next row. */
  readonly next: number;
  /** Number of physical lines in the row, since quoted text may contain line ends. */
  readonly lines: number;
}

export class RowRun {
  readonly bytes: Uint8Array;
  readonly layout: RowLayout;
  index: Uint32Array;
  /** Bytes between the first area (memory for one run) and the current area. 0 if the memory has only one area. */
  shift = 0;
  count = 0;
  rejects: FormatReject[] = [];
  firstLine = 1;
  /** Offset and physical line number of the next row. */
  at = 0;
  line = 1;
  limit = 0;
  final = false;
  /** Largest number of points in the next run of points (`Points`), at most `layout.indexPoints`. */
  maxPoints: number;
  readonly #encoder: RowEncoder;
  readonly #maxPointBytes: number;
  #out = 0;
  #inLongLine = false;

  constructor(bytes: Uint8Array, layout: RowLayout, maxPointBytes: number, encoder: RowEncoder) {
    this.bytes = bytes;
    this.layout = layout;
    this.maxPoints = layout.indexPoints;
    this.index = new Uint32Array(bytes.buffer, layout.index, layout.indexPoints * model.POINT_WORDS);
    this.#maxPointBytes = maxPointBytes;
    this.#encoder = encoder;
  }

  /** Discards all points and rejects, and starts an input at this line number. */
  begin(line: number): void {
    this.count = 0;
    this.rejects = [];
    this.line = line;
    this.#inLongLine = false;
  }

  window(from: number, limit: number, final: boolean): void {
    this.at = from;
    this.limit = limit;
    this.final = final;
    this.bytes[limit] = LF;
  }

  /** Discards all points and rejects, so that the next run of points (`Points`) can begin. */
  clear(): void {
    this.count = 0;
    if (this.rejects.length > 0) this.rejects = [];
    this.firstLine = this.line;
    this.#out = this.layout.out + this.shift;
  }

  /** Continues in another area, `shift` bytes after the first area. */
  useArea(shift: number): void {
    const { index, indexPoints } = this.layout;
    this.shift = shift;
    this.index = new Uint32Array(this.bytes.buffer, index + shift, indexPoints * model.POINT_WORDS);
  }

  /** True while the parts of an overlong row are being rejected one by one. */
  get isInLongLine(): boolean {
    return this.#inLongLine;
  }

  get isFull(): boolean {
    return this.count >= this.maxPoints || this.rejects.length >= REJECTS_PER_RUN;
  }

  /**
   * Encodes a row and adds its point or its reject. Returns false if the output memory is full. The caller must then
   * pass the row again in the next run of points (`Points`).
   */
  take(cells: Cells, row: RowRange): boolean {
    const out = this.#out;
    const { layout, shift } = this;
    const end = this.#encoder.encode(cells, out, layout.outEnd + shift);
    if (end === FULL && out > layout.out + shift) return false;
    if (end === FULL)
      this.#reject('too-long', 'a row that is too long when written as line protocol', row.start, row.end, 'whole');
    else if (end < 0) {
      const { reason, found, rule } = this.#encoder;
      this.#reject(reason, found, row.start, row.end, 'whole', rule);
    } else this.#enter(out, end, row);
    this.pass(row.next, row.lines);
    return true;
  }

  /**
   * Lets the WebAssembly parser add as many rows as possible. Returns false if the parser added 0 rows. The caller must
   * then read the next row itself.
   */
  takeKernelRows(kernel: RowKernel): boolean {
    const taken = kernel.take(this.at, this.limit, this.count, this.line - this.firstLine, this.#out);
    if (taken === 0) return false;
    this.count += taken;
    this.at = kernel.at;
    this.line = this.firstLine + kernel.line;
    this.#out = kernel.out;
    return true;
  }

  /** Rejects a whole row and continues at the next row. */
  refuseRow(reason: Reason, row: RowRange): void {
    this.reject(reason, 'a row that cannot become a point', row, 'whole');
  }

  /** Rejects a row, or one part of an overlong row, and continues at the next row. */
  reject(reason: Reason, found: string, row: RowRange, part: FormatReject['part']): void {
    this.#reject(reason, found, row.start, row.end, part);
    this.pass(row.next, row.lines);
  }

  /** Continues at offset `next`, which is `lines` physical lines further. */
  pass(next: number, lines: number): void {
    this.at = next;
    this.line += lines;
  }

  #enter(out: number, end: number, { start, end: sourceEnd }: RowRange): void {
    const { hasTime, shape, time } = this.#encoder;
    const { index } = this;
    const entry = this.count++ * model.POINT_WORDS;
    index[entry + model.START] = out;
    index[entry + model.LENGTH] = end - out;
    index[entry + model.SOURCE_START] = start;
    index[entry + model.SOURCE_LENGTH] = sourceEnd - start;
    index[entry + model.LINE] = this.line - this.firstLine;
    index[entry + model.SHAPE] = hasTime ? shape : shape | model.NO_TIMESTAMP;
    index[entry + model.TIME_LOW] = hasTime ? time.low : 0;
    index[entry + model.TIME_HIGH] = hasTime ? time.high : 0;
    this.bytes[end] = LF;
    this.#out = end + 1;
  }

  /**
   * Rejects the bytes from `at` to the next LF, even if this LF is inside quotes. Reading continues after the LF.
   * @returns false if the LF has not been read yet: the caller must call again with more input
   */
  refuse(reason: Reason, found: string): boolean {
    const start = this.at;
    const end = this.bytes.indexOf(LF, start);
    const tooLong = end - start > this.#maxPointBytes;
    const overlong = `a row of more than ${this.#maxPointBytes} bytes`;
    if (end === this.limit && !this.final) {
      if (!tooLong) return false;
      this.#reject('too-long', overlong, start, end, 'first');
      this.#inLongLine = true;
    } else if (tooLong) this.#reject('too-long', overlong, start, end, 'whole');
    else this.#reject(reason, found, start, this.withoutCr(start, end), 'whole');
    this.endLine(end);
    return true;
  }

  /** Adds the next part of an overlong line to the rejects. Returns false if `at` is not inside an overlong line. */
  longLine(): boolean {
    if (!this.#inLongLine) return false;
    const end = this.bytes.indexOf(LF, this.at);
    const ends = end < this.limit || this.final;
    this.#reject('too-long', 'a later part of a point that is too long', this.at, end, ends ? 'last' : 'middle');
    this.#inLongLine = !ends;
    this.endLine(end);
    return true;
  }

  /** Tests whether the row from `at` to `to` exceeds --max-point-bytes. */
  isTooLong(to: number): boolean {
    return to - this.at > this.#maxPointBytes;
  }

  withoutCr(start: number, end: number): number {
    return end > start && this.bytes[end - 1] === CR ? end - 1 : end;
  }

  /** Continues after the LF at `end`. An LF at `limit` only marks the end of the buffer: it does not end a line. */
  endLine(end: number): void {
    if (end < this.limit) this.line++;
    this.at = Math.min(end + 1, this.limit);
  }

  #reject(
    reason: Reason,
    found: string,
    start: number,
    end: number,
    part: FormatReject['part'],
    rule: string | null = null,
  ): void {
    const line = this.line - this.firstLine;
    this.rejects.push({
      before: this.count,
      start,
      length: end - start,
      line,
      reason,
      message: describe(reason, found, rule),
      part,
    });
  }
}
