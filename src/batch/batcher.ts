// Points of one input → batches. A batch closes on points, bytes, end of input, a pause of the input, or before a point
// that introduces a table or column. Nothing is queued: the next batch is made when someone asks for it.

import { InputError } from '../errors.js';
import type { Batch, Clock, Cut, InputPrecision, Introduction, Look, Points, Shape } from '../model.js';
import {
  LENGTH,
  LINE,
  NO_TIMESTAMP,
  POINT_WORDS,
  SHAPE,
  SOURCE_LENGTH,
  SOURCE_START,
  START,
  TIME_HIGH,
  TIME_LOW,
  UNCOUNTED_SHAPE,
} from '../model.js';
import { type Arena, SLOT_WORDS } from './arena.js';
import { Filling, isCounted } from './filling.js';
import { Suffixes } from './stamp.js';

/** What the batcher asks about shapes; the catalogue answers. */
export interface Guard {
  look(shape: Shape): Look;
  introduction(): Introduction;
}

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
  /** Start of the load, ms since 1970: the base of stamps for missing timestamps. */
  readonly startMs: number;
  /** Points to take in the whole load; Infinity for all. */
  readonly limit: number;
  /** Older points are rejected as `expired`; in units of `precision`, -Infinity for none. */
  readonly oldest: number;
  /** Called with the timestamp of the first and every 1,000th point of an input; throws when it cannot be right. */
  readonly inspect: (timestamp: bigint, line: number) => void;
}

const inspectEvery = 1000;
const wordRange = 2 ** 32;

// 0: not settled yet.
const known = 1;
const conflicting = 2;

/** What the shapes of one format object were found to be; lives as long as the format. */
export class ShapeStates {
  state = new Uint8Array(1024);
  values = new Uint32Array(1024);
  /** Ordinal + 1 of the last batch that introduces this shape. */
  introducedBy = new Uint32Array(1024);
  readonly conflicts = new Map<number, { reason: string; message: string }>();

  ensure(number: number): void {
    if (number < this.state.length) return;
    const size = 2 ** Math.ceil(Math.log2(number + 1));
    this.state = grown(this.state, new Uint8Array(size));
    this.values = grown(this.values, new Uint32Array(size));
    this.introducedBy = grown(this.introducedBy, new Uint32Array(size));
  }
}

function grown<T extends Uint8Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

export class Batcher {
  readonly #arena: Arena;
  readonly #guard: Guard;
  readonly #tally: Tally;
  readonly #clock: Clock;
  readonly #options: BatcherOptions;
  readonly #states = new ShapeStates();
  readonly #suffixes: Suffixes;
  #ordinal = 0;

  constructor(arena: Arena, guard: Guard, tally: Tally, clock: Clock, options: BatcherOptions) {
    this.#arena = arena;
    this.#guard = guard;
    this.#tally = tally;
    this.#clock = clock;
    this.#options = options;
    this.#suffixes = new Suffixes(options.precision, options.startMs);
  }

