import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expand } from '../../src/inputs/expand.js';
import { sampleTimes, type TimeSample } from '../../src/inputs/sample-times.js';
import { remote } from '../support/remote.js';

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

test('the ends of a plain file suffice, also of a large one in any order', async () => {
  const text = many(5000, 20_000);
  expect(await sample({ 'a.lp': text })).toEqual({ first: 5000n, last: 24_999n, unseen: 0, totalBytes: text.length });
  expect(await sample({ 'b.lp': 'm f=1 9\nm f=1 -3\nm f=1 4' })).toMatchObject({ first: -3n, last: 9n });
});

test('only the beginning of a compressed file is sampled', async () => {
  const text = many(0, 20_000);
  const { first, last, unseen, totalBytes } = await sample({ 'c.lp.gz': gzipSync(text) });
  expect([first, unseen, totalBytes]).toEqual([0n, 1, null]);
  expect(last).toBeLessThan(5000n);
});

test('inputs without timestamps, unreadable and empty ones do not stop the sampling', async () => {
  expect(await sample({ 'd.lp': 'm f=1\nm s="a 12"\n', 'e.lp': '' })).toMatchObject({
    first: null,
    last: null,
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
  expect(await sampleTimes([input], signal)).toEqual({ first: null, last: null, unseen: 1, totalBytes: null });
});

test('of many inputs the first and the last are sampled, and the others are counted', async () => {
  const files = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`n${1000 + i}.lp`, `m f=1 ${i}\n`]));
  expect(await sample(files)).toMatchObject({ first: 0n, last: 99n, unseen: 36 });
});
