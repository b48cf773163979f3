import { expect, test } from 'vitest';
import { PrefixChecksum } from '../../src/core/io/prefix-checksum.js';
import type { FileBytes } from '../../src/core/types/index.js';
import { compareFingerprint, completeChecksum, fingerprint } from '../../src/state/fingerprint.js';

const content = Buffer.from(Array.from({ length: 20_000 }, (_, i) => `m n=${100_000 + i}i ${i}\n`).join(''));
/** One digit in the middle differs. */
const corrected = Buffer.from(content);
corrected[content.length >> 1] ^= 1;

function file(bytes: Uint8Array, version: string): FileBytes & { checksum: PrefixChecksum } {
  return {
    size: bytes.length,
    version,
    checksum: new PrefixChecksum(),
    bytes: (from, to) => Promise.resolve(bytes.subarray(from, to)),
  };
}

/** A file that was read up to an offset. */
function read(bytes: Uint8Array, version: string, to = bytes.length): FileBytes {
  const source = file(bytes, version);
  source.checksum.start();
  for (let at = 0; at < to; at += 1000) source.checksum.add(at, bytes.subarray(at, Math.min(to, at + 1000)));
  return source;
}

test('a file of the same date is the same without being read', async () => {
  const known = await fingerprint(read(content, 'monday'), content.length);
  const reads: number[] = [];
  const again = file(content, 'monday');
  const bytes = (from: number, to: number): Promise<Uint8Array> => {
    reads.push(to - from);
    return again.bytes(from, to);
  };
  const counting = { ...again, bytes };
  expect(await compareFingerprint(counting, known)).toEqual({ kind: 'same', certain: true });
  expect(Math.max(...reads)).toBeLessThanOrEqual(16_384);
});

test('a touched file is the same, and a correction of the same size in its middle is a change', async () => {
  const known = await fingerprint(read(content, 'monday'), content.length);
  expect(await compareFingerprint(file(content, 'tuesday'), known)).toEqual({ kind: 'same', certain: true });
  expect((await compareFingerprint(file(corrected, 'tuesday'), known)).kind).toBe('changed');
});

test('a file of another date without a checksum is the same, but not for certain', async () => {
  const known = await fingerprint(file(content, 'monday'), content.length);
  expect(await compareFingerprint(file(corrected, 'tuesday'), known)).toEqual({ kind: 'same', certain: false });
  const { version: _version, content: _content, ...older } = known;
  expect(await compareFingerprint(file(content, 'monday'), older)).toEqual({ kind: 'same', certain: false });
});

test('the checksum of a file that was read in part covers that part, and the file may grow', async () => {
  const half = (content.length >> 1) + 5000;
  const known = await fingerprint(read(content, 'monday', half), half);
  expect(known.content?.to).toBe(half);
  const grown = Buffer.concat([content, Buffer.from('more')]);
  expect(await compareFingerprint(file(grown, 'tuesday'), known)).toEqual({ kind: 'grown', certain: true });
  expect((await compareFingerprint(file(corrected, 'tuesday'), known)).kind).toBe('changed');
});

test('a checksum resumes where an earlier run stopped, and a gap ends it', () => {
  const [whole, first, second] = [new PrefixChecksum(), new PrefixChecksum(), new PrefixChecksum()];
  whole.start();
  whole.add(0, content);
  first.start();
  first.add(0, content.subarray(0, 70_000));
  second.start(first.state!);
  second.add(50_000, content.subarray(50_000));
  expect(second.state).toEqual(whole.state);
  second.add(content.length + 1, content);
  expect(second.state).toBeNull();
});

test('the checksum of a file that was read at random is completed from the file', async () => {
  const [random, whole] = [file(content, 'monday'), read(content, 'monday')];
  await completeChecksum(random);
  expect(random.checksum.state).toEqual(whole.checksum?.state);
});

test('a file without a checksum whose last block differs is a change', async () => {
  const known = await fingerprint(file(content, 'monday'), content.length);
  const other = Buffer.from(content);
  other[content.length - 1] ^= 1;
  expect(await compareFingerprint(file(other, 'tuesday'), known)).toEqual({ kind: 'changed', certain: true });
});

test('a file that is read without a checksum is left without one', async () => {
  const { checksum: _, ...remote } = file(content, 'monday');
  await completeChecksum(remote);
  expect((await fingerprint(remote, content.length)).content).toBeNull();
});

test('the tail of a remote file may be a cached block within its first block', async () => {
  const small = content.subarray(0, 300);
  const remote = { ...file(small, 'monday'), near: () => ({ from: 100, to: 300 }) };
  const known = await fingerprint(remote, 300);
  expect(known.tail.hash).not.toBe(known.head.hash);
  expect((await compareFingerprint(remote, known)).kind).toBe('same');
});

test('a small file that was read in part is the same, and its tail is what was read', async () => {
  const small = content.subarray(0, 300);
  const known = await fingerprint(file(small, 'monday'), 100);
  expect(known.tail).toMatchObject({ from: 0, to: 100 });
  expect(known.tail.hash).not.toBe(known.head.hash);
  expect((await compareFingerprint(file(small, 'tuesday'), known)).kind).toBe('same');
});

test('a file that lost its end is a change, even after the place up to which it was read', async () => {
  const half = content.length >> 1;
  const known = await fingerprint(read(content, 'monday', half), half);
  expect((await compareFingerprint(file(content.subarray(0, half + 9), 'monday'), known)).kind).toBe('changed');
});
