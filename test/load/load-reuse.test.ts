// Loads that follow one another in a process and use the same parsers and batches.

import { expect, test } from 'vitest';
import { Arena } from '../../src/batching/arena.js';
import { resolve } from '../../src/config/resolve.js';
import { FormatSet } from '../../src/formats/format-set.js';
import { LoadReuse } from '../../src/load/load-reuse.js';
import { options } from '../../src/load/option-table.js';

const { settings } = await resolve(options, { flags: { db: 'd' }, env: {} });
const plan = { bodyBytes: 4096, sideBytes: 4096, points: 10 };

test('a load leaves its parsers and batches to the next one of the same sizes, unless it fails', async () => {
  const reuse = new LoadReuse();
  const create = (): FormatSet => new FormatSet(settings);
  const first = [await reuse.formats('a', create), reuse.arena(2, plan)];
  await reuse.takeBack(true);
  expect([await reuse.formats('a', create), reuse.arena(2, plan)]).toEqual(first);
  expect(await reuse.formats('a', create)).toBe(first[0]);
  await reuse.takeBack(false);
  const second = await reuse.formats('a', create);
  expect(second).not.toBe(first[0]);
  expect(reuse.arena(2, plan)).not.toBe(first[1]);
  await reuse.takeBack(true);
  expect(await reuse.formats('b', create)).not.toBe(second);
});

test('batches that are still under way are not reused', async () => {
  const reuse = new LoadReuse();
  const arena = reuse.arena(1, plan);
  await arena.take(new AbortController().signal);
  await reuse.takeBack(true);
  const next = reuse.arena(1, plan);
  expect(next).toBeInstanceOf(Arena);
  expect(next).not.toBe(arena);
});
