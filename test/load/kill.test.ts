// The short form of `npm run soak`: a dozen kills, of the loader and of the server, and everything is there once.

import { expect, test } from 'vitest';
import { run } from '../support/process.js';

test('killed at any moment and run again, a load is exact', { timeout: 150_000 }, async () => {
  const args = ['--kills', '12', '--seed', '6', '--each', '6', '--points', '6000', '--longest', '700'];
  const { code, stdout } = await run(args, { script: 'test/soak/kill.js' });
  expect(stdout).toContain('12/12 kills exact');
  expect(code).toBe(0);
});