  /**
   * Batches of one input, in order. When the input breaks, what was read before is yielded first, then the error is
   * thrown. When the signal aborts, the batch being filled is abandoned and the signal's reason thrown.
   */
  async *batches(input: number, runs: AsyncGenerator<Points, void>, signal: AbortSignal): AsyncGenerator<Batch, void> {
    const position: Position = { offset: 0, taken: 0, inspectAt: 0 };
    let filling: Filling | null = null;
    let next: Promise<IteratorResult<Points, void>> | null = null;
    try {
      while (true) {
        if (this.#tally.read >= this.#options.limit) break;
        next ??= runs.next();
        const run: IteratorResult<Points, void> | 'idle' | InputError = await this.#nextRun(next, filling, signal);
        if (run === 'idle') {
          const waiting = filling;
          filling = null;
          if (waiting !== null) yield this.#close(waiting, 'idle', position.offset);
          continue;
        }
        next = null;
        if (run instanceof InputError) {
          const last = filling;
          filling = null;
          if (last !== null) yield this.#close(last, 'inputEnd', position.offset);
          throw run;
        }
        if (run.done) break;
        const cursor = { point: 0, reject: 0 };
        while (true) {
          filling ??= new Filling(await this.#arena.take(signal), input, position.offset);
          const cut = this.#fill(filling, run.value, cursor, position);
          if (cut === null) break;
          const full: Filling = filling;
          filling = null;
          yield this.#close(full, cut, position.offset);
        }
      }
      const last = filling;
      filling = null;
      if (last !== null && last.empty) this.#arena.give(last.slot);
      else if (last !== null) yield this.#close(last, 'inputEnd', position.offset);
    } finally {
      if (filling !== null) {
        this.#tally.abandon(input, filling.counted);
        this.#arena.give(filling.slot);
      }
      next?.catch(() => {});
      await runs.return();
    }
  }

  async #nextRun(
    next: Promise<IteratorResult<Points, void>>,
    filling: Filling | null,
    signal: AbortSignal,
  ): Promise<IteratorResult<Points, void> | 'idle' | InputError> {
    const run = next.catch((error: unknown) => {
      if (error instanceof InputError) return error;
      throw error;
    });
    if (filling === null || filling.empty) return await run;
    const patience = new AbortController();
    const idle = this.#clock
      .sleep(this.#options.lingerMs, AbortSignal.any([patience.signal, signal]))
      .then(() => 'idle' as const);
    idle.catch(() => {});
    try {
      return await Promise.race([run, idle]);
    } finally {
      patience.abort();
    }
  }

  #close(filling: Filling, cut: Cut, end: number): Batch {
    let released = false;
    this.#ordinal += 1;
    return filling.close(this.#ordinal - 1, cut, end, () => {
      if (released) return;
      released = true;
      this.#arena.give(filling.slot);
    });
  }

