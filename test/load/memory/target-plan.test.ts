// What a load asks the target for, and where the target stores a point: its time bucket and its shard.

import { expect, test } from 'vitest';
import { resolve } from '../../../src/config/resolve.js';
import { memcacheToRequest, pointPlace } from '../../../src/load/memory/target-memory.js';
import { options } from '../../../src/load/option-table.js';

const hour = 3_600_000;
const placed = (vnodeDurationMs: number | null, precision: 'ns' | 's', ...times: number[]) => {
  const place = pointPlace(precision, { vnodeDurationMs, shard: 1 });
  return times.map((time) => place(Buffer.from(`m,t=a f=1 ${time}${precision === 'ns' ? '000000' : ''}`)));
};

test('points of one time bucket have the same number, which grows with time', () => {
  const buckets = placed(hour, 'ns', hour * 5, hour * 6 - 1, hour * 6).map(({ bucket }) => bucket);
  expect(buckets).toEqual([5, 5, 6]);
  expect(placed(hour, 's', 7200).map(({ bucket }) => bucket)).toEqual([2]);
});

test('a database without time buckets has one for all points', () => {
  expect(placed(null, 'ns', 0, hour * 1000)).toEqual([
    { bucket: 0, shard: 0 },
    { bucket: 0, shard: 0 },
  ]);
});

const requested = async (flags: object) => {
  const { settings } = await resolve(options, { flags: { db: 'd', ...flags }, env: {} });
  return memcacheToRequest(settings, { spans: [], unseen: 1, totalBytes: 1e9 });
};

test('a database that the load creates gets a memory cache that suits --target-memory', async () => {
  const small = await requested({ createDb: true });
  const large = await requested({ createDb: true, targetMemory: '8GiB' });
  expect(small).toBeGreaterThanOrEqual(16 * 2 ** 20);
  expect(large).toBeGreaterThan(small!);
  expect(await requested({ createDb: true, dbOptions: 'REPLICA 1' })).toBe(small);
});

test.each([
  ['without --create-db', {}],
  ['if --db-options sets it', { createDb: true, dbOptions: "max_memcache_size '64MiB'" }],
  ['if nothing limits the memory of the target', { createDb: true, targetMemory: 'off' }],
])('no size of the memory cache is requested %s', async (_, flags) => {
  expect(await requested(flags)).toBeNull();
});
