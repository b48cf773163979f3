// Parses the input bytes in memory (the window). Each call of `run` finds the next points. The scan remembers an open
// comment, an over-long line and the line number from one window to the next.

import { randomBytes } from 'node:crypto';
import { CR, LF } from '../../core/ascii.js';
import type { FormatReject } from '../../core/types/index.js';
import * as model from '../../core/types/index.js';
import { memoryOf, type WasmMemory } from '../../core/wasm.js';
import { type Kernel, type KernelSettings, loadKernel } from '../kernel/line-kernel.js';
import { describe, type Reason } from '../reasons.js';
import type { Stop, WindowScan } from './chunk-scanner.js';
import { PointReader } from './exact/point-reader.js';
import { rewrite } from './exact/rewrite.js';
import { timeLimit } from './exact/time-reader.js';
import { LineCursor } from './line-cursor.js';
import { indexes, type LineProtocolOptions, type LinesLayout, layout, type RunArea } from './lines-layout.js';
import { ExportSections } from './sections/export-sections.js';
import { SHAPE_SLOT_BYTES, Shapes } from './shape-table.js';
import { TimestampLength } from './timestamp-length.js';

/** Largest number of rejects in a run of points. The limit bounds memory, because each reject is an object. */
const REJECTS_PER_RUN = 1024;

const ENTRY_BYTES = model.POINT_WORDS * 4;

/** Scans all windows of an input, then all windows of the next input. The constructor allocates all memory. */
export class LineScan extends LineCursor implements WindowScan {
  readonly deadLetterFormat = model.lineProtocolDeadLetters;
  readonly layout: LinesLayout;
  /** Index of the points that the last `run` found. */
  index: Uint32Array;
  readonly shapes: Shapes;
  /** Number of points that the fast path (kernel) accepted so far, in all inputs. */
  kernelPoints = 0;
  count = 0;
  rejects: FormatReject[] = [];
  firstLine = 1;

  readonly #options: LineProtocolOptions;
  readonly #reader: PointReader;
  readonly #kernel: Kernel | null;
  readonly #indexes: readonly Uint32Array[];
  #area: RunArea;
  #scratch = 0;
  #inLongLine = false;
  readonly #lastTime = new TimestampLength();
  #full = false;
  /** True if a point begins in the window and does not end there. */
  #incomplete = false;
  /** True if the new window only continues an unfinished point, because its new bytes contain no LF. */
  #waits = false;

  /** @param shared memory of this layout to use, if another thread uses it as well; default: new memory */
  constructor(options: LineProtocolOptions, shared?: WasmMemory) {
    const areas = layout(options);
    const memory = shared ?? memoryOf(areas.bytes);
    const { buffer } = memory;
    super(new Uint8Array(buffer), new ExportSections(options.contexts ?? null, options.contextMap ?? null));
    this.#options = options;
    this.layout = areas;
    this.#area = this.layout.runs[0]!;
    this.#indexes = indexes(memory, this.layout);
    this.index = this.#indexes[0]!;
    const table = new Int32Array(buffer, this.layout.shapes, this.layout.shapesBytes / 4);
    this.shapes = new Shapes(table, options.maxShapes ?? 4096);
    // The random seed prevents an input from using names that were chosen to have equal hashes.
    const seed = randomBytes(8).readBigUInt64LE();
    this.#reader = new PointReader(this.bytes, options, seed);
    this.#kernel = options.kernel === false ? null : loadKernel(memory, this.#kernelSettings(seed), options.kernel);
  }

