// Chooses where an input is cut into pieces, so that several workers can load it. Every piece begins with a point or
// reject that the format has read. So a line end inside a value never begins a piece.

import type { Points, Position } from '../../core/types/index.js';
import { INPUT_START, isCounted, LINE, POINT_WORDS, SOURCE_START } from '../../core/types/index.js';
import { TimestampLength } from '../line-protocol/timestamp-length.js';

/**
 * A possible start of a piece. The cutter uses it only if a point follows, and another point or reject after that
 * point. So a point at the very end of an input has an earlier point in the same piece. The format compares the lengths
 * of their timestamps, because a shorter timestamp is probably cut off.
 */
interface PendingCut {
  readonly place: Position;
  hasPoint: boolean;
}

const noPoints = new Uint32Array(0);

export class PieceCutter {
  /**
   * Starts of the pieces; the first is the start of the input. `ordinal` is the number of points and rejects between
   * the start of the input and the start of the piece.
   */
  readonly places: Position[] = [INPUT_START];
  readonly #pieceBytes: number;
  /** Offset in the decoded input. The first point or reject at or after this offset begins the next piece. */
  #next: number;
  #units = 0;
  #pending: PendingCut | null = null;
  readonly #lastTime = new TimestampLength();

  /** @param pieceBytes smallest size of a piece in the decoded input, bytes; Infinity keeps the input in one piece */
  constructor(pieceBytes: number) {
    this.#pieceBytes = pieceBytes;
    this.#next = pieceBytes;
  }

  /** Number of points and rejects so far. */
  get points(): number {
    return this.#units;
  }

  /** Finds the starts of pieces among the next points of the input. */
  take(run: Points): void {
    if (this.#pending !== null || run.end >= this.#next) this.#walk(run);
    this.#lastTime.remember(run.index, run.count);
    this.#units += run.count + run.rejects.filter(isCounted).length;
  }

  /**
   * Takes a row that was skipped without parsing; the position is the start of the row. Starts a new piece at this row
   * if the last piece is large enough.
   */
  pass({ byteOffset, line, ordinal }: Position): void {
    this.#units = ordinal + 1;
    if (this.#pending !== null || byteOffset >= this.#next)
      this.#unit({ start: byteOffset, line, units: ordinal }, noPoints, 0, true);
  }

  #walk({ origin, firstLine, index, count, rejects }: Points): void {
    let units = this.#units;
    for (let point = 0, next = 0; point < count || next < rejects.length; ) {
      const reject = rejects[next];
      if (reject !== undefined && reject.before <= point) {
        next += 1;
        if (reject.part === 'whole' || reject.part === 'first')
          this.#unit({ start: origin + reject.start, line: firstLine + reject.line, units }, index, point, false);
        if (isCounted(reject)) units += 1;
        continue;
      }
      const word = point * POINT_WORDS;
      const [start, line] = [origin + index[word + SOURCE_START]!, firstLine + index[word + LINE]!];
      this.#unit({ start, line, units }, index, point, true);
      point += 1;
      units += 1;
    }
  }

  /**
   * Starts a new piece at this point or reject if the last piece is large enough. `points` is the number of earlier
   * points in the same run of points (`Points`).
   */
  #unit(
    { start, line, units }: { readonly start: number; readonly line: number; readonly units: number },
    index: Uint32Array,
    points: number,
    isPoint: boolean,
  ): void {
    if (this.#pending?.hasPoint) {
      this.places.push(this.#pending.place);
      this.#pending = null;
    }
    if (this.#pending === null && start >= this.#next) {
      this.#lastTime.remember(index, points);
      const { digits } = this.#lastTime;
      this.#pending = { place: { byteOffset: start, line, ordinal: units, digits }, hasPoint: false };
      this.#next = start + this.#pieceBytes;
    }
    if (isPoint && this.#pending !== null) this.#pending.hasPoint = true;
  }
}
