// The kernel for rows against its oracle: the same points, places, shapes, rejects and runs as the exact way alone.

import { expect, test } from 'vitest';
import { random } from '../kernel/oracle.js';
import { cases } from './inputs.js';
import { difference } from './oracle.js';

const ROWS = 12_000;
const seed = Number(process.env.ORACLE_SEED ?? 20_261_126);

test(`On ${ROWS} rows, every sixth mutated, in random chunks the kernel and the exact way agree`, {
  timeout: 120_000,
}, async () => {
  const next = random(seed);
  const all = cases();
  for (let rows = 0; rows < ROWS; rows += 30) {
    const { formats, input } = all[next(all.length)]!;
    const chunks = next(2) === 0 ? [] : Array.from({ length: next(20) }, () => 1 + next(300));
    expect(await difference(formats, input(next), chunks)).toBe(null);
  }
  const taken = all.map(({ formats }) => formats.taken());
  expect(Math.min(...taken)).toBeGreaterThan(0);
  expect(taken.reduce((sum, each) => sum + each)).toBeGreaterThan(ROWS / 10);
});
