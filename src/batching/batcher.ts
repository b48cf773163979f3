// Points of one input → batches. A batch closes on points, bytes, end of input, a pause of the input, or before a point
// that introduces a table or column. Nothing is queued: the next batch is made when someone asks for it.

import { InputError } from '../core/errors.js';
import type {
  ByteRange,
  Clock,
  Cut,
  FormatReject,
  InputPrecision,
  Points,
  Position,
  ResumePoint,
} from '../core/types/index.js';
import {
  INPUT_START,
  LENGTH,
  LINE,
  NO_TIMESTAMP,
  POINT_WORDS,
  SHAPE,
  SOURCE_LENGTH,
  SOURCE_START,
  TIME_HIGH,
  TIME_LOW,
  UNCOUNTED_SHAPE,
} from '../core/types/index.js';
import { type Arena, SLOT_WORDS } from './arena.js';
import { TimestampSuffixes } from './generated-timestamps.js';
import { LingerTimer } from './linger.js';
import { type FilledBatch, isCounted, OpenBatch, sideBytes } from './open-batch.js';
import { type Bounds, refusal } from './point-bounds.js';
import { introducesSchema, isRejected, SchemaGate, type SchemaGuard } from './schema-gate.js';

export type { SchemaGuard } from './schema-gate.js';

/** Counts what was taken from the inputs; one for a whole load. */
export interface Tally {
  /** Points read so far in this load, rejects included. */
  readonly read: number;
  add(input: number, points: number): void;
  /** Taken, but its batch never came to be: the run was stopped. */
  abandon(input: number, points: number): void;
}

export interface BatcherOptions {
  /** Most points of a batch; at most the arena's. */
  readonly points: number;
  /** Most body bytes just now; bounded by the arena's slots. */
  readonly bodyBytes: () => number;
  readonly lingerMs: number;
  readonly precision: InputPrecision;
  /** The target takes seconds; else they go as milliseconds. */
  readonly sendsSeconds: boolean;
  /** Start of the load, ms since 1970: the base of stamps for missing timestamps. */
  readonly startMs: number;
  /** Points to take in the whole load; Infinity for all. */
  readonly limit: number;
  /** So many points at the beginning of the load are left out. */
  readonly skipPoints: number;
  /** Points beyond them are rejected. */
  readonly bounds: Bounds;
  /** Called with the timestamp of the first and every 1,000th point of an input; throws when it cannot be right. */
  readonly inspect: (timestamp: bigint, line: number) => void;
}

const inspectEvery = 1000;
/** Rejects are objects, unlike points: so many of them close a batch whatever the size of its slot. */
const mostRejects = 1024;

export class Batcher {
  readonly #arena: Arena;
  readonly #tally: Tally;
  readonly #clock: Clock;
  readonly #options: BatcherOptions;
  readonly #guard: SchemaGuard;
  /** Shape numbers mean something else with each format. */
  readonly #judges = new Map<boolean, SchemaGate>();
  readonly #suffixes: TimestampSuffixes;
  #judge: SchemaGate;
  #ordinal = 0;
  #reached = 0;
  #rest: Rest | null = null;

  constructor(arena: Arena, guard: SchemaGuard, tally: Tally, clock: Clock, options: BatcherOptions) {
    this.#arena = arena;
    this.#guard = guard;
    this.#judge = this.#judgeOf('lp');
    this.#tally = tally;
    this.#clock = clock;
    this.#options = options;
    this.#suffixes = new TimestampSuffixes(options.precision, options.startMs, options.sendsSeconds);
  }

  /** Points of the load before whatever comes behind the batches made so far. */
  get reached(): number {
    return this.#reached;
  }

  /** What comes behind the last batch of an input; null when it was not read to its end. Known once its batches end. */
  get rest(): Rest | null {
    return this.#rest;
  }

