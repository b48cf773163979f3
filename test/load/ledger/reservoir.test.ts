import { expect, test } from 'vitest';
import { Reservoir } from '../../../src/load/ledger/reservoir.js';

/** Numbers in [0, 1), the same each time. Marsaglia's xorshift32. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

function sample(size: number, groups: readonly number[], seed: number): Reservoir<number> {
  const reservoir = new Reservoir<number>(size, random(seed));
  let first = 0;
  for (const group of groups) {
    const base = first;
    reservoir.offer(group, (i) => base + i);
    first += group;
  }
  return reservoir;
}

test('fewer items than it holds are all in it, each once', () => {
  expect(sample(10, [3, 0, 4], 1).items).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(sample(7, [3, 4], 1).items).toHaveLength(7);
});

test('of more it keeps so many different ones, however they are grouped', () => {
  const one = sample(10, [1000], 5);
  const many = sample(
    10,
    Array.from({ length: 1000 }, () => 1),
    5,
  );
  expect(new Set(one.items).size).toBe(10);
  expect(many.items).toEqual(one.items);
  expect(one.seen).toBe(1000);
});

test('every item has the same chance', () => {
  const hits = new Array<number>(50).fill(0);
  const rounds = 20_000;
  for (let round = 1; round <= rounds; round += 1) {
    for (const item of sample(5, [20, 30], round * 7919).items) hits[item]! += 1;
  }
  // Each is drawn in a tenth of the rounds: 2,000 times, with a standard deviation of 42.
  for (const hit of hits) expect(Math.abs(hit - rounds / 10)).toBeLessThan(5 * 42.5);
});

test('what is declined or taken out again leaves its place to others', () => {
  const reservoir = new Reservoir<number>(3, random(3));
  reservoir.offer(3, () => null);
  expect([reservoir.items, reservoir.seen]).toEqual([[], 3]);
  reservoir.offer(10, (i) => (i % 2 === 0 ? null : i));
  expect(reservoir.items.every((item) => item % 2 === 1)).toBe(true);
  reservoir.drop((item) => item < 100);
  expect(reservoir.items).toEqual([]);
  reservoir.offer(5000, (i) => 100 + i);
  expect(reservoir.items).toHaveLength(3);
});
