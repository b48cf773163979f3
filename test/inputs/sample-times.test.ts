import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expand } from '../../src/inputs/expand.js';
import { sampleTimes, type TimeSample } from '../../src/inputs/sample-times.js';
import { remote } from '../support/servers/remote.js';

let folder: string;
const stdin = { isTTY: false, isPipeOrFile: false, stream: () => process.stdin };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulk-load-times-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function sample(files: Record<string, string | Uint8Array>, names = Object.keys(files)): Promise<TimeSample> {
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  const { inputs } = await expand(names, { stdin, cwd: folder, stateDir: 'state', remote });
  return sampleTimes(inputs, new AbortController().signal);
}

const many = (from: number, count: number): string =>
  Array.from({ length: count }, (_, i) => `m,tag=value field=${i} ${from + i}\n`).join('');

/** First and last time of all spans. */
const ends = ({ spans }: TimeSample) => [spans[0]?.first, spans.at(-1)?.last];

test('the ends of a plain file suffice, also of a large one in any order', async () => {
  const text = many(5000, 20_000);
  const large = await sample({ 'a.lp': text });
  expect(large).toMatchObject({ unseen: 0, totalBytes: text.length });
  expect(ends(large)).toEqual([5000n, 24_999n]);
  expect(large.spans).toHaveLength(256);
  expect(large.spans.some(({ first, last }) => first < 7000n && last > 23_000n)).toBe(true);
  const spans = [-3n, 4n, 9n].map((time) => ({ first: time, last: time }));
  expect(await sample({ 'b.lp': 'm f=1 9\nm f=1 -3\nm f=1 4' })).toMatchObject({ spans });
});

test('a single odd time does not widen the span of the others', async () => {
  const { spans } = await sample({ 'o.lp': `m f=1 0\n${many(900_000, 20_000)}` });
  expect(spans[0]).toEqual({ first: 0n, last: 0n });
  expect(spans[1]!.first).toBeGreaterThanOrEqual(900_000n);
});

test('only the beginning of a compressed file is sampled', async () => {
  const text = many(0, 20_000);
  const part = await sample({ 'c.lp.gz': gzipSync(text) });
  expect(part).toMatchObject({ unseen: 1, totalBytes: null });
  const [first, last] = ends(part);
  expect(first).toBe(0n);
  expect(last).toBeLessThan(5000n);
});

test('inputs without timestamps, unreadable and empty ones do not stop the sampling', async () => {
  expect(await sample({ 'd.lp': 'm f=1\nm s="a 12"\n', 'e.lp': '' })).toMatchObject({
    spans: [],
    unseen: 0,
  });
  expect(await sample({ 'f.lp.gz': Buffer.from([31, 139, 8, 0, 1, 2, 3]) })).toMatchObject({ unseen: 1 });
});

test('standard input is never opened', async () => {
  const input = {
    name: '-',
    path: null,
    size: null,
    open: () => Promise.reject(new Error('not to be opened')),
  };
  const signal = new AbortController().signal;
  expect(await sampleTimes([input], signal)).toEqual({ spans: [], unseen: 1, totalBytes: null });
});

test('of many inputs the first and the last are sampled, and the others are counted', async () => {
  const files = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`n${1000 + i}.lp`, `m f=1 ${i}\n`]));
  const some = await sample(files);
  expect(some.unseen).toBe(36);
  expect(ends(some)).toEqual([0n, 99n]);
  expect(some.spans).toContainEqual({ first: 31n, last: 68n });
});

test('the width of a table is estimated from lines all over a plain file', async () => {
  const field = (k: number): string =>
    Array.from({ length: 2000 }, (_, i) => `sensors,host=a field_${k}=${i}.5 ${i}\n`).join('');
  const { rows } = await sample({ 'fields.lp': Array.from({ length: 50 }, (_, k) => field(k)).join('') });
  const width = rows!.slots / rows!.points;
  expect(width).toBeGreaterThan(20);
  expect(width).toBeLessThan(150);
  const dense = await sample({ 'dense.lp': `# c\n${'m,t=a x=1,y=2,z=3 5\nn y=1 5\n'.repeat(9000)}not a line\n` });
  const { points, slots, bytes } = dense.rows!;
  expect(slots / points).toBeGreaterThanOrEqual(1);
  expect(slots / points).toBeLessThanOrEqual(3);
  expect(bytes / points).toBeLessThan(24);
  expect((await sample({ 'none.lp.gz': gzipSync('m f=1 1\n') })).rows).toBeUndefined();
});

test('the series of lines at both ends of a plain file are counted', async () => {
  const of = (series: number): string =>
    Array.from({ length: 40_000 }, (_, i) => `cpu,host=h\\ ${i % series},dc=a usage=${i} ${i}\n`).join('');
  const many = await sample({ 'many.lp': of(39_999) });
  expect(many.rows!.series).toBeGreaterThan(3_000);
  const few = await sample({ 'few.lp': of(50) });
  // The first line of the end is cut.
  expect(few.rows!.series).toBeGreaterThanOrEqual(50);
  expect(few.rows!.series).toBeLessThan(55);
});

test.each(['m f="', 'm f="a\\', 'm,t', 'm f="a" "', '"', 'm f=1,', 'm,=', ',', '\\'])(
  'the lines %s, which no target takes, do not stop the sampling',
  async (line) => {
    const { spans } = await sample({ 'a.lp': `${line}\n`.repeat(3000), 'b.lp': 'm f=1 9\n' });
    expect(spans).toHaveLength(1);
  },
);
