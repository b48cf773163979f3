// Parquet files written by DuckDB: values and types reach the points unchanged.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { writeParquet } from '../../support/data/parquet.js';
import { expectValid, field, tag } from '../rows/support.js';
import { type Reading, readFileWith } from './support.js';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulk-load-parquet-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

let files = 0;

async function readQuery(query: string, reading?: Reading, how?: string) {
  const path = join(folder, `${files++}.parquet`);
  await writeParquet(path, query, how);
  return await readFileWith(path, reading);
}

/** Reads a row with time 1 and these columns; returns its points. */
async function sent(columns: string, reading?: Reading): Promise<string[]> {
  const { points } = await readQuery(`SELECT 1::BIGINT AS time, ${columns}`, reading);
  return points.map(({ text }) => text);
}

/** Reads the same row; returns the reasons of its rejects. */
async function refused(columns: string, reading?: Reading): Promise<string[]> {
  const { rejects } = await readQuery(`SELECT 1::BIGINT AS time, ${columns}`, reading);
  return rejects.map(({ reason }) => reason);
}

test('Parquet types decide the types of fields, and integers keep all 64 bits', async () => {
  expect(
    await sent(
      `(-9223372036854775808)::BIGINT AS a, 9223372036854775807::BIGINT AS b, 18446744073709551615::UBIGINT AS c,
       (-128)::TINYINT AS d, 65535::USMALLINT AS e, 4294967295::UINTEGER AS f, (-2147483648)::INTEGER AS g`,
    ),
  ).toEqual([
    'm a=-9223372036854775808i,b=9223372036854775807i,c=18446744073709551615u,d=-128i,e=65535u,f=4294967295u,g=-2147483648i 1',
  ]);
  expect(await sent(`1.5::DOUBLE AS a, 0.1::FLOAT AS b, true AS c, 'x "y" \\z' AS d`)).toEqual([
    'm a=1.5,b=0.10000000149011612,c=t,d="x \\"y\\" \\\\z" 1',
  ]);
});

test('Parquet floats keep every bit, and NaN and infinity are rejected', async () => {
  const values = [
    '0.1',
    '-0.0',
    '1e300',
    '5e-324',
    '1.7976931348623157e308',
    '123456789012345680',
    '3.141592653589793',
  ];
  const { points } = await readQuery(
    `SELECT unnest([${values.map((_, i) => i).join()}])::BIGINT AS time, unnest([${values.map((each) => `'${each}'`).join()}])::DOUBLE AS v`,
  );
  const read = points.map(({ text }) => Number(/v=(\S+)/.exec(text)![1]));
  expect(read.map((each) => Object.is(each, -0))).toEqual(values.map((each) => each === '-0.0'));
  expect(read).toEqual(values.map(Number));
  expect(await refused(`'nan'::DOUBLE AS v`)).toEqual(['non-finite']);
  expect(await refused(`'-infinity'::FLOAT AS v`)).toEqual(['non-finite']);
});

test('Parquet timestamps are exact in every unit and precision', async () => {
  const at = async (value: string, reading?: Reading) => {
    const { points, rejects } = await readQuery(`SELECT ${value} AS time, 1::INTEGER AS v`, reading);
    return points[0]?.time ?? rejects[0]?.reason;
  };
  expect(await at('make_timestamp_ns(1640995200123456789)')).toBe(1640995200123456789n);
  expect(await at("TIMESTAMP '2022-01-01 00:00:00.123456'")).toBe(1640995200123456000n);
  expect(await at("TIMESTAMPTZ '2022-01-01 00:00:00.123456+01'")).toBe(1640991600123456000n);
  expect(await at("TIMESTAMP_MS '1969-12-31 23:59:59.999'")).toBe(-1000000n);
  expect(await at("DATE '2022-01-01'")).toBe(1640995200000000000n);
  expect(await at('0::BIGINT')).toBe(0n);
  expect(await at("TIMESTAMP '1970-01-01'")).toBe(0n);
  expect(await at("TIMESTAMP '2022-01-01 00:00:00.123'", { options: { precision: 'ms' } })).toBe(1640995200123n);
  expect(await at("TIMESTAMP '2022-01-01 00:00:00.1234'", { options: { precision: 'ms' } })).toBe('bad-timestamp');
  expect(await at('1640995200::BIGINT', { options: { timeFormat: 's' } })).toBe(1640995200000000000n);
  expect(await at("TIMESTAMP '2022-01-01'", { options: { timeFormat: 's' } })).toBe(1640995200000000000n);
  expect(await at("'2022-01-01T00:00:00Z'")).toBe(1640995200000000000n);
});

