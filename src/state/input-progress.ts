// How far one input is accounted for: a prefix, and the pieces beyond it, which are as few as batches are in flight.
// Pure, and the order in which pieces come makes no difference to what they add up to.

import type { ByteRange, Position, ResumePoint } from '../core/types/index.js';

/** Decoded bytes of an input that are accounted for, and what there is to know of the place where they end. */
export interface SettledPiece {
  readonly from: number;
  readonly to: Position;
}

export class InputProgress {
  #place: Position;
  /** Ascending; neither overlapping nor touching each other or the prefix. */
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

  /** Where the next run takes the input up. */
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
    let joined = piece;
    for (; next < this.#beyond.length && this.#beyond[next]!.from <= piece.to.byteOffset; next += 1)
      joined = union(this.#beyond[next]!, joined);
    this.#beyond.splice(first, next - first, joined);
    while (this.#beyond.length > 0 && this.#beyond[0]!.from <= this.#place.byteOffset) {
      this.#place = later(this.#place, this.#beyond.shift()!.to);
    }
  }
}

function union(one: SettledPiece, other: SettledPiece): SettledPiece {
  const [first, second] = one.to.byteOffset <= other.to.byteOffset ? [one, other] : [other, one];
  return { from: Math.min(one.from, other.from), to: later(first.to, second.to) };
}

/** The later of two places; a place that knows of no timestamp has that of the one before. */
function later(before: Position, place: Position): Position {
  if (place.byteOffset < before.byteOffset) return before;
  return place.digits === 0 ? { ...place, digits: before.digits } : place;
}
