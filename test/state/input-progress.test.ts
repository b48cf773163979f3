import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Position } from '../../src/core/types/index.js';
import { INPUT_START } from '../../src/core/types/index.js';
import { InputProgress, type SettledPiece } from '../../src/state/input-progress.js';

function place(byteOffset: number): Position {
  return { byteOffset, line: byteOffset + 1, ordinal: byteOffset * 2, digits: byteOffset % 3 === 0 ? 0 : byteOffset };
}

/** Makes pieces that cover [0, 10 × count) without a gap. */
function pieces(count: number): SettledPiece[] {
  return Array.from({ length: count }, (_, i) => ({ from: i * 10, to: place(i * 10 + 10) }));
}

function state(progress: InputProgress): unknown {
  return [progress.place, progress.beyond];
}

test('pieces settled in any order give the same progress', () => {
  fc.assert(
    fc.property(fc.subarray(pieces(20)), fc.integer(), (some, seed) => {
      const shuffled = [...some].sort((a, b) => ((a.from * 7919) ^ seed) - ((b.from * 7919) ^ seed));
      const [one, other] = [new InputProgress(INPUT_START), new InputProgress(INPUT_START)];
      for (const piece of some) one.add(piece);
      for (const piece of shuffled) other.add(piece);
      expect(state(other)).toEqual(state(one));
    }),
  );
});

test('the settled ranges and the ranges to read again make up the input', () => {
  fc.assert(
    fc.property(fc.subarray(pieces(20)), (some) => {
      const progress = new InputProgress(INPUT_START);
      for (const piece of some) progress.add(piece);
      const { place: from, covered } = progress.start;
      const settled = (at: number): boolean =>
        at < from.byteOffset || covered.some((range) => range.from <= at && at < range.to);
      const expected = (at: number): boolean => some.some((piece) => piece.from <= at && at < piece.to.byteOffset);
      for (let at = 0; at < 200; at += 5) expect(settled(at)).toBe(expected(at));
    }),
  );
});

test('progress that is stored and restored is the same', () => {
  fc.assert(
    fc.property(fc.subarray(pieces(20)), (some) => {
      const progress = new InputProgress(INPUT_START);
      for (const piece of some) progress.add(piece);
      expect(state(new InputProgress(progress.place, progress.beyond))).toEqual(state(progress));
    }),
  );
});

test('pieces may overlap settled ones, and the position keeps the digits of the last timestamp', () => {
  const progress = new InputProgress({ byteOffset: 10, line: 2, ordinal: 1, digits: 19 });
  progress.add({ from: 30, to: { byteOffset: 40, line: 5, ordinal: 4, digits: 0 } });
  progress.add({ from: 0, to: { byteOffset: 20, line: 3, ordinal: 2, digits: 0 } });
  progress.add({ from: 15, to: { byteOffset: 35, line: 4, ordinal: 3, digits: 0 } });
  expect(state(progress)).toEqual([{ byteOffset: 40, line: 5, ordinal: 4, digits: 19 }, []]);
});

test('pieces settled from the start on move the position, and nothing lies beyond it', () => {
  const progress = new InputProgress(INPUT_START);
  const [first, second] = pieces(2) as [SettledPiece, SettledPiece];
  progress.add(second);
  expect([progress.place.byteOffset, progress.beyond.length]).toEqual([0, 1]);
  progress.add(first);
  expect([progress.place.byteOffset, progress.beyond]).toEqual([20, []]);
});

test('a piece before the position changes nothing, and a piece after it brings the digits of its timestamps', () => {
  const start = { byteOffset: 10, line: 2, ordinal: 1, digits: 10 };
  const progress = new InputProgress(start);
  progress.add({ from: 0, to: { byteOffset: 5, line: 1, ordinal: 0, digits: 19 } });
  expect(state(progress)).toEqual([start, []]);
  const end = { byteOffset: 20, line: 3, ordinal: 2, digits: 19 };
  progress.add({ from: 10, to: end });
  expect(state(progress)).toEqual([end, []]);
});