  /**
   * Batches of one input, in order. When the input breaks, what was read before is yielded first, then the error is
   * thrown. When the signal aborts, the batch being filled is abandoned and the signal's reason thrown.
   * @param start what the first run begins with
   * @param format what the runs come from
   */
  async *batches(
    input: number,
    runs: AsyncGenerator<Points, void>,
    signal: AbortSignal,
    start: ResumePoint = { place: INPUT_START, covered: [] },
    format = 'lp',
  ): AsyncGenerator<FilledBatch, void> {
    const { byteOffset, line, ordinal } = start.place;
    const covered = [...start.covered];
    const position: BatcherPosition = {
      offset: byteOffset,
      batched: byteOffset,
      line,
      ordinal,
      covered,
      taken: 0,
      inspectAt: 0,
    };
    let ended = false;
    this.#rest = null;
    this.#judge = this.#judgeOf(format);
    let filling: OpenBatch | null = null;
    let next: Promise<IteratorResult<Points, void>> | null = null;
    let failure: InputError | null = null;
    const patience = new LingerTimer(this.#clock, this.#options.lingerMs);
    try {
      while (failure === null && this.#tally.read < this.#options.limit) {
        next ??= runs.next();
        const run: NextRun = await nextRun(next, filling === null || filling.empty ? null : patience);
        if (run === 'idle') {
          const waiting: OpenBatch = filling!;
          filling = null;
          yield this.#close(waiting, 'idle', position);
          continue;
        }
        next = null;
        if (run instanceof InputError) failure = run;
        else if (run.done) {
          ended = true;
          break;
        } else {
          const cursor = { point: 0, reject: 0 };
          const { deadLetterFormat } = run.value;
          if (filling !== null && filling.deadLetterFormat !== deadLetterFormat) {
            // Rejects of one batch go to one file.
            const before: OpenBatch = filling;
            filling = null;
            if (before.empty) this.#arena.give(before.slot);
            else yield this.#close(before, 'points', position);
          }
          while (failure === null) {
            filling ??= new OpenBatch(await this.#arena.take(signal), input, position.offset, deadLetterFormat);
            const cut = this.#fill(filling, run.value, cursor, position);
            if (cut === null) break;
            if (cut instanceof InputError) failure = cut;
            else {
              const full: OpenBatch = filling;
              filling = null;
              yield this.#close(full, cut, position);
            }
          }
        }
      }
      const last = filling;
      filling = null;
      if (last?.empty) this.#arena.give(last.slot);
      else if (last !== null) yield this.#close(last, 'inputEnd', position);
      if (failure !== null) throw failure;
      if (ended) this.#rest = restOf(position);
    } finally {
      if (filling !== null) {
        this.#tally.abandon(input, filling.counted);
        this.#arena.give(filling.slot);
      }
      patience.end();
      next?.catch(() => {});
      await runs.return();
    }
  }

  #judgeOf(format: string): SchemaGate {
    // All formats of rows count their shapes together.
    const rows = format !== 'lp';
    const judge = this.#judges.get(rows) ?? new SchemaGate(this.#guard);
    this.#judges.set(rows, judge);
    return judge;
  }

  #close(filling: OpenBatch, cut: Cut, end: BatcherPosition): FilledBatch {
    let released = false;
    end.batched = end.offset;
    this.#reached = end.ordinal;
    this.#ordinal += 1;
    return filling.close(this.#ordinal - 1, cut, end, () => {
      if (released) return;
      released = true;
      this.#arena.give(filling.slot);
    });
  }

  /** Fills until the run is used up (null), the batch has to be closed (why), or the input turns out to be bad. */
  #fill(filling: OpenBatch, run: Points, cursor: BatcherCursor, position: BatcherPosition): Cut | InputError | null {
    const before = filling.counted;
    try {
      return this.#take(filling, run, cursor, position);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      stopBefore(position, run, cursor, false);
      return error;
    } finally {
      // Also when a look at a point ends the run: what was taken has been read.
      filling.copy(run);
      this.#tally.add(filling.input, filling.counted - before);
    }
  }

  #take(filling: OpenBatch, run: Points, cursor: BatcherCursor, position: BatcherPosition): Cut | null {
    const { count, rejects } = run;
    const left = this.#options.limit - (this.#tally.read - filling.counted);
    const room: RemainingRoom = {
      bytes: Math.min(this.#options.bodyBytes(), filling.slot.body.length),
      points: Math.min(this.#options.points, filling.slot.index.length / SLOT_WORDS),
    };
    while (cursor.point < count || cursor.reject < rejects.length) {
      const found = rejects[cursor.reject];
      const isReject = found !== undefined && found.before <= cursor.point;
      const over = filling.counted >= left;
      if (!over && this.#isLeftOut(run, cursor, isReject, position)) {
        if (!filling.empty) {
          // A batch is contiguous but for what was left out before its first point.
          stopBefore(position, run, cursor, isReject);
          return 'points';
        }
        if (!isReject || isCounted(found)) position.ordinal += 1;
        if (isReject) cursor.reject += 1;
        else cursor.point += 1;
        continue;
      }
      if (filling.empty) filling.ordinal = position.ordinal;
      if (!isReject && !over && this.#suffixes.stamped === null && position.covered.length === 0) {
        const until = Math.min(
          found === undefined ? count : Math.min(count, found.before),
          cursor.point + left - filling.counted,
          cursor.point + position.inspectAt - position.taken,
        );
        const taken = filling.addPlain(run, cursor.point, until, room, this.#judge.plain, this.#options.bounds);
        cursor.point += taken;
        position.taken += taken;
        position.ordinal += taken;
        if (taken > 0) continue;
      }
      const cut = over
        ? null
        : isReject
          ? this.#reject(filling, run, found, position)
          : this.#point(filling, run, cursor.point, position, room);
      if (over || cut !== null) {
        stopBefore(position, run, cursor, isReject);
        return cut;
      }
      if (isReject) cursor.reject += 1;
      else cursor.point += 1;
    }
    position.offset = run.end;
    position.line = run.endLine;
    return null;
  }

  /** Whether the next point, or reject, is accounted for already or to be skipped. */
  #isLeftOut(run: Points, cursor: BatcherCursor, isReject: boolean, { covered, ordinal }: BatcherPosition): boolean {
    if (ordinal < this.#options.skipPoints) return true;
    if (covered.length === 0) return false;
    const start = startOf(run, cursor, isReject);
    while (covered.length > 0 && covered[0]!.to <= start) covered.shift();
    return covered.length > 0 && covered[0]!.from <= start;
  }

  #point(filling: OpenBatch, run: Points, i: number, position: BatcherPosition, room: RemainingRoom): Cut | null {
    const { index } = run;
    const word = i * POINT_WORDS;
    const shape = index[word + SHAPE]!;
    const missing = shape >= NO_TIMESTAMP;
    if (!missing) {
      if (position.taken >= position.inspectAt) {
        this.#inspect(run, i);
        position.inspectAt = position.taken + inspectEvery;
      }
    }
    const unkept = refusal(run, i, this.#options.bounds);
    if (unkept !== null) return this.#reject(filling, run, { ...original(run, i), ...unkept }, position);
    const suffix = missing ? this.#suffixes.missing(position.ordinal) : this.#suffixes.stamped;
    const cut = hasRoom(filling, run, i, index[word + LENGTH]! + 1 + (suffix?.length ?? 0), room);
    if (cut !== null) return cut;
    // Last of all: an introducing point is entered in the batch, so from here on it has to go in.
    const number = shape & UNCOUNTED_SHAPE;
    const values = this.#judge.judge(filling, run, i, number, this.#ordinal);
    if (values === introducesSchema) return 'shape';
    if (values === isRejected) {
      return this.#reject(filling, run, { ...original(run, i), ...this.#judge.conflict(number) }, position);
    }
    filling.add(run, i, suffix);
    filling.values += values;
    position.taken += 1;
    position.ordinal += 1;
    return null;
  }

  #reject(filling: OpenBatch, run: Points, found: Refused, position: BatcherPosition): Cut | null {
    if (filling.rejects.length >= mostRejects) return 'points';
    // Into an empty batch everything has to fit: a slot that is too small must fail loudly, not be cut for ever.
    const fits = filling.hasSide(found.length) && filling.reaches(run, found.start);
    if (!fits && !filling.empty) return 'bytes';
    filling.reject(run, found);
    if (isCounted(found)) {
      position.taken += 1;
      position.ordinal += 1;
    }
    return null;
  }

  #inspect(run: Points, i: number): void {
    const word = i * POINT_WORDS;
    const high = BigInt(run.index[word + TIME_HIGH]! | 0);
    const timestamp = (high << 32n) | BigInt(run.index[word + TIME_LOW]!);
    this.#options.inspect(timestamp, run.firstLine + run.index[word + LINE]!);
  }
}

