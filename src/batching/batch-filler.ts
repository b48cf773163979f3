// Fills one batch with points that the format has parsed. Each point is added to the batch, skipped, rejected, or left
// for the next batch.

import { timestampAt } from '../core/points/line-protocol.js';
import type { Batch, Cut, FormatReject, Points } from '../core/types/index.js';
import {
  isCounted,
  LENGTH,
  LINE,
  NO_TIMESTAMP,
  POINT_WORDS,
  SHAPE,
  SOURCE_LENGTH,
  SOURCE_START,
  START,
  UNCOUNTED_SHAPE,
} from '../core/types/index.js';
import { SLOT_WORDS, type SlotPlan } from './arena.js';
import { sideBytes } from './batch-entries.js';
import { type BatchLimits, batchInPlace, stretchInPlace } from './batch-in-place.js';
import {
  advance,
  beforeReject,
  countUnexpected,
  endAfter,
  endBefore,
  type Filling,
  type FillPosition,
  isUsedUp,
  startOf,
} from './fill-position.js';
import type { OpenBatch } from './open-batch.js';
import type { TimestampSuffixes } from './points/generated-timestamps.js';
import { NewBuckets } from './points/new-buckets.js';
import type { PlainRules } from './points/plain-points.js';
import {
  type Bounds,
  type HighWords,
  refusal,
  safeHighWords,
  timestampOf,
  unexpectedTimeReason,
} from './points/point-bounds.js';
import { timeAt } from './points/point-bucket.js';
import { introducesSchema, isRejected, type SchemaGate } from './schema-gate.js';

/** A batch closes at this number of rejects, because each reject is an object, which takes memory besides the slot. */
const maxRejects = 1024;

export interface FillOptions {
  /** Largest number of points in a batch. A slot with space for fewer points lowers this limit. */
  readonly points: number;
  /** Returns the size limit of a request body at this moment, bytes. A smaller slot lowers this limit. */
  readonly bodyBytes: () => number;
  /** Number of points after which the load ends; Infinity for no limit. */
  readonly limit: number;
  /** Number of points to skip at the beginning of the load. */
  readonly skipPoints: number;
  /** Bounds of time and length. Points outside the bounds are rejected. */
  readonly bounds: Bounds;
  /** Length of the target's time buckets, in the time unit of the input; Infinity for a single bucket. */
  readonly bucketUnits: number;
  /**
   * Start of the load, in the time unit of the input. The start selects the time bucket of points without a timestamp.
   */
  readonly startTime: number;
}

/** The open batch, and the next points of the input. */
export interface FillJob extends Filling {
  readonly open: OpenBatch;
  readonly gate: SchemaGate;
  /** Index of the open batch in the load, from 0. */
  readonly ordinal: number;
}

type RejectedPoint = Pick<FormatReject, 'start' | 'length' | 'line' | 'reason' | 'message' | 'part'>;

export class BatchFiller {
  readonly #options: FillOptions;
  readonly #safe: HighWords;
  readonly #suffixes: TimestampSuffixes;
  readonly #read: () => number;
  readonly #newBuckets: NewBuckets;

  /** @param read returns the number of points that the load has read so far */
  constructor(options: FillOptions, suffixes: TimestampSuffixes, read: () => number) {
    this.#options = options;
    this.#safe = safeHighWords(options.bounds);
    this.#suffixes = suffixes;
    this.#read = read;
    this.#newBuckets = new NewBuckets(options.bucketUnits);
  }