test('Parquet timestamps without UTC are read in the time zone of the load', async () => {
  const options = { timezone: 'Europe/Berlin' };
  const read = (value: string) => readQuery(`SELECT ${value} AS time, 1::INTEGER AS v`, { options });
  expect((await read("TIMESTAMP '2022-01-01 00:00:00'")).points[0]?.time).toBe(1640991600000000000n);
  expect((await read("TIMESTAMPTZ '2022-01-01 00:00:00+00'")).points[0]?.time).toBe(1640995200000000000n);
  expect((await read("TIMESTAMP '2022-10-30 02:30:00'")).rejects[0]?.reason).toBe('ambiguous-time');
});

test('Parquet dates, times, UUIDs, enums and JSON become strings', async () => {
  expect(
    await sent(
      `DATE '2022-01-31' AS a, TIME '01:02:03.000004' AS b, '00112233-4455-6677-8899-aabbccddeeff'::UUID AS c,
       'x'::ENUM('x', 'y') AS d, '{"k": 1}'::JSON AS e, TIMESTAMP '2022-01-01 00:00:00.5' AS f`,
    ),
  ).toEqual([
    'm a="2022-01-31",b="01:02:03.000004",c="00112233-4455-6677-8899-aabbccddeeff",d="x",e="{\\"k\\": 1}",f="2022-01-01T00:00:00.500000" 1',
  ]);
});

test('Parquet decimals become floats with the same digits, or are rejected', async () => {
  expect(await sent('1.50::DECIMAL(4,2) AS a, (-0.05)::DECIMAL(9,2) AS b, 123::DECIMAL(18,0) AS c')).toEqual([
    'm a=1.50,b=-0.05,c=123i 1',
  ]);
  expect(
    await sent("'12345678901234567890.12'::DECIMAL(38,2) AS a, 1 AS b", {
      options: { fields: [field('a', 'string')] },
    }),
  ).toEqual(['m a="12345678901234567890.12" 1']);
  expect(await refused("'0.12345678901234567890'::DECIMAL(38,20) AS a")).toEqual(['inexact-decimal']);
  expect(await refused("'12345678901234567890.12'::DECIMAL(38,2) AS a")).toEqual(['inexact-decimal']);
});

test('a type declared with --fields overrides the Parquet type and never changes a value', async () => {
  const as = (type: 'float' | 'integer' | 'string') => ({ options: { fields: [field('v', type)] } });
  expect(await sent('7::BIGINT AS v', as('float'))).toEqual(['m v=7 1']);
  expect(await sent('7::BIGINT AS v', as('string'))).toEqual(['m v="7" 1']);
  expect(await sent('7.0::DOUBLE AS v', as('integer'))).toEqual(['m v=7i 1']);
  expect(await refused('7.5::DOUBLE AS v', as('integer'))).toEqual(['bad-number']);
  expect(await refused('9007199254740993::BIGINT AS v', as('float'))).toEqual(['inexact-integer']);
  expect(await sent("'7' AS v", as('integer'))).toEqual(['m v=7i 1']);
});

