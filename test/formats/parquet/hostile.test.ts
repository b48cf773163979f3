// Files that are cut short, damaged or made to do harm: an error in words, or other values, and never more than was allowed.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { InputError, UsageError } from '../../../src/core/errors.js';
import { writeParquet } from '../../support/parquet.js';
import { readBytes } from './support.js';

const room = { bytes: 32 * 1024 * 1024, limitFor: () => '1GiB' };
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

/** How reading ends: without an error, or with one that says what is wrong. */
async function ending(bytes: Uint8Array): Promise<string> {
  try {
    await readBytes(bytes, { room });
    return 'read';
  } catch (error) {
    if (error instanceof InputError || error instanceof UsageError) return error.message;
    throw error;
  }
}

test('a file that is cut short is refused wherever it was cut', async () => {
  for (const file of files) {
    for (let length = 0; length < file.length; length += 97) {
      expect(await ending(file.subarray(0, length))).toMatch(/^reading a\.parquet: expected a whole Parquet file/);
    }
  }
});

test('whatever bytes are changed, reading ends with an error in words or with other values', async () => {
  const random = randoms(7);
  const ends = { read: 0, refused: 0 };
  for (let round = 0; round < 400; round++) {
    const bytes = Buffer.from(files[round % files.length]!);
    // The footer is a small part of a file, and the part that says what the rest is.
    const from = round % 3 === 0 ? bytes.length - 2000 : 0;
    for (let i = random(4); i >= 0; i--) bytes[from + random(bytes.length - from)] = random(256);
    if ((await ending(bytes)) === 'read') ends.read += 1;
    else ends.refused += 1;
  }
  expect(ends.refused).toBeGreaterThan(100);
  expect(ends.read).toBeGreaterThan(30);
});

/** A file that is a footer and nothing else. */
function footer(bytes: readonly number[], said = bytes.length): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(said);
  return Buffer.concat([Buffer.from('PAR1'), Buffer.from(bytes), length, Buffer.from('PAR1')]);
}

test.each([
  ['longer than the file', footer([0], 1 << 30)],
  ['a number without an end', footer([0x15, ...Array(100_000).fill(0x80)])],
  ['a list of two billion', footer([0x29, 0xfc, 0xff, 0xff, 0xff, 0x0f])],
  ['structures without an end', footer(Array(100_000).fill(0x1c))],
  ['nothing', footer([0])],
])('a footer that is %s is refused at once', async (_, bytes) => {
  expect(await ending(bytes)).toMatch(/^reading a\.parquet: expected a whole Parquet file, got /);
});

test('a footer that would take more memory than there is is refused with the figures', async () => {
  const bytes = footer(Array(2_000_000).fill(0));
  expect(await ending(bytes)).toMatch(/expected a footer of at most \d+ bytes.* got 2000000; raise it/);
});

test('an encrypted file is called one', async () => {
  const file = Buffer.from(files[0]!);
  file.write('PARE', file.length - 4);
  expect(await ending(file)).toContain('not encrypted');
});
