// Yields the points of an input up to the end of a piece. The format reads beyond this position, so that it parses the
// last point of the piece exactly as in a load of the whole input.

import { InputError } from '../../core/errors.js';
import type { ByteSource, Points, Position } from '../../core/types/index.js';
import { LINE, POINT_WORDS, SOURCE_LENGTH, SOURCE_START } from '../../core/types/index.js';
import { wrapObject } from '../../core/wrap-object.js';

export interface PieceEnd {
  /** Position at which the next piece begins. */
  readonly to: Position;
  /**
   * True for a format with random access. The piece then ends at a line number, because the offsets of such a format
   * depend on where reading began.
   */
  readonly isRandom: boolean;
  /** Name of the input, for error messages. */
  readonly name: string;
  /** The input that the points come from. */
  readonly source: ByteSource;
}

/** Yields the points before `to`. Throws InputError if a point extends beyond `to`, or if the file has changed. */
export async function* runsUntil(
  runs: AsyncGenerator<Points, void>,
  end: PieceEnd,
  signal: AbortSignal,
): AsyncGenerator<Points, void> {
  const { to, isRandom, source } = end;
  for await (const run of runs) {
    const beyond = isRandom ? run.endLine - to.line : run.end - to.byteOffset;
    yield beyond > 0 ? firstPart(run, end) : run;
    if (beyond >= 0) break;
  }
  // Reading at the end of the file reports an error if the file has changed.
  if (source.file === undefined) return;
  source.seek?.(source.file.size);
  await source.read(new Uint8Array(1), signal);
}

/** Returns the points and rejects of the run of points (`Points`) that begin before the end of the piece. */
function firstPart(run: Points, { to, isRandom, name }: PieceEnd): Points {
  const isBefore = (start: number, line: number): boolean =>
    isRandom ? run.firstLine + line < to.line : run.origin + start < to.byteOffset;
  const count = countBefore(run, isBefore);
  const rejects = run.rejects.filter(({ start, line }) => isBefore(start, line));
  const last = (count - 1) * POINT_WORDS;
  const ends = [
    ...(count === 0 ? [] : [run.index[last + SOURCE_START]! + run.index[last + SOURCE_LENGTH]!]),
    ...rejects.slice(-1).map(({ start, length }) => start + length),
  ];
  if (!isRandom && ends.some((offset) => run.origin + offset > to.byteOffset)) throw cutPoint(name, to);
  const next = [
    ...(count === run.count ? [] : [run.index[count * POINT_WORDS + SOURCE_START]!]),
    ...run.rejects.slice(rejects.length, rejects.length + 1).map(({ start }) => start),
  ];
  const end = isRandom ? run.origin + Math.min(...next) : to.byteOffset;
  return wrapObject(run, { count, rejects, end, endLine: to.line });
}

/** Returns the number of points before the end of the piece, by binary search. */
function countBefore({ index, count }: Points, isBefore: (start: number, line: number) => boolean): number {
  let [from, to] = [0, count];
  while (from < to) {
    const middle = (from + to) >> 1;
    const word = middle * POINT_WORDS;
    if (isBefore(index[word + SOURCE_START]!, index[word + LINE]!)) from = middle + 1;
    else to = middle;
  }
  return from;
}

function cutPoint(name: string, { byteOffset, line }: Position): InputError {
  return new InputError({
    tried: `reading a piece of ${name}`,
    expected: `a point to end before line ${line}, byte ${byteOffset}, where the piece ends`,
    found: 'a point that continues after this place',
    fix: 'run bulk-load plan again; leave out --split lines if a value contains a line end',
  });
}