test('a Parquet null leaves the field out, and a row of nulls is rejected', async () => {
  const query =
    "SELECT i::BIGINT AS time, CASE WHEN i % 3 > 0 THEN i END AS v, CASE WHEN i % 2 = 0 THEN 'h' || i END AS host FROM range(6) t(i)";
  const { points, rejects } = await readQuery(query, { options: { tags: [tag('host')] } });
  expect(points.map(({ text }) => text)).toEqual(['m v=1i 1', 'm,host=h2 v=2i 2', 'm,host=h4 v=4i 4', 'm v=5i 5']);
  expect(rejects.map(({ line, reason, source }) => [line, reason, source])).toEqual([
    [1, 'no-fields', '{"time":0,"host":"h0"}'],
    [4, 'no-fields', '{"time":3}'],
  ]);
});

test('nested Parquet columns are named by path, and lists are rejected unless --fields names an element', async () => {
  const nested = "{'lat': 1.5::DOUBLE, 'lon': NULL::DOUBLE, 'at': {'n': 3::INTEGER}} AS gps";
  expect(await sent(nested)).toEqual(['m gps.lat=1.5,gps.at.n=3i 1']);
  const lists =
    "[1.5::DOUBLE, NULL, 2.5] AS s, [{'v': 1::INTEGER, 'w': [7, 8]}, {'v': 2, 'w': NULL}] AS o, MAP {'k': 'v'} AS k";
  expect(await refused(lists)).toEqual(['array-value']);
  const { rejects } = await readQuery(`SELECT 1::BIGINT AS time, ${lists}`);
  expect(JSON.parse(rejects[0]!.source)).toEqual({
    time: 1,
    s: [1.5, null, 2.5],
    o: [
      { v: 1, w: [7, 8] },
      { v: 2, w: null },
    ],
    k: [{ key: 'k', value: 'v' }],
  });
  const fields = [field('s.0', null, 'first'), field('s.2', null, 's2'), field('o.1.v'), field('o.0.w.1', null, 'w')];
  expect(await sent(lists, { options: { fields } })).toEqual(['m first=1.5,s2=2.5,o.1.v=2i,w=8i 1']);
});

test('list elements stay with their rows across pages and row groups', async () => {
  const query =
    'SELECT i::BIGINT AS time, range(i % 4) AS l, CASE WHEN i % 5 > 0 THEN [i, NULL] END AS n FROM range(5000) t(i)';
  const options = { fields: [field('l.2', null, 'a'), field('n.0', null, 'b')], chunkBytes: 1 << 17 };
  const { points, rejects } = await readQuery(query, { options }, 'ROW_GROUP_SIZE 2048');
  const expected = Array.from({ length: 5000 }, (_, i) => {
    const values = [...(i % 4 === 3 ? ['a=2i'] : []), ...(i % 5 > 0 ? [`b=${i}i`] : [])];
    return values.length === 0 ? null : `m ${values.join()} ${i}`;
  });
  expect(points.map(({ text }) => text)).toEqual(expected.filter((each) => each !== null));
  expect(rejects.map(({ line }) => line)).toEqual(expected.flatMap((each, i) => (each === null ? [i + 1] : [])));
});

const many =
  "SELECT make_timestamp_ns(1640995200000000000 + i) AS time, 'h' || i % 9 AS host, i / 7 AS v, CASE WHEN i % 5 > 0 THEN i END AS n, " +
  "i % 3 = 0 AS ok, 'text ' || i AS s, (i * 9007199254740)::BIGINT AS b FROM range(5000) t(i)";

test.each(['snappy', 'zstd', 'gzip', 'brotli', 'lz4_raw', 'uncompressed'])(
  'Parquet columns compressed with %s are read from pages of version 1 and 2',
  async (codec) => {
    const reading = { options: { tags: [tag('host')], chunkBytes: 1 << 18 } };
    const one = await readQuery(many, reading, `COMPRESSION ${codec}, ROW_GROUP_SIZE 2048`);
    const two = await readQuery(many, reading, `COMPRESSION ${codec}, ROW_GROUP_SIZE 4096, PARQUET_VERSION v2`);
    expect(one.points.length).toBe(5000);
    expect(one.points[7]?.text).toBe('m,host=h7 v=1,n=7i,ok=f,s="text 7",b=63050394783180i 1640995200000000007');
    expect(two.points.map(({ text }) => text)).toEqual(one.points.map(({ text }) => text));
    expect(two.points.map(({ offset, line }) => [offset, line])).toEqual(
      one.points.map(({ offset, line }) => [offset, line]),
    );
    await expectValid(one.points.slice(0, 500).map(({ text }) => text));
  },
);

