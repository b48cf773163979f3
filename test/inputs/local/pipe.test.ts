import { execFileSync } from 'node:child_process';
import { closeSync, constants, createWriteStream, openSync, readSync, writeSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ByteSource } from '../../../src/core/types/index.js';
import { openDescriptor } from '../../../src/inputs/open.js';
import { type Folder, folder, never } from '../support.js';

const lines = Buffer.from(Array.from({ length: 30_000 }, (_, i) => `m,t=a f=${i} ${i}\n`).join(''));

let temp: Folder;
beforeAll(() => {
  temp = folder();
});
afterAll(() => {
  temp.remove();
});

/** Both ends of a pipe. */
function pipe(name: string): { reader: number; writer: number } {
  const path = temp.file(name, '').concat('.pipe');
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return { reader, writer: openSync(path, 'w') };
}

/** What each read gave, up to the end. */
async function reads(source: ByteSource, most: number): Promise<Buffer[]> {
  const parts: Buffer[] = [];
  for (;;) {
    // Memory that another thread could see, as that of a scan.
    const into = new Uint8Array(new SharedArrayBuffer(most));
    const length = await source.read(into, never);
    if (length === 0) return parts;
    parts.push(Buffer.from(into.slice(0, length)));
  }
}

test.each([
  ['less than a piece', 1000],
  ['a piece', 65_536],
  ['more than is there', 1_048_576],
])('a pipe is read whole with reads of %s', async (_, most) => {
  const { reader, writer } = pipe(`all-${most}`);
  createWriteStream('', { fd: writer }).end(lines);
  const source = await openDescriptor(reader, '-', never);
  const parts = await reads(source, most);
  expect(Buffer.concat(parts).equals(lines)).toBe(true);
  expect(source.bytesRead).toBe(lines.length);
  await source.close();
});

test('pieces that are available already make one read', async () => {
  const { reader, writer } = pipe('together');
  writeSync(writer, lines.subarray(0, 60_000));
  const source = await openDescriptor(reader, '-', never);
  const into = new Uint8Array(1_048_576);
  let length = 0;
  while (length < 60_000) length += await source.read(into.subarray(length), never);
  writeSync(writer, lines.subarray(60_000, 60_010));
  expect(await source.read(into, never)).toBe(10);
  createWriteStream('', { fd: writer }).end(lines.subarray(60_010));
  const parts = await reads(source, 1_048_576);
  expect(Buffer.concat(parts).equals(lines.subarray(60_010))).toBe(true);
  await source.close();
});

test('a read of an idle pipe can be cancelled at once', async () => {
  const { reader, writer } = pipe('idle');
  writeSync(writer, 'm f=1 1\nm f=2 2\n');
  const source = await openDescriptor(reader, '-', never);
  const into = new Uint8Array(64);
  let given = 0;
  while (given < 16) given += await source.read(into, never);
  const stop = new AbortController();
  const waiting = source.read(into, stop.signal);
  stop.abort(new Error('stopped here'));
  await expect(waiting).rejects.toThrow('stopped here');
  await source.close();
  closeSync(writer);
});

test('an open file is read from its position and stays open', async () => {
  const file = openSync(temp.file('open.lp', 'first\nsecond\nthird\n'), 'r');
  readSync(file, new Uint8Array(6));
  const source = await openDescriptor(file, '-', never);
  expect(Buffer.concat(await reads(source, 8)).toString()).toBe('second\nthird\n');
  await source.close();
  expect(readSync(file, new Uint8Array(6))).toBe(0);
  closeSync(file);
});
