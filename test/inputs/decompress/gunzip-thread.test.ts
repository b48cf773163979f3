import { truncateSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { InputError } from '../../../src/core/errors.js';
import type { ByteSource, FileBytes } from '../../../src/core/types/index.js';
import { chunkBytes, fileForThread, GunzipThread } from '../../../src/inputs/decompress/gunzip-thread.js';
import type { SharedFile } from '../../../src/inputs/local/file.js';
import type { RawSource } from '../../../src/inputs/local/raw-source.js';
import { openPath } from '../../../src/inputs/open.js';
import { drain, type Folder, folder, never, text } from '../support.js';

let temp: Folder;
beforeAll(() => {
  temp = folder();
});
afterAll(() => {
  temp.remove();
});

const long = text.repeat(300);

/** Opens a file on a thread, whatever its size. The open file is read by its descriptor only. */
async function onThread(path: string): Promise<ByteSource> {
  const raw = (await openPath(path, path, never)) as RawSource;
  return new GunzipThread(raw, raw.file as FileBytes & SharedFile, path);
}

/** Reads to the end or the error, pieces of `size` bytes. */
async function partial(source: ByteSource, size: number, isShared = false): Promise<[string, unknown, unknown]> {
  const parts: Buffer[] = [];
  let failure: unknown = null;
  for (let count = 1; count > 0; ) {
    const into = isShared ? new Uint8Array(new SharedArrayBuffer(size + 8), 8) : Buffer.alloc(size);
    count = await source.read(into, never).catch((error: unknown) => {
      failure = error instanceof InputError ? error.message : error;
      return 0;
    });
    parts.push(Buffer.from(into.subarray(0, count)));
  }
  const end = [source.bytesRead, source.file?.checksum?.state];
  await source.close();
  return [Buffer.concat(parts).toString(), failure, end];
}

test.each([
  ['whole', gzipSync(long, { level: 1 })],
  ['of several members', Buffer.concat([gzipSync(long), gzipSync(text), gzipSync(long)])],
  ['cut', gzipSync(long).subarray(0, -2000)],
  ['damaged', gzipSync(long, { level: 1 }).fill(0xff, 150_000, 150_064)],
])('a thread decodes gzip that is %s to the same bytes, totals, checksum and error', async (name, content) => {
  expect(long.length).toBeGreaterThan(8 * chunkBytes);
  const path = temp.file(name, Buffer.concat([content, Buffer.alloc(300_000)]));
  const expected = await partial(await openPath(path, path, never), 100_000);
  expect(await partial(await onThread(path), 100_000)).toEqual(expected);
  expect(await partial(await onThread(path), 2 ** 20)).toEqual(expected);
  expect(await partial(await onThread(path), 2 ** 20, true)).toEqual(expected);
});

test('the thread fills shared memory as far as the input reaches, and returns 0 from then on', async () => {
  const path = temp.file('shared', Buffer.concat([gzipSync(long), Buffer.alloc(300_000)]));
  const source = await onThread(path);
  const size = 3 * chunkBytes;
  const into = new Uint8Array(new SharedArrayBuffer(size));
  const counts: number[] = [];
  for (let i = 0; i < long.length / size + 2; i += 1) counts.push(await source.read(into, never));
  expect(counts.slice(0, -2)).toEqual([...Array(Math.floor(long.length / size)).fill(size), long.length % size]);
  expect(counts.slice(-2)).toEqual([0, 0]);
  await source.close();
});

test('a gzip file that shrinks while a thread decodes it is an error', async () => {
  const path = temp.file('shrunk', Buffer.concat([gzipSync(text), Buffer.alloc(400_000)]));
  const source = await onThread(path);
  truncateSync(path, 1000);
  await expect(drain(source)).rejects.toThrow('changed while it was read (1000 bytes)');
});

test('a source whose thread decodes ends its reads when it is aborted or closed', async () => {
  const path = temp.file('aborted', Buffer.concat([gzipSync(long), Buffer.alloc(300_000)]));
  const source = await onThread(path);
  const stop = new AbortController();
  const reading = source.read(Buffer.alloc(100), stop.signal);
  stop.abort(new Error('stopped'));
  await expect(reading).rejects.toThrow('stopped');
  expect(await source.read(Buffer.alloc(100), never)).toBe(100);
  await source.close();
});

test('only large local files get a thread', async () => {
  const path = temp.file('small', Buffer.concat([gzipSync(text), Buffer.alloc(400_000)]));
  const source = (await openPath(path, path, never)) as RawSource;
  expect(fileForThread(source)).toBeNull();
  const large = { ...source.file!, size: 2 ** 26 };
  expect(fileForThread({ ...source, file: large } as RawSource)).toBe(large);
  const { descriptor: _, ...remote } = large;
  expect(fileForThread({ ...source, file: remote } as RawSource)).toBeNull();
  await source.close();
});
