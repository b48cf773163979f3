// The kernel against its oracle: the same points, places, shapes and rejects as the exact check alone.

import { expect, test } from 'vitest';
import { casesOf } from '../../support/effort.js';
import { mutatedInput, pair, random } from './oracle.js';

const MUTATIONS = casesOf(200_000, 10_000);
const seed = Number(process.env.ORACLE_SEED ?? 20_260_901);

test(`the kernel and the exact check agree on ${MUTATIONS} mutated points in random chunks`, {
  timeout: 120_000,
}, async () => {
  const next = random(seed);
  const agreeing = [
    pair({}),
    pair({ missingTimestamp: 'now', indexPoints: 5 }),
    pair({ precision: 'ms', maxPointBytes: 150, chunkBytes: 333 }),
    pair({ maxShapes: 8 }),
    pair({ chunkBytes: 40_000 }),
  ];
  const disagreements: string[] = [];
  for (let mutations = 0; mutations < MUTATIONS; ) {
    const parts = Array.from({ length: 1 + next(8) }, () => mutatedInput(next));
    const input = Buffer.concat(parts.map((part) => part.input));
    mutations += parts.reduce((sum, part) => sum + part.mutations, 0);
    const chunks = next(2) === 0 ? [] : Array.from({ length: next(20) }, () => 1 + next(500));
    if (!(await agreeing[next(agreeing.length)]!(input, chunks))) disagreements.push(input.toString('latin1'));
  }
  expect(disagreements).toEqual([]);
});
