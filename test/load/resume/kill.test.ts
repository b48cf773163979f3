// The short form of `npm run soak`: some kills of the loader and of the server, and every point is stored once.

import { expect, test } from 'vitest';
import { casesOf } from '../../support/effort.js';
import { run } from '../../support/programs/process.js';

/** CI and the soak take twelve. */
const kills = casesOf(12, 1);

test('killed at any moment and run again, a load is exact', { timeout: 150_000 }, async () => {
  const args = ['--kills', String(kills), '--seed', '6', '--each', '6', '--points', '6000', '--longest', '700'];
  const { code, stdout } = await run(args, { script: 'test/soak/kill.js' });
  expect(stdout).toContain(`${kills}/${kills} kills exact`);
  expect(code).toBe(0);
});
