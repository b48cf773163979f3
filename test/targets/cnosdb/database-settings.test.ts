import { expect, test } from 'vitest';
import { columnsOf, settingsOf, timesMerged } from '../../../src/targets/cnosdb/database-settings.js';
import { requestedPlacement } from '../../../src/targets/cnosdb/requested-placement.js';
import { durationMs, sizeBytes } from '../../../src/targets/http/server-values.js';

const day = 86_400_000;

test.each([
  ['INF', null],
  ['inf', null],
  ['1year', 365.25 * day],
  ['365 Days', 365 * day],
  ['30days', 30 * day],
  ['10d', 10 * day],
  ['1day 2h 3m 4s', day + 7_384_000],
  ['2y1M', 2 * 365.25 * day + (365.25 * day) / 12],
  ['500ms', 500],
  ['1us', 0],
])('%s is a duration', (text, ms) => {
  expect(durationMs(text)).toBe(ms);
});

test('text that is not a duration is an error', () => {
  for (const text of ['', 'soon', '3 parsecs', '12']) expect(() => durationMs(text)).toThrow('not a duration');
});

test.each([
  ['128 MiB', 134_217_728],
  ['128M', 134_217_728],
  ['1.5 GiB', 1_610_612_736],
  ['512', 512],
  ['', null],
])('%s is a size', (text, bytes) => {
  expect(sizeBytes(text)).toBe(bytes);
});

test('all settings of a 2.4.3 database are parsed', () => {
  const [row] = JSON.parse(
    '[{"max_cache_readers":32,"max_memcache_size":"16 MiB","precision":"NS","replica":2,"shard":3,"strict_write":false,"ttl":"10d","vnode_duration":"30days"}]',
  ) as [Record<string, unknown>];
  expect(settingsOf(row)).toEqual({
    precision: 'ns',
    ttlMs: 10 * day,
    shard: 3,
    replica: 2,
    vnodeDurationMs: 30 * day,
    maxMemcacheBytes: 16 * 2 ** 20,
    strictWrite: false,
  });
});

test('a 2.3 database shows five settings, and its memcache size stays unknown', () => {
  const row = { ttl: 'INF', shard: 1, vnode_duration: '365 Days', replica: 1, percision: 'MS' };
  expect(settingsOf(row)).toMatchObject({ precision: 'ms', ttlMs: null, maxMemcacheBytes: null, strictWrite: false });
});

test('vnodes without a duration hold all times', () => {
  const row = { precision: 'ns', ttl: 'INF', vnode_duration: '0d' };
  expect(settingsOf(row).vnodeDurationMs).toBeNull();
  expect(requestedPlacement("VNODE_DURATION '0d'").vnodeDurationMs).toBeNull();
});

test('unreadable settings are an error', () => {
  expect(() => settingsOf({})).toThrow('not a precision');
  expect(() => settingsOf({ precision: 'ns', ttl: 'INF', shard: 'many' })).toThrow('not a count');
});

test.each([
  ['ns', 'ns', 1],
  ['ms', 'ns', 1_000_000],
  ['us', 'ns', 1000],
  ['ms', 'us', 1000],
  ['ms', 'ms', 1],
  ['ms', 's', 0.001],
  ['ns', 'ms', 0.000_001],
] as const)('a database in %s merges timestamps in %s by %d', (database, input, times) => {
  expect(timesMerged(database, input)).toBeCloseTo(times, 9);
});

test('columns have the line-protocol type that fits them', () => {
  const row = (column_name: string, column_type: string, data_type: string): Record<string, string> => ({
    table_name: 't',
    column_name,
    column_type,
    data_type,
  });
  const rows = [
    row('time', 'TIME', 'TIMESTAMP(NANOSECOND)'),
    row('host', 'TAG', 'STRING'),
    row('a', 'FIELD', 'BIGINT'),
    row('b', 'FIELD', 'BIGINT UNSIGNED'),
    row('c', 'FIELD', 'DOUBLE'),
    row('d', 'FIELD', 'BOOLEAN'),
    row('e', 'FIELD', 'STRING'),
    row('f', 'FIELD', 'GEOMETRY(POINT, 0)'),
  ];
  expect(columnsOf(rows).map(({ name, type }) => [name, type])).toEqual([
    ['host', 'tag'],
    ['a', 'integer'],
    ['b', 'unsigned'],
    ['c', 'float'],
    ['d', 'boolean'],
    ['e', 'string'],
    ['f', null],
  ]);
  expect(columnsOf(rows, 'other')[0]?.table).toBe('other');
});
