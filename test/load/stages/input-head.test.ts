import { expect, test } from 'vitest';
import { resolve } from '../../../src/config/resolve.js';
import type { ByteSource, Input } from '../../../src/core/types/index.js';
import { FormatSet } from '../../../src/formats/format-set.js';
import { RowSampler } from '../../../src/inputs/sample-rows.js';
import { withHeads } from '../../../src/inputs/sample-times.js';
import { options } from '../../../src/load/option-table.js';
import { headBytes, parseHead } from '../../../src/load/stages/input-head.js';

test('the end of an input is not looked for in the bytes of earlier reads', async () => {
  const { settings } = await resolve(options, { flags: { db: 'db', maxPointBytes: '4MiB' }, env: {} });
  let given = 0;
  const source: ByteSource = {
    ...{ compression: 'none', bytesRead: 0, close: () => Promise.resolve() },
    read: (into) => {
      const read = given < headBytes ? into.length : 0;
      // One line without an end, in a buffer with line ends behind what was read.
      into.fill('x'.charCodeAt(0), 0, read).fill(10, read);
      given += read;
      return Promise.resolve(read);
    },
  };
  const head = await parseHead(
    { name: 'a.lp', path: null, size: null, open: () => Promise.resolve(source) },
    {
      ...{ formats: new FormatSet(settings), options: settings, match: null, sampler: null },
      signal: new AbortController().signal,
    },
  );
  expect([head.bytes, head.whole]).toEqual([given, true]);
});

/** Parses the head of two megabytes of equal lines with a string of this length. */
async function headOfLines(length: number): ReturnType<typeof parseHead> {
  const { settings } = await resolve(options, { flags: { db: 'db' }, env: {} });
  const text = Buffer.alloc(2 * headBytes, `m s="${'x'.repeat(length)}" 1640995200000000000\n`);
  const source = sourceOf(text, 64 * 1024);
  const input: Input = { name: 'a.lp', path: null, size: text.length, open: () => Promise.resolve(source) };
  const signal = new AbortController().signal;
  const context = { formats: new FormatSet(settings), options: settings, match: null, sampler: null, signal };
  return await parseHead(input, context);
}

test('the head of an input is its first megabyte', async () => {
  expect(await headOfLines(997)).toMatchObject({ bytes: 2 ** 20, points: 1024, whole: false });
});

test('a head ends after a complete line, so that no point is cut', async () => {
  const head = await headOfLines(1000);
  expect(head.rejects).toEqual({});
  expect(head.bytes % 1027).toBe(0);
});

test.each([
  ['with missing timestamps', 'm f=1\nm f=2 1640995200000000000\nm f=3 1640995200000000001\nm f=4\n', [0n, 1n]],
  ['without any timestamp', 'm f=1\nm f=2\n', null],
])('the times of a head %s', async (_, text, expected) => {
  const { settings } = await resolve(options, { flags: { db: 'db', missingTimestamp: 'now' }, env: {} });
  const source = sourceOf(Buffer.from(text));
  const input: Input = { name: 'a.lp', path: null, size: text.length, open: () => Promise.resolve(source) };
  const signal = new AbortController().signal;
  const context = { formats: new FormatSet(settings), options: settings, match: null, sampler: null, signal };
  const { time, rejects } = await parseHead(input, context);
  expect(rejects).toEqual({});
  expect(time && [time.first, time.last].map((each) => each - 1_640_995_200_000_000_000n)).toEqual(expected);
});

test('a sample of the rows of a table knows their fields, their series, their times and their bytes as line protocol', async () => {
  const flags = { db: 'db', tags: 'host', measurement: 'm', timeColumn: 'time', precision: 's' };
  const { settings } = await resolve(options, { flags, env: {} });
  const rows = Array.from({ length: 100 }, (_, i) => `${1_640_995_200 + i * 86_400},h${i % 20},1.5,${i}.5,true\n`);
  const text = Buffer.from(`time,host,a,b,c\n${rows.join('')}`);
  const input: Input = {
    name: 'a.csv',
    path: null,
    size: text.length * 10,
    open: () => Promise.resolve(sourceOf(text)),
  };
  const sampler = new RowSampler();
  const signal = new AbortController().signal;
  await parseHead(input, { formats: new FormatSet(settings), options: settings, match: null, sampler, signal });
  const extent = withHeads({ spans: [], unseen: 1, totalBytes: null }, sampler, [input]);
  expect(extent.rows).toMatchObject({ series: 20, slots: 3 * extent.rows!.points });
  expect(extent.spans[0]).toEqual({ first: 1_640_995_200n, last: 1_640_995_200n });
  expect(extent.spans.length).toBeGreaterThanOrEqual(8);
  // As a line: m,host=h1 a=1.5,b=1.5,c=true 1640995200
  const line = 'm,host=h11 a=1.5,b=11.5,c=true 1640995200\n'.length;
  expect(extent.totalBytes! / (1000 * line)).toBeGreaterThan(0.9);
  expect(extent.totalBytes! / (1000 * line)).toBeLessThan(1.1);
});

function sourceOf(text: Uint8Array, maxRead = Number.POSITIVE_INFINITY): ByteSource {
  let at = 0;
  return {
    ...{ compression: 'none', bytesRead: 0, close: () => Promise.resolve() },
    read: (into) => {
      const part = text.subarray(at, at + Math.min(into.length, maxRead));
      into.set(part);
      at += part.length;
      return Promise.resolve(part.length);
    },
  };
}
