import { expect, test } from 'vitest';
import { Arena, END, LINE_DELTA, OFFSET_DELTA, ORIGINAL, SIDE, SLOT_WORDS } from '../../src/batching/arena.js';
import { Entries } from '../../src/batching/batch-entries.js';
import { LENGTH, POINT_WORDS } from '../../src/core/types/index.js';
import { never } from './support.js';

const slotOf = async (text: string) => {
  const slot = await new Arena(1, { bodyBytes: 4096, sideBytes: 4096, points: 100 }).take(never);
  slot.body.set(Buffer.from(text));
  return slot;
};
/** The index of a run of points with these lengths. */
const run = (...lengths: number[]) => {
  const index = new Uint32Array(lengths.length * POINT_WORDS);
  for (const [i, length] of lengths.entries()) index[i * POINT_WORDS + LENGTH] = length;
  return index;
};
const told = (entries: Entries, i: number) => [
  entries.start(i),
  ...[END, SIDE, ORIGINAL, LINE_DELTA, OFFSET_DELTA].map((which) => entries.word(i, which)),
];

test('points added singly and in stretches have the same entries, in any order of reading', async () => {
  const body = 'm a=1 1\nm b=22 2\nm c="x\ny" 3\nm d=4 4\n';
  const lines = ['m a=1 1', 'm b=22 2', 'm c="x\ny" 3', 'm d=4 4'];
  const one = new Entries(await slotOf(body));
  let start = 0;
  for (const [i, line] of lines.entries()) {
    one.add(start + line.length + 1, 0, line.length, i + (i > 2 ? 1 : 0), 100 + start);
    start += line.length + 1;
  }
  const slot = await slotOf(body);
  const whole = new Entries(slot);
  whole.stretch(run(7, 8), 0, 0, 100);
  // Continues after it. Its last point has a line feed of its own, so that the next begins a stretch.
  whole.stretch(run(11), 17, 2, 117);
  whole.stretch(run(7), 29, 4, 129);
  const last = told(whole, 3);
  expect([0, 1, 2].map((i) => whole.word(i, END))).toEqual([8, 17, 29]);
  // The ends alone are entered so far, since each batch needs some of them.
  expect(slot.index.every((word, i) => i % SLOT_WORDS === END || word === 0)).toBe(true);
  expect(last).toEqual([29, 37, 0, 7, 4, 129]);
  for (const i of [0, 3, 2, 1]) expect(told(whole, i)).toEqual(told(one, i));
  expect(whole.all()).toEqual(one.all());
});

test('points may be added after entries were read', async () => {
  const entries = new Entries(await slotOf('m a=1 1\nm b=2 2\nm c=3 3\n'));
  entries.stretch(run(7), 0, 0, 0);
  expect(told(entries, 0)).toEqual([0, 8, 0, 7, 0, 0]);
  entries.add(16, 5, 3, 1, 8);
  entries.stretch(run(7), 16, 2, 16);
  expect([0, 1, 2].map((i) => told(entries, i))).toEqual([
    [0, 8, 0, 7, 0, 0],
    [8, 16, 5, 3, 1, 8],
    [16, 24, 0, 7, 2, 16],
  ]);
});
