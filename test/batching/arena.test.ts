import { expect, test } from 'vitest';
import { Arena, type Slot, slotBytes } from '../../src/batching/arena.js';

const sizes = { bodyBytes: 5000, sideBytes: 100, points: 10 };
const never = new AbortController().signal;

test('a slot lies in one memory of slot bytes, and its parts never overlap', async () => {
  const slot = await new Arena(3, sizes).take(never);
  const parts = [slot.index, slot.body, slot.side];
  const { buffer } = slot.body;
  expect(buffer.byteLength).toBe(slotBytes(sizes));
  expect(parts.every((part) => part.buffer === buffer)).toBe(true);
  const ends = parts.map((part) => part.byteOffset + part.byteLength);
  expect(ends[0]).toBeLessThanOrEqual(parts[1]!.byteOffset);
  expect(ends[1]).toBeLessThanOrEqual(parts[2]!.byteOffset);
  expect(slot).toMatchObject({ body: { length: 5000 }, side: { length: 100 }, index: { length: 50 } });
});

test('each part of a slot takes whole pages of 4 KiB', () => {
  // 1024 points with 20 bytes each fill 5 pages.
  expect(slotBytes({ points: 1024, bodyBytes: 4096, sideBytes: 4097 })).toBe((5 + 1 + 2) * 4096);
});

test('a slot is allocated on first use, and slots never share memory', async () => {
  const before = process.memoryUsage().arrayBuffers;
  const arena = new Arena(1024, { ...sizes, bodyBytes: 64 * 1024 * 1024 });
  expect(arena.free).toBe(1024);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 * 1024);
  const small = new Arena(2, sizes);
  const [one, other] = await Promise.all([small.take(never), small.take(never)]);
  expect(one.body.buffer).not.toBe(other.body.buffer);
  expect(small.free).toBe(0);
});

test('the slot that was given back last is handed out first, so few writers touch little memory', async () => {
  const arena = new Arena(3, sizes);
  const slot = await arena.take(never);
  arena.give(slot);
  expect(await arena.take(never)).toBe(slot);
});

test('the longest waiter gets the next slot', async () => {
  const arena = new Arena(1, sizes);
  const slot = await arena.take(never);
  const order: string[] = [];
  const taken = (name: string) => (got: Slot) => {
    order.push(name);
    arena.give(got);
  };
  const all = [arena.take(never).then(taken('first')), arena.take(never).then(taken('second'))];
  expect(order).toEqual([]);
  arena.give(slot);
  await Promise.all(all);
  expect(order).toEqual(['first', 'second']);
  expect(arena.free).toBe(1);
});

test('an abort ends only its own wait, and the next waiter gets the slot', async () => {
  const arena = new Arena(1, sizes);
  const slot = await arena.take(never);
  const stop = new AbortController();
  const given = arena.take(stop.signal).catch((error: unknown) => error);
  const patient = arena.take(never);
  stop.abort(new Error('stopped'));
  expect(await given).toBe(stop.signal.reason);
  arena.give(slot);
  expect(await patient).toBe(slot);
  expect(arena.free).toBe(0);
});

test('no slot is handed out after an abort, and a late abort changes nothing', async () => {
  const arena = new Arena(2, sizes);
  const stop = new AbortController();
  const slot = await arena.take(stop.signal);
  stop.abort(new Error('stopped'));
  await expect(arena.take(stop.signal)).rejects.toBe(stop.signal.reason);
  expect(arena.free).toBe(1);
  arena.give(slot);
  expect(arena.free).toBe(2);
});
