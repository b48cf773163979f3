import { expect, test } from 'vitest';
import { RefusedError } from '../../../src/core/errors.js';
import { parseShape } from '../../../src/core/points/line-protocol.js';
import { type DatabaseSettings, defaultDatabaseSettings, type StorageLimits } from '../../../src/core/types/index.js';
import { boundsOf, bucketsOf, schemaGuard, unexpectedTimes } from '../../../src/load/stages/acceptance.js';
import { Catalogue } from '../../../src/schema/catalogue.js';

const day = 86_400_000;
const started = Date.UTC(2022, 0, 1);
const any = { precision: 'ms', expectTime: null } as const;
const database = (more: Partial<DatabaseSettings>): DatabaseSettings => ({ ...defaultDatabaseSettings, ...more });
const limits = { sinceMs: started - 2 * day, aheadMs: day, tagValueBytes: 100 } as StorageLimits;
const shape = (line: string) => parseShape(Buffer.from(line));

test('a database without a TTL and limits bounds no time', () => {
  const { oldest, newest, expected, grain, longBytes, long } = boundsOf(database({ precision: 'ms' }), any, started);
  expect({ oldest, newest, expected, grain, longBytes }).toEqual({
    ...{ oldest: Number.NEGATIVE_INFINITY, newest: Number.POSITIVE_INFINITY, expected: null },
    ...{ grain: 1, longBytes: Number.POSITIVE_INFINITY },
  });
  expect(long(Buffer.from('m f=1'))).toBeNull();
});

test('the later of TTL and limits is the oldest time, in units of the input', () => {
  const oldest = (more: Partial<DatabaseSettings>, precision: 'ms' | 'us' = 'ms') =>
    boundsOf(database(more), { ...any, precision }, started).oldest;
  expect(oldest({ ttlMs: day })).toBe(started - day);
  expect(oldest({ ttlMs: day }, 'us')).toBe((started - day) * 1000);
  expect(oldest({ limits })).toBe(started - 2 * day);
  expect(oldest({ limits, ttlMs: day })).toBe(started - day);
  expect(oldest({ limits, ttlMs: 3 * day })).toBe(started - 2 * day);
});

test('limits bound the future and name the length from which points are examined', () => {
  const { newest, longBytes, long } = boundsOf(database({ limits }), any, started);
  expect([newest, longBytes]).toEqual([started + day, 100]);
  expect(boundsOf(database({ limits }), { ...any, precision: 'us' }, started).newest).toBe((started + day) * 1000);
  const tagOf = (bytes: number) => Buffer.from(`m,t=${'x'.repeat(bytes)} f=1 1`);
  expect([long(tagOf(100)), long(tagOf(101)) === null]).toEqual([null, false]);
});

test('a coarser database has a grain, and a finer one keeps every timestamp', () => {
  const grain = (precision: 'ns' | 'us' | 'ms', input: 'us' | 's') =>
    boundsOf(database({ precision }), { ...any, precision: input }, started).grain;
  expect([grain('ms', 'us'), grain('us', 'us'), grain('ns', 'us'), grain('ms', 's')]).toEqual([1000, 1, 1, 1]);
});

test('expected times are in units of the input, and their message names the range', () => {
  const expectTime = { fromMs: Date.UTC(1980, 0, 1), toMs: Date.UTC(2100, 0, 1) };
  const { expected, isMisread } = boundsOf(database({}), { precision: 's', expectTime }, started);
  expect([expected?.from, expected?.to]).toEqual([expectTime.fromMs / 1000, expectTime.toMs / 1000]);
  expect(expected?.message(0n)).toContain('1970');
  expect([isMisread(BigInt(started)), isMisread(10n ** 30n)]).toEqual([true, false]);
  expect(boundsOf(database({}), any, started).isMisread(BigInt(started))).toBe(true);
});

test('time buckets are in units of the input; a database without them has a single one', () => {
  const buckets = (vnodeDurationMs: number | null) => bucketsOf({ vnodeDurationMs }, { precision: 'us' }, started);
  expect(buckets(day)).toEqual({ bucketUnits: day * 1000, startTime: started * 1000 });
  expect(buckets(null).bucketUnits).toBe(Number.POSITIVE_INFINITY);
});

test('STRICT_WRITE refuses a point with a new field, and known points pass', () => {
  const catalogue = new Catalogue([{ table: 'm', name: 'f', type: 'float' }]);
  const guard = (strictWrite: boolean) =>
    schemaGuard({
      db: 'db',
      database: database({ strictWrite }),
      catalogue,
      exclusive: true,
      assertColumnsFit: () => {},
    });
  expect(guard(true).match(shape('m f=1 1')).kind).toBe('known');
  expect(() => guard(true).match(shape('m g=1 1'))).toThrow(RefusedError);
  expect(() => guard(true).match(shape('m g=1 1'))).toThrow(
    /loading into "db": .* points of table "m", which is missing/,
  );
  expect(guard(false).match(shape('m g=1 1')).kind).toBe('introduces');
  expect(guard(true).match(shape('m f="a" 1')).kind).toBe('conflict');
});

test('a shard rejects points with a new column', () => {
  const guard = schemaGuard({
    ...{ db: 'db', database: database({}), catalogue: new Catalogue([]), exclusive: true, rejectsNewColumns: true },
    assertColumnsFit: () => {},
  });
  expect(guard.match(shape('m f=1 1'))).toMatchObject({ kind: 'conflict', reason: 'new-column' });
});

test('columns beyond the memory stop the load where they are introduced', () => {
  const guard = schemaGuard({
    ...{ db: 'db', database: database({}), catalogue: new Catalogue([]), exclusive: false },
    assertColumnsFit: () => {
      throw new Error('too many columns');
    },
  });
  expect(() => guard.match(shape('m f=1 1'))).toThrow('too many columns');
  expect([guard.exclusive, guard.columns]).toEqual([false, 0]);
});

test('the problem of unexpected times names the line, and the precision that fits', () => {
  const expectTime = { fromMs: Date.UTC(1980, 0, 1), toMs: Date.UTC(2100, 0, 1) };
  const at = { timestamp: BigInt(started), line: 7 };
  expect(unexpectedTimes('a.lp', at, { precision: 'ns', expectTime })).toMatchObject({
    ...{ tried: 'reading a.lp:7', fix: 'use --precision ms: then this timestamp is 2022-01-01' },
    expected: 'timestamps between 1980-01-01 and 2100-01-01 (--expect-time)',
  });
  expect(unexpectedTimes('a.lp', at, { precision: 'ns', expectTime: null }).expected).toMatch(/servers can store/);
});