/** Decoded bytes of an input behind its last batch: nothing in them has to be sent. */
export interface Rest {
  readonly from: number;
  readonly to: Position;
}

function restOf({ batched, offset, line, ordinal }: BatcherPosition): Rest {
  return { from: batched, to: { byteOffset: offset, line, ordinal, digits: 0 } };
}

type NextRun = IteratorResult<Points, void> | 'idle' | InputError;

/** The next run, the input's failure as a value, or `idle` when the patience is spent first. */
async function nextRun(next: Promise<IteratorResult<Points, void>>, patience: LingerTimer | null): Promise<NextRun> {
  const run = next.catch((error: unknown) => {
    if (error instanceof InputError) return error;
    throw error;
  });
  return patience === null ? await run : await patience.race(run);
}

interface BatcherPosition {
  /** Decoded bytes that batches handed out stand for. */
  batched: number;
  /** Decoded bytes of the input that were taken, or are in the batch being filled, and the line that comes next. */
  offset: number;
  line: number;
  /** Points of the load before the next one, those left out included. */
  ordinal: number;
  /** What is still to be left out. */
  readonly covered: ByteRange[];
  /** Points and rejects of this input taken so far, and how many make the next look at a timestamp. */
  taken: number;
  inspectAt: number;
}

/** The next point and the next reject of a run. */
interface BatcherCursor {
  point: number;
  reject: number;
}

