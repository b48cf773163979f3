// The open batch copies points from the format's memory into the memory of one batch (a slot). Adding a valid point
// does not allocate memory. Consecutive points that need no change are copied together.

import { LF } from '../core/ascii.js';
import { copyBytes } from '../core/io/byte-source.js';
import type {
  Batch,
  BatchReject,
  Cut,
  DeadLetterFormat,
  FormatReject,
  Introduction,
  Points,
} from '../core/types/index.js';
import { isCounted, LENGTH, LINE, POINT_WORDS, SOURCE_LENGTH, SOURCE_START, START } from '../core/types/index.js';
import { END, LINE_DELTA, OFFSET_DELTA, ORIGINAL, SIDE, type Slot } from './arena.js';
import { Entries, sideBytes } from './batch-entries.js';
import { BucketParts } from './points/bucket-parts.js';
import { type PlainRules, plainPoints } from './points/plain-points.js';

/** Limit of the distance in lines or bytes from the first point or reject of the batch to any other entry. */
const maxDelta = 0x7fff_ffff;
/** Value of `#from` and `#to` while no points are pending. No point can start at this offset or the next offset, -1. */
const nothing = -2;

/** A finished batch with its slot and entries, which the coalescer needs. */
export interface FilledBatch extends Batch {
  readonly slot: Slot;
  readonly entries: Entries;
  /** Number of used bytes in `Slot.side`. */
  readonly sideBytes: number;
}

export class OpenBatch {
  readonly slot: Slot;
  readonly input: number;
  readonly byteOffset: number;
  readonly deadLetterFormat: DeadLetterFormat;
  /** Number of points of the load before the first point of the batch. */
  ordinal = 0;
  points = 0;
  values = 0;
  /** Number of field slots of all rows in the batch. A row has one field slot for each field of its table. */
  slots = 0;
  readonly parts: BucketParts;
  bodyLength = 0;
  introduction: Introduction | null = null;
  readonly rejects: BatchReject[] = [];
  readonly #entries: Entries;
  #sideLength = 0;
  #countedRejects = 0;
  #baseLine = -1;
  #baseOffset = -1;
  /** Line number in the input of the point added last. */
  #line = 0;
  // Range of the pending points in the format's memory, `#to` excluded. Pending points are added, but not copied yet.
  #from = nothing;
  #to = nothing;

  /** @param bucketUnits length of a time bucket, in the time unit of the input; Infinity for a single bucket */
  constructor(slot: Slot, input: number, byteOffset: number, deadLetterFormat: DeadLetterFormat, bucketUnits: number) {
    this.slot = slot;
    this.#entries = new Entries(slot);
    this.input = input;
    this.byteOffset = byteOffset;
    this.deadLetterFormat = deadLetterFormat;
    this.parts = new BucketParts(bucketUnits);
  }

  get empty(): boolean {
    return this.points === 0 && this.rejects.length === 0;
  }

  /** Number of points, including rejected points. A rejected point that arrives in parts counts once. */
  get counted(): number {
    return this.points + this.#countedRejects;
  }

  /**
   * Tests whether an entry can store the offset of a point. The offset counts from the first point or reject of the
   * batch.
   */
  reaches(run: Points, sourceStart: number): boolean {
    return this.#baseOffset < 0 || run.origin + sourceStart - this.#baseOffset < maxDelta;
  }

  /** Tests whether `Slot.side` has space for this many bytes. */
  hasSide(bytes: number): boolean {
    return this.#sideLength + bytes <= this.slot.side.length;
  }

