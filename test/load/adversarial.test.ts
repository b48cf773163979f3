// The short form of what `npm run soak` does at full size: bombs, long lines, many columns, tables and files, and servers
// that answer badly, each a run of the program inside its memory limit.

import { expect, test } from 'vitest';
import { run } from '../support/process.js';

test('no input and no server makes a load take more memory than its limit', { timeout: 300_000 }, async () => {
  const { code, stdout } = await run(['--size', '0.004'], { script: 'test/soak/adversarial.js' });
  expect(stdout.split('\n').filter((row) => row.endsWith('FAILED'))).toEqual([]);
  expect(stdout.split('\n').filter((row) => row.endsWith('ok'))).toHaveLength(14);
  expect(code).toBe(0);
});