/** Most body bytes and points of the batch being filled. */
interface RemainingRoom {
  readonly bytes: number;
  readonly points: number;
}

/** Offset in the input of the next point, or of the next reject. */
function startOf(run: Points, cursor: BatcherCursor, isReject: boolean): number {
  const start = isReject ? run.rejects[cursor.reject]!.start : run.index[cursor.point * POINT_WORDS + SOURCE_START]!;
  return run.origin + start;
}

/** The batch ends before the next point, or the next reject. */
function stopBefore(position: BatcherPosition, run: Points, cursor: BatcherCursor, isReject: boolean): void {
  const line = isReject ? run.rejects[cursor.reject]!.line : run.index[cursor.point * POINT_WORDS + LINE]!;
  position.offset = startOf(run, cursor, isReject);
  position.line = run.firstLine + line;
}

type Refused = Pick<FormatReject, 'start' | 'length' | 'line' | 'reason' | 'message' | 'part'>;

/** Where the original bytes of point `i` are, for one that is rejected here. */
function original({ index }: Points, i: number): Pick<Refused, 'start' | 'length' | 'line' | 'part'> {
  const word = i * POINT_WORDS;
  return {
    start: index[word + SOURCE_START]!,
    length: index[word + SOURCE_LENGTH]!,
    line: index[word + LINE]!,
    part: 'whole',
  };
}

/** Null when point `i` fits with so many body bytes, else why the batch has to be closed before it. */
function hasRoom(filling: OpenBatch, run: Points, i: number, bytes: number, room: RemainingRoom): Cut | null {
  if (filling.points >= room.points) return 'points';
  if (filling.empty) return null;
  // A point longer than the batch bytes goes alone, in a slot that is made for the longest.
  const most = filling.points === 0 ? filling.slot.body.length : room.bytes;
  if (filling.bodyLength + bytes > most || !filling.reaches(run, run.index[i * POINT_WORDS + SOURCE_START]!)) {
    return 'bytes';
  }
  return filling.hasSide(sideBytes(run.index, i * POINT_WORDS)) ? null : 'bytes';
}
