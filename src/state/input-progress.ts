// Tracks which bytes of one input are settled (loaded, or rejected and stored): all bytes up to `place`, and separate
// ranges after `place`. There is at most one separate range for each batch in flight. Ranges may be added in any order.

import type { ByteRange, Position, ResumePoint } from '../core/types/index.js';

/**
 * A range of settled bytes of a decoded input. `from`: offset of the first byte. `to`: position at the end of the
 * range.
 */
export interface SettledPiece {
  readonly from: number;
  readonly to: Position;
}

export class InputProgress {
  #place: Position;
  /** Settled ranges after `#place`, ascending. The ranges touch neither each other nor `#place`. */
  #beyond: SettledPiece[] = [];

  constructor(place: Position, beyond: readonly SettledPiece[] = []) {
    this.#place = place;
    for (const piece of beyond) this.add(piece);
  }

  /** Position up to which the input is settled without gaps. */
  get place(): Position {
    return this.#place;
  }

  get beyond(): readonly SettledPiece[] {
    return this.#beyond;
  }

  /** Position from which the next run resumes the input, and the later ranges that are already settled. */
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

/**
 * Returns the later position. A position with `digits` 0 takes the number of timestamp digits of the earlier position.
 */
function later(before: Position, position: Position): Position {
  if (position.byteOffset < before.byteOffset) return before;
  return position.digits === 0 ? { ...position, digits: before.digits } : position;
}