  /** Adds point `i` of `run`, with `suffix` before its LF. The caller has checked that the point fits. */
  add(run: Points, i: number, suffix: Uint8Array | null): void {
    const { index } = run;
    const word = i * POINT_WORDS;
    const start = index[word + START]!;
    const length = index[word + LENGTH]!;
    const sourceStart = index[word + SOURCE_START]!;
    const line = run.firstLine + index[word + LINE]!;
    const offset = run.origin + sourceStart;
    if (this.#baseLine < 0) this.#base(line, offset);
    this.#line = line;
    if (suffix === null && start === this.#to + 1 && run.bytes[this.#to] === LF) this.#to = start + length;
    else {
      this.copy(run);
      this.#from = start;
      this.#to = start + length;
    }
    this.bodyLength += length + 1;
    const aside = sideBytes(index, word);
    const side = aside === 0 ? 0 : this.#copyToSide(run.bytes, sourceStart, aside) + 1;
    if (suffix !== null) {
      this.copy(run);
      this.slot.body.set(suffix, this.bodyLength - 1);
      this.bodyLength += suffix.length;
      this.slot.body[this.bodyLength - 1] = LF;
    }
    const original = index[word + SOURCE_LENGTH]!;
    this.#entries.add(this.bodyLength, side, original, line - this.#baseLine, offset - this.#baseOffset);
    this.points += 1;
  }

  /**
   * Adds the plain points of [from, to) that follow the previous point directly and fit. Returns the number of added
   * points.
   */
  addPlain(
    run: Points,
    from: number,
    to: number,
    room: { readonly bytes: number; readonly points: number },
    rules: PlainRules,
  ): number {
    const last = this.#to;
    if (last === nothing || run.origin + run.bytes.length - this.#baseOffset >= maxDelta) return 0;
    const end = Math.min(to, from + room.points - this.points);
    const line = this.#line - run.firstLine;
    const bytes = room.bytes - this.bodyLength;
    const sourceBytes = this.slot.side.length - this.#sideLength;
    const taken = plainPoints(run, from, end, { last, line, bytes, sourceBytes }, rules);
    if (taken.count === 0 || (taken.isRewritten && run.bytes[last] !== LF)) return 0;
    this.parts.addRun(run, from, taken.count, this.points, this.bodyLength);
    if (taken.isRewritten) this.#enterRewritten(run, from, taken.count, taken.sourceEnd);
    else this.#enterUnchanged(run, from, taken.count);
    this.bodyLength += taken.bytes;
    this.points += taken.count;
    this.#to = taken.last;
    this.#line = run.firstLine + taken.line;
    this.values += taken.values;
    this.slots += taken.slots;
    return taken.count;
  }

  #enterUnchanged({ index, origin, firstLine }: Points, from: number, count: number): void {
    const word = from * POINT_WORDS;
    const line = firstLine + index[word + LINE]! - this.#baseLine;
    const offset = origin + index[word + START]! - this.#baseOffset;
    this.#entries.stretch(index.subarray(word, word + count * POINT_WORDS), this.bodyLength, line, offset);
  }

  /**
   * Adds entries for rewritten points. Copies the original input of these points, up to offset `sourceEnd`, into
   * `Slot.side`. The copy includes the bytes between the points.
   */
  #enterRewritten({ bytes, index, origin, firstLine }: Points, from: number, count: number, sourceEnd: number): void {
    const word = from * POINT_WORDS;
    const source = index[word + SOURCE_START]!;
    this.#entries.addRewritten(index.subarray(word, word + count * POINT_WORDS), {
      body: this.bodyLength - index[word + START]!,
      side: this.#copyToSide(bytes, source, sourceEnd - source) - source,
      line: firstLine - this.#baseLine,
      offset: origin - this.#baseOffset,
    });
  }

  /** Copies the pending points into the body. Must be called before the format's memory changes. */
  copy(run: Points): void {
    const { body } = this.slot;
    const length = this.#to - this.#from;
    if (length > 0) {
      // `bodyLength` already includes the pending points and the LF of the last point.
      copyBytes(run.bytes, this.#from, this.#to, body, this.#copied());
      body[this.#copied() + length] = LF;
    }
    this.#from = nothing;
    this.#to = nothing;
  }

  reject(run: Points, found: Pick<FormatReject, 'start' | 'length' | 'line' | 'reason' | 'message' | 'part'>): void {
    const line = run.firstLine + found.line;
    const byteOffset = run.origin + found.start;
    if (this.#baseLine < 0) this.#base(line, byteOffset);
    const at = this.#copyToSide(run.bytes, found.start, found.length);
    const bytes = this.slot.side.subarray(at, at + found.length);
    if (isCounted(found)) this.#countedRejects += 1;
    this.rejects.push({ bytes, line, byteOffset, reason: found.reason, message: found.message, part: found.part });
  }

  /** @param end position at which the next batch of the input begins */
  close(ordinal: number, cut: Cut, end: { offset: number; line: number }, release: () => void): FilledBatch {
    const { slot, points } = this;
    const entries = this.#entries;
    const word = (i: number, which: number): number => entries.word(i, which);
    const bodyEnd = (i: number): number => word(i, END);
    const baseLine = this.#baseLine;
    const baseOffset = this.#baseOffset;
    return {
      ordinal,
      points,
      values: this.values,
      slots: this.slots,
      buckets: this.parts.all,
      body: slot.body.subarray(0, this.bodyLength),
      bodyEnd,
      source: (i) => {
        const side = word(i, SIDE);
        const from = side > 0 ? side - 1 : entries.start(i);
        const bytes = (side > 0 ? slot.side : slot.body).subarray(from, from + word(i, ORIGINAL));
        return { bytes, line: baseLine + word(i, LINE_DELTA), byteOffset: baseOffset + word(i, OFFSET_DELTA) };
      },
      rejects: this.rejects,
      deadLetterFormat: this.deadLetterFormat,
      introduces: this.introduction?.shapes ?? null,
      span: {
        input: this.input,
        firstLine: baseLine,
        byteOffset: this.byteOffset,
        bytes: end.offset - this.byteOffset,
        ordinal: this.ordinal,
        endLine: end.line,
      },
      cut,
      release,
      slot,
      entries,
      sideBytes: this.#sideLength,
    };
  }

  #copied(): number {
    return this.bodyLength - (this.#to - this.#from) - 1;
  }

  #base(line: number, offset: number): void {
    this.#baseLine = line;
    this.#baseOffset = offset;
  }

  #copyToSide(bytes: Uint8Array, start: number, length: number): number {
    const at = this.#sideLength;
    copyBytes(bytes, start, start + length, this.slot.side, at);
    this.#sideLength += length;
    return at;
  }
}
