import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

const program = new URL('../../../bin/bulk-load.js', import.meta.url).pathname;

/** Runs Node with at most 1.5 GB of addresses. */
function confined(args: readonly string[]): Promise<{ code: number | null; stderr: string }> {
  return new Promise((resolve) => {
    const words = ['-c', 'ulimit -v 1500000; exec "$0" "$@"', process.execPath, ...args];
    const child = execFile('bash', words, (_, __, stderr) => resolve({ code: child.exitCode, stderr }));
  });
}

test('a load without addresses for WebAssembly ends with exit code 6 and names what helps', {
  timeout: 60_000,
}, async ({ skip }) => {
  if ((await confined(['-e', '0'])).code !== 0) return skip('Node itself does not start with 1.5 GB of addresses');
  const folder = await mkdtemp(join(tmpdir(), 'bulk-load-addresses-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const input = join(folder, 'a.lp');
  await writeFile(input, 'm f=1 1640995200000000000\n');
  const args = [
    `--dry-run=${join(folder, 'out.lp')}`,
    '--state-dir',
    join(folder, 'state'),
    '--progress',
    'none',
    input,
  ];
  const { code, stderr } = await confined([program, ...args]);
  expect(stderr).toMatch(/Allocating the memory of the parser: .* Raise `ulimit -v`, or set NODE_OPTIONS=/);
  expect(code).toBe(6);
});
