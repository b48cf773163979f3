import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MAX_BODY } from '../../../../src/targets/http/encoding/assembly/deflate-memory.js';
import { DeflateThread, DeflateThreads } from '../../../../src/targets/http/encoding/deflate-thread.js';

let thread: DeflateThread;
beforeAll(async () => {
  thread = await new Promise((ready) => {
    const started = new DeflateThread(() => ready(started));
  });
});
afterAll(() => thread.close());

const output = new Uint8Array(256 * 1024);
/** Numbers from 0 to 1, the same in every run (mulberry32). */
function numbers(seed: number) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
const random = numbers(7);
const filled = (length: number, byte: () => number) => Uint8Array.from({ length }, byte);
/** Letters whose counts grow like Fibonacci's numbers: their best code would be longer than deflate allows. */
const steep = Array.from({ length: 24 }, (_, i) => Array<number>(Math.round(1.618 ** i)).fill(40 + i)).flat();
const words = ['m,host=a ', 'm,host=b ', 'usage=', 'aaaa', '1640995200000000000\n'];

const bodies: Record<string, (length: number) => Uint8Array> = {
  'one byte repeated': (length) => filled(length, () => 0x61),
  'a short period': (length) => Buffer.alloc(length, 'abc'),
  'random bytes': (length) => filled(length, () => random() * 256),
  // More matches than the list of a block holds.
  'three letters in any order': (length) => filled(length, () => (random() < 0.01 ? 7 : 97 + random() * 3)),
  'letters of very different counts': (length) => filled(length, () => steep[Math.floor(random() * steep.length)]!),
  'words between random bytes': (length) => {
    const parts = Array.from(
      { length: length / 4 },
      () => words[Math.floor(random() * 5)]! + Math.floor(random() * 900),
    );
    return Buffer.from(parts.join('')).subarray(0, length);
  },
};

test.each(Object.keys(bodies))(
  'a thread compresses %s into one gzip member that holds the same bytes',
  async (name) => {
    for (const length of [1, 2, 3, 4, 5, 16, 17, 100, 40_000, 65_535, 65_537, 131_073, 300_000, 530_000]) {
      const body = bodies[name]!(length);
      const bytes = await thread.compress(body, output);
      expect(gunzipSync(bytes).equals(body), `${length} bytes`).toBe(true);
      expect(bytes.length).toBeLessThan(1.05 * length + 320);
    }
  },
);

test('bytes that the start of a body lacks are compressed too, in at most 1.75 times their number', async () => {
  const letters = filled(65_536, () => 97 + random() * 16);
  const body = Buffer.concat([letters, filled(MAX_BODY - letters.length, () => 128 + random() * 128)]);
  const bytes = await thread.compress(body, output);
  expect(gunzipSync(bytes).equals(body)).toBe(true);
  expect(bytes.length).toBeGreaterThan(1.1 * MAX_BODY);
  const words = Buffer.concat([Buffer.alloc(100_000, 'm f=1 1\n'), bodies['words between random bytes']!(400_000)]);
  expect(gunzipSync(await thread.compress(words, output)).equals(words)).toBe(true);
});

test('the longest body fits, and its compressed bytes take new memory where the old does not suffice', async () => {
  const body = filled(MAX_BODY, () => random() * 256);
  const bytes = await thread.compress(body, output);
  expect(bytes.buffer).not.toBe(output.buffer);
  expect(gunzipSync(bytes).equals(body)).toBe(true);
  const short = await thread.compress(Buffer.alloc(MAX_BODY, 'm f=1 1\n'), output);
  expect(short.buffer).toBe(output.buffer);
  expect(short.length).toBeLessThan(MAX_BODY / 100);
});

test('threads start once a load has compressed 16 MiB, and take no body longer than their memory', async () => {
  const threads = new DeflateThreads(1);
  for (let i = 0; i < 15; i += 1) expect(threads.take(1 << 20)).toBeNull();
  let taken = threads.take(1 << 20);
  for (; taken === null; taken = threads.take(1)) await new Promise((resume) => setTimeout(resume, 5));
  expect(threads.take(1)).toBeNull();
  threads.give(taken);
  expect(threads.take(MAX_BODY + 1)).toBeNull();
  expect(threads.take(MAX_BODY)).toBe(taken);
  await threads.close();
});