test('a Parquet file is resumed at any row, at the same offset', async () => {
  const path = join(folder, 'again.parquet');
  await writeParquet(path, many, 'COMPRESSION snappy, ROW_GROUP_SIZE 2048');
  const reading = { options: { tags: [tag('host')] } };
  const { points } = await readFileWith(path, reading);
  for (const at of [1, 2047, 2048, 4095, 4097, 4999]) {
    const { offset, line } = points[at]!;
    const start = { byteOffset: offset, line, ordinal: at, digits: 0 };
    const rest = await readFileWith(path, { ...reading, start });
    expect(rest.points).toEqual(points.slice(at));
  }
});

test('a Parquet row above --max-point-bytes is rejected in parts, and later rows keep their offsets', async () => {
  const query = "SELECT i::BIGINT AS time, repeat('\"x', CASE WHEN i = 2 THEN 9000 ELSE 2 END) AS s FROM range(5) t(i)";
  const { points, rejects, ends } = await readQuery(query);
  expect(points.map(({ line }) => line)).toEqual([1, 2, 4, 5]);
  expect(rejects.map(({ part }) => part)).toEqual(['first', ...Array(rejects.length - 2).fill('middle'), 'last']);
  expect(rejects.every(({ reason, line }) => reason === 'too-long' && line === 3)).toBe(true);
  const whole = rejects.map(({ source }) => source).join('');
  expect(JSON.parse(whole)).toEqual({ time: 2, s: '"x'.repeat(9000) });
  expect(rejects[0]!.offset + whole.length + 1).toBe(points[2]!.offset);
  expect(ends.at(-1)).toEqual({ end: points[3]!.offset + points[3]!.source.length + 1, line: 6 });
});

test('only the columns named in the options are read, and a missing one is a usage error', async () => {
  const options = { fields: [field('v')], tags: [tag('host')] };
  const { points } = await readQuery("SELECT 1::BIGINT AS time, 2 AS v, 'h' AS host, 3 AS other", { options });
  expect(points.map(({ text, source }) => [text, source])).toEqual([
    ['m,host=h v=2i 1', '{"time":1,"v":2,"host":"h"}'],
  ]);
  const missing = { options: { fields: [field('w')] } };
  await expect(readQuery('SELECT 1::BIGINT AS time, 2 AS v', missing)).rejects.toThrow('"w"');
  await expect(readQuery("SELECT 1::BIGINT AS time, INTERVAL '1' DAY AS v")).rejects.toThrow(UsageError);
  await expect(readQuery('SELECT 2 AS v')).rejects.toThrow('--time-column');
});

test('a Parquet file without rows has no points', async () => {
  const { points, ends } = await readQuery('SELECT 1::BIGINT AS time, 2 AS v WHERE false');
  expect([points, ends]).toEqual([[], []]);
});

test('delta-packed unsigned integers keep their highest bit', async () => {
  const values = [3_789_523_705, 0, 4_294_967_295, 2_147_483_648, 1];
  const list = values.map((value, i) => `(${i + 1}::BIGINT, ${value}::UINTEGER)`).join(', ');
  const { points } = await readQuery(
    `SELECT * FROM (VALUES ${list}) t(time, v) ORDER BY time`,
    {},
    'PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT 1',
  );
  expect(points.map(({ text }) => text)).toEqual(values.map((value, i) => `m v=${value}u ${i + 1}`));
});
