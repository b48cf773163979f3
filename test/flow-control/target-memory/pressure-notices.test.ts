import { expect, test } from 'vitest';
import { nodeDied } from '../../../src/flow-control/target-memory/node-deaths.js';
import { PacedNotice, pacingMessage } from '../../../src/flow-control/target-memory/pressure-notices.js';
import { partOf } from '../../../src/flow-control/target-memory/rinsing.js';
import { evenLayout, forecastTargetMemory } from '../../../src/flow-control/target-memory/target-forecast.js';

const MiB = 1024 * 1024;

test.each([
  ['4.99 s', 1000, 4.99, false],
  ['5 s of 20 s', 21_000, 5, true],
  ['5 s of 21 s', 22_000, 5, false],
])('waits of %s explain the rate of a load or not', (_, at, seconds, expected) => {
  const notice = new PacedNotice();
  expect(notice.begins(1000, 0)).toBe(false);
  expect([notice.begins(at, seconds), notice.given]).toEqual([expected, expected]);
  expect(notice.begins(at + 1, 1e6)).toBe(!expected);
});

test('the rate that memcaches limit is explained by their size, which is named with a larger one', () => {
  const place = { shard: 1, replica: 1, vnodeDurationMs: null, maxMemcacheBytes: 16 * MiB };
  const options = {
    targetMemory: 512 * MiB,
    batchBytes: MiB,
    relieve: true,
    workers: 8,
    precision: 'ns',
    urls: ['http://a'],
  } as const;
  const times = { spans: [], unseen: 1, totalBytes: null };
  const forecast = forecastTargetMemory(options, place, evenLayout(place, 1), times);
  const [, now, rows, larger] =
    /^MAX_MEMCACHE_SIZE '(\d+)MiB' of the database limited the rate to about 5 MB\/s: .* for (\d+) MiB of rows .* '(\d+)MiB' allows/.exec(
      pacingMessage(forecast, MiB / 2, 5e6, 16 * MiB),
    ) ?? [];
  expect([now, rows]).toEqual(['16', '16']);
  expect(Number(larger)).toBeGreaterThan(16);
  expect(Number(larger)).toBeLessThan(512);
});

test('the senders of a load divide the bytes at which rinses begin and end, and keep those at which sending waits', () => {
  const marks = { dueBytes: 100, holdBytes: 200, restBytes: 50 };
  expect(partOf(marks, 2)).toEqual({ dueBytes: 50, holdBytes: 200, restBytes: 25 });
  expect(partOf(null, 2)).toBeNull();
});

test('the death of a node names the room of each node from then on, if memory is limited', () => {
  expect(nodeDied('http://a', 100 * MiB).message).toContain(
    'rows and request bodies may take at most 100 MiB on each node',
  );
  expect(nodeDied('http://a', null).message).toMatch(/first asks the node to flush$/);
});