  /**
   * Adds points to the open batch. Returns the reason to close the batch. Returns null if all points of `job.run` are
   * added or the load reaches its limit of points.
   */
  fill(job: FillJob): Cut | null {
    const { open, run, cursor, position } = job;
    const { rejects } = run;
    job.gate.refresh();
    const left = this.#options.limit - (this.#read() - open.counted);
    const limits = this.#limitsBefore(job);
    while (!isUsedUp(run, cursor)) {
      const reject = rejects[cursor.reject];
      const isReject = reject !== undefined && reject.before <= cursor.point;
      const full = open.counted >= left;
      if (!full && this.#isSkipped(job, isReject)) {
        // A batch covers one contiguous range of the input, so a skipped point closes the batch before it.
        if (!open.empty) return endBefore(job, isReject, 'points');
        if (!isReject || isCounted(reject)) position.ordinal += 1;
        advance(cursor, isReject);
        continue;
      }
      if (open.empty) open.ordinal = position.ordinal;
      if (!isReject && !full && this.#takePlain(job, left, limits) > 0) continue;
      const cut = full
        ? null
        : isReject
          ? this.#unparsed(open, run, reject, position)
          : this.#point(job, cursor.point, limits);
      if (full || cut !== null) return endBefore(job, isReject, cut);
      advance(cursor, isReject);
    }
    endAfter(job);
    return null;
  }

  /**
   * Adds plain points, which need no check one by one. Stops at a reject, a limit, or a point that is not plain.
   * Returns the number of added points.
   */
  #takePlain({ open, gate, run, cursor, position }: FillJob, left: number, limits: BatchLimits): number {
    if (!this.#isUnchanged(position)) return 0;
    const most = cursor.point + left - open.counted;
    const next = Math.min(beforeReject(run, cursor), most);
    const until = this.#newBuckets.endOf(run, cursor, next);
    const taken = open.addPlain(run, cursor.point, until, limits, this.#plainRules(gate));
    cursor.point += taken;
    position.taken += taken;
    position.ordinal += taken;
    return taken;
  }

  #plainRules({ plain, slots }: SchemaGate): PlainRules {
    return { plain, slots, bounds: this.#options.bounds, safe: this.#safe };
  }

  /**
   * Makes a batch of the next plain points without copying them. Returns null if the points must be copied.
   * @param input index of the input
   * @param byteOffset offset in the decoded input at which the batch begins
   */
  takeInPlace(job: Omit<FillJob, 'open'>, input: number, byteOffset: number, plan: SlotPlan): Batch | null {
    const { gate, run, cursor, position, ordinal } = job;
    const { hold } = run;
    const { limit, skipPoints, bucketUnits } = this.#options;
    if (hold === undefined || !this.#isUnchanged(position) || position.ordinal < skipPoints) return null;
    gate.refresh();
    const from = cursor.point;
    const next = Math.min(beforeReject(run, cursor), from + limit - this.#read());
    if (from < next) this.#newBuckets.enter(timeAt(run.index, from * POINT_WORDS));
    const until = this.#newBuckets.endOf(run, cursor, next);
    const limits = this.#limits(plan.bodyBytes, plan.points);
    const found = stretchInPlace(run, from, until, limits, this.#plainRules(gate));
    if (found === null) return null;
    const before = position.ordinal;
    cursor.point += found.count;
    position.taken += found.count;
    position.ordinal += found.count;
    if (isUsedUp(run, cursor)) endAfter(job);
    else endBefore(job, (run.rejects[cursor.reject]?.before ?? run.count) <= cursor.point, null);
    const span = { input, byteOffset, bytes: position.offset - byteOffset, ordinal: before, endLine: position.line };
    return batchInPlace({ ...run, hold }, from, found, { ordinal, span, bucketUnits });
  }

  /**
   * Returns the limits of the open batch. They may be lower than usual, so that the remaining points fill at least half
   * a batch. A batch of this size can be sent without copying its points.
   */
  #limitsBefore({ open, run, cursor, position }: FillJob): BatchLimits {
    const limits = this.#limits(open.slot.body.length, open.slot.index.length / SLOT_WORDS);
    const until = beforeReject(run, cursor);
    if (open.empty || run.hold === undefined || !this.#isUnchanged(position) || cursor.point >= until) return limits;
    const [first, final] = [cursor.point * POINT_WORDS, (until - 1) * POINT_WORDS];
    const bytes = run.index[final + START]! + run.index[final + LENGTH]! + 1 - run.index[first + START]!;
    const least = Math.ceil(limits.bytes / 2);
    if (open.bodyLength + bytes <= limits.bytes || bytes < least) return limits;
    return { ...limits, bytes: Math.min(limits.bytes, open.bodyLength + bytes - least) };
  }

  /** Returns true if no point needs an appended suffix, and no range of the input remains to be skipped. */
  #isUnchanged({ covered }: FillPosition): boolean {
    return this.#suffixes.stamped === null && covered.length === 0;
  }

  #limits(bodyBytes: number, points: number): BatchLimits {
    return { bytes: Math.min(this.#options.bodyBytes(), bodyBytes), points: Math.min(this.#options.points, points) };
  }

  /** Returns true if an earlier run loaded or rejected the next point, or if it is among the first `skipPoints`. */
  #isSkipped({ run, cursor, position }: FillJob, isReject: boolean): boolean {
    const { covered, ordinal } = position;
    if (ordinal < this.#options.skipPoints) return true;
    if (covered.length === 0) return false;
    const start = startOf(run, cursor, isReject);
    while (covered.length > 0 && covered[0]!.to <= start) covered.shift();
    return covered.length > 0 && covered[0]!.from <= start;
  }

  #point(job: FillJob, i: number, limits: BatchLimits): Cut | null {
    const { open, gate, run, position, ordinal } = job;
    const { index } = run;
    const word = i * POINT_WORDS;
    const shape = index[word + SHAPE]!;
    const missing = shape >= NO_TIMESTAMP;
    const refused = refusal(run, i, this.#options.bounds);
    if (refused !== null) {
      const taken = this.#reject(open, run, { ...original(run, i), ...refused }, position);
      if (taken === null && refused.reason === unexpectedTimeReason)
        countUnexpected(position, timestampOf(run, i), run.firstLine + index[word + LINE]!);
      return taken;
    }
    const suffix = missing ? this.#suffixes.missing(position.ordinal) : this.#suffixes.stamped;
    const cut = cutBefore(open, run, i, index[word + LENGTH]! + 1 + (suffix?.length ?? 0), limits);
    if (cut !== null) return cut;
    const time = missing ? this.#options.startTime : timeAt(index, word);
    if (open.points > 0 && this.#newBuckets.isNew(time)) return 'bucket';
    // `gate.judge` must be the last check, because `judge` adds the new columns of the point to the batch. After that,
    // the point must enter the batch.
    const number = shape & UNCOUNTED_SHAPE;
    const values = gate.judge(open, run, i, number, ordinal);
    if (values === introducesSchema) return 'shape';
    if (values === isRejected)
      return this.#reject(open, run, { ...original(run, i), ...gate.conflict(number) }, position);
    const start = open.bodyLength;
    open.add(run, i, suffix);
    this.#newBuckets.enter(time);
    open.parts.add(time, open.points - 1, start, open.bodyLength - start);
    open.values += values;
    open.slots += gate.slotsOf(number, values);
    position.taken += 1;
    position.ordinal += 1;
    return null;
  }

  #unparsed(open: OpenBatch, run: Points, reject: FormatReject, position: FillPosition): Cut | null {
    const cut = this.#reject(open, run, reject, position);
    const { unparsed } = position;
    if (cut !== null || !isCounted(reject)) return cut;
    unparsed.set(reject.reason, (unparsed.get(reject.reason) ?? 0) + 1);
    if (reject.reason !== 'timestamp-range') return null;
    const timestamp = timestampAt(run.bytes, reject.start + reject.length);
    if (timestamp !== null && this.#options.bounds.isMisread(timestamp))
      countUnexpected(position, timestamp, run.firstLine + reject.line);
    return null;
  }

  #reject(open: OpenBatch, run: Points, rejected: RejectedPoint, position: FillPosition): Cut | null {
    if (open.rejects.length >= maxRejects) return 'points';
    // A reject that does not fit closes the batch. An empty batch is not closed, because the next batch would be empty
    // as well, without end. Instead, `open.reject` throws if the slot is too small.
    const fits = open.hasSide(rejected.length) && open.reaches(run, rejected.start);
    if (!fits && !open.empty) return 'bytes';
    open.reject(run, rejected);
    if (isCounted(rejected)) {
      position.taken += 1;
      position.ordinal += 1;
    }
    return null;
  }
}

/** Returns the position of the original input of point `i`. */
function original({ index }: Points, i: number): Pick<RejectedPoint, 'start' | 'length' | 'line' | 'part'> {
  const word = i * POINT_WORDS;
  return {
    start: index[word + SOURCE_START]!,
    length: index[word + SOURCE_LENGTH]!,
    line: index[word + LINE]!,
    part: 'whole',
  };
}

/**
 * Returns null if point `i`, with a length of `bytes`, fits into the batch. Otherwise returns the reason to close the
 * batch before this point.
 */
function cutBefore(open: OpenBatch, run: Points, i: number, bytes: number, limits: BatchLimits): Cut | null {
  if (open.points >= limits.points) return 'points';
  if (open.empty) return null;
  // A point longer than the limit is sent in a batch of its own. A slot has room even for the longest allowed point.
  const maxBytes = open.points === 0 ? open.slot.body.length : limits.bytes;
  if (open.bodyLength + bytes > maxBytes || !open.reaches(run, run.index[i * POINT_WORDS + SOURCE_START]!)) {
    return 'bytes';
  }
  return open.hasSide(sideBytes(run.index, i * POINT_WORDS)) ? null : 'bytes';
}
