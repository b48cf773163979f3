// The part of each limit that one shard of a plan gets.

import { expect, test } from 'vitest';
import { resolve } from '../../../src/config/resolve.js';
import type { FleetPlan } from '../../../src/fleet/plan-file.js';
import { loadShard, shardSettings } from '../../../src/load/fleet/shard-settings.js';
import { options } from '../../../src/load/option-table.js';

const resolved = async (flags: object) => await resolve(options, { flags: { db: 'd', ...flags }, env: {} });

test('the writers of all shards add up to --workers, and every other limit is divided and rounded down', async () => {
  const given = { workers: 7, ratePoints: 10, rateBytes: '100', stage: '10MiB', maxRejected: '10', createDb: true };
  const whole = await resolved({ ...given, dbOptions: 'SHARD 2', minPoints: 5 });
  const of = 3;
  const parts = [1, 2, 3].map((index) => shardSettings(whole, { index, of }));
  expect(parts.map(({ workers }) => workers)).toEqual([3, 2, 2]);
  expect(parts[0]).toMatchObject({
    ...{ ratePoints: 3, rateBytes: 33, stage: Math.floor((10 * 2 ** 20) / 3), maxRejected: { count: 3 }, minPoints: 0 },
    ...{ createDb: false, dbOptions: null },
  });
});

test('limits that are off stay off, and a percentage holds for each shard', async () => {
  const whole = await resolved({ maxRejected: '10%' });
  expect(shardSettings(whole, { index: 9, of: 20 })).toMatchObject({
    ...{ workers: 1, ratePoints: null, rateBytes: null, stage: null, maxRejected: { percent: 10 } },
  });
  expect(shardSettings(await resolved({ stage: '1MiB' }), { index: 1, of: 2 ** 21 }).stage).toBe(1);
});

test('a limit that is too small for all shards is named', async () => {
  const whole = await resolved({ workers: 2, ratePoints: 3, rateBytes: '2' });
  expect(() => shardSettings(whole, { index: 1, of: 3 })).toThrow(
    /^--workers: expected at least 1 for each of 3 shards, found 2\. Use fewer shards\.\n--rate-bytes: .*$/,
  );
});

test('a shard plans with the times of all shards', () => {
  const times = { spans: [{ first: '-1', last: '2' }], unseen: 3, totalBytes: 4 };
  const plan = { id: 'plan', fieldTypes: { t: { f: 'float' } }, times } as unknown as FleetPlan;
  expect(loadShard(plan, { index: 1, of: 2 })).toEqual({
    ...{ plan: 'plan', index: 1, of: 2, fieldTypes: { t: { f: 'float' } } },
    times: { ...times, spans: [{ first: -1n, last: 2n }] },
  });
});