  /** Fills until the run is used up (null) or the batch has to be closed (why). */
  #fill(filling: Filling, run: Points, cursor: { point: number; reject: number }, position: Position): Cut | null {
    const before = filling.counted;
    try {
      const cut = this.#take(filling, run, cursor, position);
      if (cut === null) position.offset = run.end;
      return cut;
    } finally {
      // Also when a look at a point ends the run: what was taken has been read.
      filling.copy(run);
      this.#tally.add(filling.input, filling.counted - before);
    }
  }

  #take(filling: Filling, run: Points, cursor: { point: number; reject: number }, position: Position): Cut | null {
    const { index, count, rejects } = run;
    const { oldest, limit } = this.#options;
    const states = this.#states;
    const maxBytes = Math.min(this.#options.bodyBytes(), filling.slot.body.length);
    const maxPoints = Math.min(this.#options.points, filling.slot.index.length / SLOT_WORDS);
    const base = this.#tally.read - filling.counted;
    while (cursor.point < count || cursor.reject < rejects.length) {
      if (base + filling.counted >= limit) {
        cursor.point = count;
        cursor.reject = rejects.length;
        return null;
      }
      const i = cursor.point;
      const found = rejects[cursor.reject];
      if (found !== undefined && found.before <= i) {
        if (!filling.hasSide(found.length) || !filling.reaches(run, found.start)) {
          position.offset = run.origin + found.start;
          return 'bytes';
        }
        filling.reject(run, found);
        if (isCounted(found)) position.taken += 1;
        cursor.reject += 1;
        continue;
      }
      const word = i * POINT_WORDS;
      const shape = index[word + SHAPE]!;
      const number = shape & UNCOUNTED_SHAPE;
      let values: number;
      if (number < states.state.length && states.state[number] === known) values = states.values[number]!;
      else {
        values = this.#judge(filling, run, i, number);
        if (values === mustTravelAlone) {
          position.offset = run.origin + index[word + SOURCE_START]!;
          return 'shape';
        }
        if (values === isRejected) {
          const cut = this.#rejectPoint(filling, run, i, states.conflicts.get(number)!, position);
          if (cut !== null) return cut;
          cursor.point += 1;
          continue;
        }
      }
      const missing = shape >= NO_TIMESTAMP;
      if (!missing) {
        const time = (index[word + TIME_HIGH]! | 0) * wordRange + index[word + TIME_LOW]!;
        if (position.taken >= position.inspectAt) {
          this.#inspect(run, i);
          position.inspectAt = position.taken + inspectEvery;
        }
        if (time < oldest) {
          const cut = this.#rejectPoint(filling, run, i, expired, position);
          if (cut !== null) return cut;
          cursor.point += 1;
          continue;
        }
      }
      const suffix = missing ? this.#suffixes.missing(base + filling.counted) : this.#suffixes.stamped;
      const bytes = index[word + LENGTH]! + 1 + (suffix?.length ?? 0);
      const cut = this.#room(filling, run, word, bytes, maxBytes, maxPoints);
      if (cut !== null) {
        position.offset = run.origin + index[word + SOURCE_START]!;
        return cut;
      }
      filling.add(run, i, suffix);
      filling.values += values;
      position.taken += 1;
      cursor.point += 1;
    }
    return null;
  }

  #room(filling: Filling, run: Points, word: number, bytes: number, maxBytes: number, maxPoints: number): Cut | null {
    if (filling.points >= maxPoints) return 'points';
    const tooLong = filling.bodyLength + bytes > (filling.points === 0 ? filling.slot.body.length : maxBytes);
    if (tooLong && !filling.empty) return 'bytes';
    const { index } = run;
    const sourceStart = index[word + SOURCE_START]!;
    if (!filling.reaches(run, sourceStart)) return 'bytes';
    if (index[word + START] !== sourceStart && !filling.hasSide(index[word + SOURCE_LENGTH]!)) return 'bytes';
    return null;
  }

  /** Values of a point whose shape is not settled yet, or what else is to be done with it. */
  #judge(filling: Filling, run: Points, i: number, number: number): number {
    const states = this.#states;
    const counted = number !== UNCOUNTED_SHAPE;
    if (counted) {
      states.ensure(number);
      if (states.state[number] === conflicting) return isRejected;
      if (states.introducedBy[number] === this.#ordinal + 1) return states.values[number]!;
    }
    const shape = counted ? run.shape(number) : run.shapeOf(i);
    const look = this.#guard.look(shape);
    const values = shape.columns.filter(({ type }) => type !== 'tag').length;
    if (counted) states.values[number] = values;
    if (look.kind === 'conflict') {
      states.conflicts.set(number, look);
      if (counted) states.state[number] = conflicting;
      return isRejected;
    }
    if (look.kind === 'known') {
      if (counted) states.state[number] = known;
      return values;
    }
    if (filling.introduction === null && !filling.empty) return mustTravelAlone;
    filling.introduction ??= this.#guard.introduction();
    if (!filling.introduction.add(shape)) return mustTravelAlone;
    if (counted) states.introducedBy[number] = this.#ordinal + 1;
    return values;
  }

  #rejectPoint(
    filling: Filling,
    run: Points,
    i: number,
    why: { reason: string; message: string },
    position: Position,
  ): Cut | null {
    const word = i * POINT_WORDS;
    const start = run.index[word + SOURCE_START]!;
    const length = run.index[word + SOURCE_LENGTH]!;
    if (!filling.hasSide(length) || !filling.reaches(run, start)) {
      position.offset = run.origin + start;
      return 'bytes';
    }
    filling.reject(run, { start, length, line: run.index[word + LINE]!, part: 'whole', ...why });
    position.taken += 1;
    return null;
  }

  #inspect(run: Points, i: number): void {
    const word = i * POINT_WORDS;
    const high = BigInt(run.index[word + TIME_HIGH]! | 0);
    const timestamp = (high << 32n) | BigInt(run.index[word + TIME_LOW]!);
    this.#options.inspect(timestamp, run.firstLine + run.index[word + LINE]!);
  }
}

interface Position {
  /** Decoded bytes of the input that batches so far stand for. */
  offset: number;
  /** Points and rejects of this input taken so far, and how many make the next look at a timestamp. */
  taken: number;
  inspectAt: number;
}

const mustTravelAlone = -1;
const isRejected = -2;
const expired = { reason: 'expired', message: "older than the database's TTL keeps: the target would refuse it" };
