// Tracks progress within one input: a settled prefix, and the settled pieces beyond it, at most one per batch in flight.
// Pure: the result does not depend on the order of the pieces.

import type { ByteRange, Position, ResumePoint } from '../core/types/index.js';

/** A range of settled decoded bytes of an input: its first offset, and the position at its end. */
export interface SettledPiece {
  readonly from: number;
  readonly to: Position;
}

export class InputProgress {
  #place: Position;
  /** Ascending pieces that neither overlap nor touch each other or the prefix. */
  #beyond: SettledPiece[] = [];

  constructor(place: Position, beyond: readonly SettledPiece[] = []) {
    this.#place = place;
    for (const piece of beyond) this.add(piece);
  }

  /** End of the prefix. */
  get place(): Position {
    return this.#place;
  }

  get beyond(): readonly SettledPiece[] {
    return this.#beyond;
  }

  /** The point from which the next run resumes the input. */
  get start(): ResumePoint {
    return {
      place: this.#place,
      covered: this.#beyond.map(({ from, to }): ByteRange => ({ from, to: to.byteOffset })),
    };
  }

  add(piece: SettledPiece): void {
    let first = this.#beyond.findIndex(({ to }) => to.byteOffset >= piece.from);
    if (first < 0) first = this.#beyond.length;
    let next = first;
    let merged = piece;
    for (; next < this.#beyond.length && this.#beyond[next]!.from <= piece.to.byteOffset; next += 1)
      merged = union(this.#beyond[next]!, merged);
    this.#beyond.splice(first, next - first, merged);
    while (this.#beyond.length > 0 && this.#beyond[0]!.from <= this.#place.byteOffset) {
      this.#place = later(this.#place, this.#beyond.shift()!.to);
    }
  }
}

function union(one: SettledPiece, other: SettledPiece): SettledPiece {
  const [first, second] = one.to.byteOffset <= other.to.byteOffset ? [one, other] : [other, one];
  return { from: Math.min(one.from, other.from), to: later(first.to, second.to) };
}

/** Returns the later position. If its number of timestamp digits is unknown, uses that of the earlier position. */
function later(before: Position, position: Position): Position {
  if (position.byteOffset < before.byteOffset) return before;
  return position.digits === 0 ? { ...position, digits: before.digits } : position;
}