  #kernelSettings(seed: bigint): KernelSettings {
    const { maxPointBytes, missingTimestamp, precision } = this.#options;
    const { shapes, shapesBytes } = this.layout;
    const stampMissing = missingTimestamp === 'now';
    const shapeSlots = shapesBytes / SHAPE_SLOT_BYTES;
    return { seed, timeLimit: timeLimit(precision), maxPointBytes, stampMissing, shapes, shapeSlots };
  }

  begin({ line, digits }: model.Position): void {
    this.count = 0;
    this.#inLongLine = false;
    this.#incomplete = false;
    this.#lastTime.digits = digits;
    this.beginLines(line);
  }

  /** From now on, writes the index and the rewritten points to the memory of this window. */
  useWindow(window: number): void {
    this.#lastTime.remember(this.index, this.count);
    this.count = 0;
    this.#area = this.layout.runs[window]!;
    this.index = this.#indexes[window]!;
  }

  window(from: number, limit: number, final: boolean, fresh: number): void {
    // The unfinished line cannot end in the new bytes if they contain no LF. Reading a long line again with each chunk
    // would take quadratic time in its length.
    const unended = from < fresh && limit - from <= this.#options.maxPointBytes && !final;
    this.at = from;
    this.#waits = this.#incomplete && unended && !this.bytes.subarray(fresh, limit).includes(LF);
    this.limit = limit;
    this.final = final;
    this.bytes[limit] = LF;
    this.#reader.forget();
    this.#kernel?.forget();
  }

  run(): Stop {
    this.#lastTime.remember(this.index, this.count);
    this.count = 0;
    this.rejects = [];
    this.firstLine = this.line;
    this.#scratch = this.#area.scratch;
    this.#full = false;
    if (this.#waits) return 'drained';
    this.#incomplete = false;
    while (this.at < this.limit) {
      if (this.count === this.layout.indexPoints || this.rejects.length === REJECTS_PER_RUN) return 'full';
      if (this.refusal !== null) return 'full';
      if (this.inComment) {
        if (!this.passComment()) return 'drained';
      } else if (this.#inLongLine) this.#longLine();
      else if (this.sections.skips) {
        if (!this.passSkippedLine()) return 'drained';
      } else if (this.#takeKernelLines()) continue;
      else if (!this.passBlanks() && !this.#point()) {
        this.#incomplete = !this.#full;
        return this.#full ? 'full' : 'drained';
      }
    }
    if (this.final && this.#inLongLine) this.#longLine();
    return 'drained';
  }

  shape(number: number): model.Shape {
    return this.shapes.shape(number);
  }

  /** Lets the fast path (kernel) read as many lines as possible. Returns false if the fast path reads 0 lines. */
  #takeKernelLines(): boolean {
    const kernel = this.#kernel;
    if (kernel === null) return false;
    const entries = this.#area.index;
    const entriesEnd = entries + this.index.byteLength;
    const entry = entries + this.count * ENTRY_BYTES;
    this.at = kernel.take(this.at, this.limit, entry, entriesEnd, this.line - this.firstLine);
    const { taken } = kernel;
    this.count += taken;
    this.kernelPoints += taken;
    this.line += taken;
    return taken > 0;
  }

  #longLine(): void {
    const end = this.bytes.indexOf(LF, this.at);
    const ends = end < this.limit || this.final;
    this.#reject(
      'too-long',
      'a later part of a point that is too long',
      this.at,
      end - this.at,
      ends ? 'last' : 'middle',
    );
    this.#inLongLine = !ends;
    this.endLine(end);
  }

  /**
   * Reads one point, and accepts or rejects it. Returns false if the scan must stop. Then either the memory for
   * rewritten points is full (`#full` is true), or more bytes are needed.
   */
  #point(): boolean {
    const start = this.at;
    const outcome = this.#reader.read(start, this.limit, this.final);
    if (outcome === 'incomplete') return false;
    if (outcome === 'reject') return this.#refuse(this.#reader.reason, this.#reader.found);
    const reader = this.#reader;
    if (reader.lineEnd === this.limit && this.#cutShort()) {
      return this.#refuse(
        'cut-short',
        reader.hasTime ? 'a timestamp shorter than the previous timestamp' : 'no timestamp',
      );
    }
    if (!reader.hasTime && this.#options.missingTimestamp === 'reject')
      return this.#refuse('no-timestamp', 'no timestamp');
    const length = reader.end - start + reader.inserted;
    if (length > this.#options.maxPointBytes) return this.#refuse('too-long', `${length} bytes after escaping`);
    return this.#accept(start, length);
  }

  #accept(start: number, length: number): boolean {
    const reader = this.#reader;
    let sent = start;
    if (reader.inserted > 0) {
      sent = this.#scratch;
      if (sent + length > this.#area.scratch + this.layout.scratchBytes) {
        this.#full = true;
        return false;
      }
      this.#scratch = rewrite(this.bytes, start, reader.end, sent);
    }
    const { low, high } = reader.shape;
    const shape = this.shapes.number(low, high, this.bytes.subarray(sent, sent + length));
    this.#enter(start, sent, length, shape);
    this.line += reader.newlines;
    this.endLine(reader.lineEnd);
    return true;
  }

  #enter(start: number, sent: number, length: number, shape: number): void {
    const { index } = this;
    const { hasTime, lineEnd, time } = this.#reader;
    const entry = this.count++ * model.POINT_WORDS;
    index[entry + model.START] = sent;
    index[entry + model.LENGTH] = length;
    index[entry + model.SOURCE_START] = start;
    index[entry + model.SOURCE_LENGTH] = this.#withoutCr(start, lineEnd) - start;
    index[entry + model.LINE] = this.line - this.firstLine;
    index[entry + model.SHAPE] = hasTime ? shape : shape | model.NO_TIMESTAMP;
    index[entry + model.TIME_LOW] = hasTime ? time.low : 0;
    index[entry + model.TIME_HIGH] = hasTime ? time.high : 0;
  }

  #withoutCr(start: number, end: number): number {
    return end > start && this.bytes[end - 1] === CR ? end - 1 : end;
  }

  /** Rejects the bytes from `at` to the next LF. Returns false if this LF is not in memory yet. */
  #refuse(reason: Reason, found: string): boolean {
    const start = this.at;
    const end = this.bytes.indexOf(LF, start);
    const tooLong = end - start > this.#options.maxPointBytes;
    if (end === this.limit && !this.final) {
      if (!tooLong) return false;
      this.#reject('too-long', this.#longLineText(), start, end - start, 'first');
      this.#inLongLine = true;
    } else {
      // The dead letter of an over-long line keeps the carriage return. A line that arrived in several parts keeps it
      // as well.
      if (tooLong) this.#reject('too-long', this.#longLineText(), start, end - start, 'whole');
      else this.#reject(reason, found, start, this.#withoutCr(start, end) - start, 'whole');
    }
    this.endLine(end);
    return true;
  }

  #longLineText(): string {
    return `a line of more than ${this.#options.maxPointBytes} bytes`;
  }

  #reject(reason: Reason, found: string, start: number, length: number, part: FormatReject['part']): void {
    const line = this.line - this.firstLine;
    this.rejects.push({ before: this.count, start, length, line, reason, message: describe(reason, found), part });
  }

  #cutShort(): boolean {
    this.#lastTime.remember(this.index, this.count);
    const { hasTime, time } = this.#reader;
    return !hasTime || this.#lastTime.isLongerThan(time.low, time.high);
  }
}
