// The short form of what `npm run soak` does at full size: bombs, long lines, many columns, tables and files, and servers
// with bad responses, each a run of the program inside its memory limit.

import { expect, test } from 'vitest';
import { isSoak } from '../../support/effort.js';
import { run } from '../../support/programs/process.js';

/** Every test run takes a bomb, many columns and a server; CI and the soak take all 17 cases. */
const asked = isSoak
  ? { count: 17, only: [] }
  : {
      count: 3,
      only: ['a zstd bomb', '300,000', 'never ends'],
    };

test('no input and no server makes a load take more memory than its limit', { timeout: 300_000 }, async () => {
  const args = ['--size', '0.004', '--at-once', '3', ...asked.only.flatMap((words) => ['--only', words])];
  const { code, stdout } = await run(args, { script: 'test/soak/adversarial.js' });
  expect(stdout.split('\n').filter((row) => row.endsWith('FAILED'))).toEqual([]);
  expect(stdout.split('\n').filter((row) => row.endsWith('ok'))).toHaveLength(asked.count);
  expect(code).toBe(0);
});
