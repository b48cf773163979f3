// Truncated, damaged and malicious files: reading ends with an input error or other values, within the memory budget.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { InputError, UsageError } from '../../../src/core/errors.js';
import { writeParquet } from '../../support/data/parquet.js';
import { casesOf, isSoak } from '../../support/effort.js';
import { readBytes } from './support.js';

const budget = { bytes: 32 * 1024 * 1024, limitFor: () => '1GiB' };
const query =
  "SELECT i::BIGINT AS time, 'h' || i % 9 AS host, i / 7 AS v, [i, i] AS l, i % 3 = 0 AS ok, i AS n FROM range(300) t(i)";
let folder: string;
const files: Buffer[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulk-load-parquet-'));
  for (const how of [
    'COMPRESSION snappy',
    'COMPRESSION zstd, PARQUET_VERSION v2',
    'COMPRESSION lz4_raw, PARQUET_VERSION v2',
    'COMPRESSION gzip',
  ]) {
    await writeParquet(join(folder, 'a.parquet'), query, how);
    files.push(await readFile(join(folder, 'a.parquet')));
  }
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** A small generator of numbers: mulberry32 (public domain, T. Ettinger). */
function randoms(seed: number): (range: number) => number {
  let state = seed;
  return (range) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % range;
  };
}

/** Returns `read`, or the message of the input or usage error. Rethrows any other error. */
async function ending(bytes: Uint8Array): Promise<string> {
  try {
    await readBytes(bytes, { budget });
    return 'read';
  } catch (error) {
    if (error instanceof InputError || error instanceof UsageError) return error.message;
    throw error;
  }
}

test('a Parquet file cut at any length is refused as incomplete', async () => {
  for (const file of files) {
    for (let length = 0; length < file.length; length += 97) {
      expect(await ending(file.subarray(0, length))).toMatch(/^reading a\.parquet: expected a complete Parquet file/);
    }
  }
});

test('a Parquet file with random bytes changed ends with an input error or with other values', async () => {
  const random = randoms(7);
  const rounds = casesOf(400, 80);
  const ends = { read: 0, refused: 0 };
  for (let round = 0; round < rounds; round++) {
    const bytes = Buffer.from(files[round % files.length]!);
    // The footer is a small part of the file but describes the rest.
    const from = round % 3 === 0 ? bytes.length - 2000 : 0;
    for (let i = random(4); i >= 0; i--) bytes[from + random(bytes.length - from)] = random(256);
    if ((await ending(bytes)) === 'read') ends.read += 1;
    else ends.refused += 1;
  }
  expect(ends.refused).toBeGreaterThan(rounds / 4);
  expect(ends.read).toBeGreaterThan(rounds / 14);
});

/** Builds a file that consists of a footer. */
function footer(bytes: readonly number[], statedLength = bytes.length): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(statedLength);
  return Buffer.concat([Buffer.from('PAR1'), Buffer.from(bytes), length, Buffer.from('PAR1')]);
}

test.each([
  ['that is longer than the file', footer([0], 1 << 30)],
  ['with a number that never ends', footer([0x15, ...Array(100_000).fill(0x80)])],
  ['with a list of two billion elements', footer([0x29, 0xfc, 0xff, 0xff, 0xff, 0x0f])],
  ['with structures nested without an end', footer(Array(100_000).fill(0x1c))],
  ['without content', footer([0])],
])('a Parquet footer %s is refused', async (_, bytes) => {
  expect(await ending(bytes)).toMatch(/^reading a\.parquet: expected a complete Parquet file, found /);
});

test('a Parquet footer that exceeds the memory budget is refused with both sizes', async () => {
  const bytes = footer(Array(2_000_000).fill(0));
  expect(await ending(bytes)).toMatch(
    /expected a footer of at most 504 KiB, .*found a footer of 1\.9 MiB\. Raise --memory-limit/,
  );
});

test('a Parquet file with an encrypted footer is reported as encrypted', async () => {
  const file = Buffer.from(files[0]!);
  file.write('PARE', file.length - 4);
  expect(await ending(file)).toContain('not encrypted');
});

const caseFile = (name: string): Promise<Buffer> =>
  readFile(new URL(`../../../fixtures/cases/${name}.parquet`, import.meta.url));

test.each([
  ['hang', 'a page header whose counts are lists', /damage after row 0 .*num_values/],
  ['crash-in', 'a footer whose logical type is a boolean', /a damaged footer \(field schema\.\d+\.logical_type/],
])('the Parquet file %s, with %s, ends with an input error that names the field', async (name, _, message) => {
  expect(await ending(await caseFile(name))).toMatch(message);
});

test('a Parquet file with any type byte of its footer and page headers changed ends with an input error or is read', async () => {
  const file = await caseFile('hang');
  const every = isSoak ? 3 : 18;
  const ends = { read: 0, refused: 0 };
  for (let at = 4; at < file.length - 8; at++) {
    for (const type of [0, 1, 3, 5, 6, 8, 9, 12]) {
      if ((at + type) % every !== 0) continue;
      const bytes = Buffer.from(file);
      bytes[at] = (bytes[at]! & 0xf0) | type;
      if ((await ending(bytes)) === 'read') ends.read += 1;
      else ends.refused += 1;
    }
  }
  expect(ends.refused).toBeGreaterThan(900 / every);
});

test('decimals with 1,000 places are read in full, also in rows that are too long', async () => {
  const path = join(folder, 'decimals.parquet');
  const text = "repeat('x', (i * 7919 % 1500)::INTEGER) AS s, (i % 10000)::DECIMAL(9, 2) AS d, i / 7 AS x";
  await writeParquet(path, `SELECT i::BIGINT AS time, ${text} FROM range(5000) t(i)`, 'COMPRESSION snappy');
  // In Thrift's compact protocol: the fields scale (2, now 1000) and precision (9).
  const file = withFooter(await readFile(path), '\x15\x04\x15\x12', '\x15\xd0\x0f\x15\x12');
  const { points, rejects } = await readBytes(file, { options: { maxPointBytes: 2000 } });
  expect(Math.min(points.length, rejects.length)).toBeGreaterThan(1000);
  const parts = rejects.map(({ source }) => source).join('');
  const rows = [...points.map(({ source }) => source), ...parts.split(/(?<=\})(?=\{)/)];
  const found = rows.map((row) => JSON.parse(row) as { time: number; s: string; x: number });
  const expected = Array.from({ length: 5000 }, (_, i) => [i, (i * 7919) % 1500, i / 7]);
  expect(found.map(({ time, s, x }) => [time, s.length, x]).sort(([a], [b]) => a! - b!)).toEqual(expected);
  expect(rows.every((row) => /"d":\d+\.\d{1000},/.test(row))).toBe(true);
});

/** Replaces a text in the footer of a file. */
function withFooter(file: Buffer, from: string, to: string): Buffer {
  const end = file.length - 8;
  const start = end - file.readUInt32LE(end);
  const footer = Buffer.from(file.subarray(start, end).toString('latin1').replaceAll(from, to), 'latin1');
  const size = Buffer.alloc(4);
  size.writeUInt32LE(footer.length);
  return Buffer.concat([file.subarray(0, start), footer, size, file.subarray(-4)]);
}
