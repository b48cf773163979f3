import { expect, test } from 'vitest';
import {
  bodiesKept,
  partsOf,
  type RaftCacheOptions,
  RaftCaches,
} from '../../../src/flow-control/target-memory/raft-caches.js';

const options: RaftCacheOptions = {
  share: 1,
  existing: new Set(),
  bodyBytes: 100,
  maxBytes: Number.POSITIVE_INFINITY,
};

/** Caches after `count` bodies of `bytes` in each of the buckets. */
function after(
  bodies: readonly [bucket: number, bytes: number, count?: number][],
  more: Partial<RaftCacheOptions> = {},
) {
  const caches = new RaftCaches({ ...options, ...more });
  for (const [bucket, bytes, count = 1] of bodies) for (let i = 0; i < count; i += 1) caches.add([{ bucket, bytes }]);
  return caches;
}

test('a vnode retains its newest 256 bodies, whatever their size', () => {
  expect(after([[0, 100, 2]]).bytes).toBe(200);
  expect(after([[0, 100, 300]]).bytes).toBe(256 * 100);
  expect(
    after([
      [0, 100, 256],
      [0, 1, 255],
    ]).bytes,
  ).toBe(355);
  expect(
    after([
      [0, 100, 256],
      [0, 1, 256],
    ]).bytes,
  ).toBe(256);
});

test('the sizes of retained bodies are saved with the oldest first, and restored in this order', () => {
  const sizes = Array.from({ length: 260 }, (_, i) => i + 1);
  const caches = after(
    sizes.map((bytes) => [3, bytes]),
    { existing: new Set([1, 3]) },
  );
  expect(caches.save()).toEqual([[3, sizes.slice(4), false, false]]);
  const restored = after([[9, 1]], { existing: new Set([1, 3]) });
  restored.restore(caches.save());
  for (const each of [caches, restored]) each.add([{ bucket: 3, bytes: 1 }]);
  expect([restored.bytes, restored.atWorst]).toEqual([caches.bytes, caches.atWorst]);
});

test('each time bucket retains its own bodies, and small writes to one leave the others', () => {
  const caches = after([
    [1, 100, 256],
    [2, 50, 10],
    [1, 1, 256],
  ]);
  expect(caches.bytes).toBe(500 + 256);
  expect(caches.buckets).toEqual([
    { bucket: 2, bytes: 500 },
    { bucket: 1, bytes: 256 },
  ]);
});

test('a body that was split counts with its share in every bucket, and the fullest node with its share of it', () => {
  const caches = new RaftCaches({ ...options, share: 0.5 });
  const part = { lastPoint: 0, lastStart: 0, lastBytes: 0 };
  const buckets = [
    { bucket: 1, bytes: 100, ...part },
    { bucket: 2, bytes: 300, ...part },
  ];
  caches.add(partsOf({ buckets, body: new Uint8Array(400) }, 200));
  expect(caches.buckets).toEqual([
    { bucket: 1, bytes: 25 },
    { bucket: 2, bytes: 75 },
  ]);
  expect(caches.bytes).toBe(100);
});

test('the buckets that the load wrote to are counted once each, whether they existed or not', () => {
  const writes: [number, number][] = [
    [1, 1],
    [2, 1],
    [2, 1],
  ];
  const caches = after(writes, { existing: new Set([1, 9]) });
  expect(caches.bucketCount).toBe(2);
  expect([1, 2, 9].map((bucket) => caches.has(bucket))).toEqual([true, true, false]);
});

test('bodies of an earlier load count at worst, until as many writes of this load replace them', () => {
  const existing = new Set([1, 2]);
  const all = 2 * bodiesKept * 100;
  expect(after([], { existing }).atWorst).toBe(all);
  expect(after([[1, 10]], { existing }).atWorst).toBe(all - 90);
  expect(after([[1, 10, 1000]], { existing }).atWorst).toBe(bodiesKept * 110);
  expect(after([], { existing, share: 0.5 }).atWorst).toBe(all / 2);
  expect(after([[7, 10, 56]], { existing }).atWorst).toBe(560 + all + 200 * 100);
});

test('full-sized bodies that the bucket written last will take count at worst, up to the most that is retained', () => {
  const all = bodiesKept * 100;
  expect(after([]).atWorst).toBe(all);
  expect(after([], { existing: null }).atWorst).toBe(all);
  expect(after([[1, 10, 56]]).atWorst).toBe(560 + 200 * 100);
  expect(after([[1, 10, 1000]]).atWorst).toBe(2560);
  expect(
    after([
      [1, 10, 1000],
      [2, 10],
    ]).atWorst,
  ).toBe(2560 + 10 + 255 * 100);
  const restored = after([], { existing: null });
  restored.restore(after([[1, 10]]).save());
  expect(restored.atWorst).toBe(10 + 255 * 100);
  expect(after([[1, 10, 56]], { maxBytes: 1000 }).atWorst).toBe(1000);
  expect(after([[1, 10, 56]], { maxBytes: 100 }).atWorst).toBe(560);
});

test('the time buckets of the newest 16 bodies are open, and a rinse opens none', () => {
  const caches = after([
    [1, 100, 3],
    [2, 50, 15],
  ]);
  expect(caches.open).toEqual({ bytes: 300 + 750, places: bodiesKept - 15 });
  caches.add([{ bucket: 2, bytes: 50 }]);
  expect(caches.open).toEqual({ bytes: 800, places: bodiesKept - 16 });
  caches.add([{ bucket: 1, bytes: 1 }], true);
  expect(caches.open).toEqual({ bytes: 800, places: bodiesKept - 16 });
  expect(after([]).open).toEqual({ bytes: 0, places: bodiesKept });
});

test('a bucket is reopened by a body after a flush, and not by a rinse or a flush alone', () => {
  const caches = after([
    [1, 100],
    [2, 100],
  ]);
  expect(caches.reopened).toBe(0);
  caches.flushBegan();
  caches.add([{ bucket: 1, bytes: 10 }], true);
  caches.add([{ bucket: 3, bytes: 10 }]);
  expect(caches.reopened).toBe(0);
  caches.add([{ bucket: 2, bytes: 10 }]);
  caches.add([{ bucket: 2, bytes: 10 }]);
  expect(caches.reopened).toBe(1 / 3);
  const other = after([[2, 1]]);
  other.flushBegan();
  other.restore(caches.save());
  expect(other.reopened).toBe(1 / 3);
  other.add([{ bucket: 3, bytes: 10 }]);
  expect(other.reopened).toBe(1 / 3);
  other.add([{ bucket: 1, bytes: 10 }]);
  expect(other.reopened).toBe(2 / 3);
});
