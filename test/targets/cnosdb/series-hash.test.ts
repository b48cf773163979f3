import { expect, test } from 'vitest';
import { shardOf } from '../../../src/targets/cnosdb/series-hash.js';

test('the shard of a point is the hash of its table and sorted tags, as CnosDB computes it', () => {
  // The hash that a test of CnosDB's parser expects for `ma,ta=2\,,tb=1`.
  const hash = 447_297_711_207_326_024n;
  const tags = new Map([
    ['tb', '1'],
    ['ta', '2,'],
  ]);
  for (const shards of [2, 3, 7, 1000])
    expect(shardOf({ table: 'ma', tags }, shards)).toBe(Number(hash % BigInt(shards)));
  expect(shardOf({ table: 'ma', tags }, 1)).toBe(0);
});

test('tags are sorted by their bytes', () => {
  const shards = 1_000_003;
  const one = shardOf(
    {
      table: 'm',
      tags: new Map([
        ['\u{1F600}', 'a'],
        ['\uFFFD', 'b'],
      ]),
    },
    shards,
  );
  const other = shardOf(
    {
      table: 'm',
      tags: new Map([
        ['\uFFFD', 'b'],
        ['\u{1F600}', 'a'],
      ]),
    },
    shards,
  );
  expect(one).toBe(other);
});
