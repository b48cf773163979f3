import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

const program = new URL('../../../bin/bulk-load.js', import.meta.url).pathname;

/** Runs Node with at most 3 GB of addresses. */
function confined(args: readonly string[]): Promise<{ code: number | null; stderr: string }> {
  return new Promise((resolve) => {
    const words = ['-c', 'ulimit -v 3000000; exec "$0" "$@"', process.execPath, ...args];
    const child = execFile('bash', words, (_, __, stderr) => resolve({ code: child.exitCode, stderr }));
  });
}

test.each([
  ['of line protocol', ['--dry-run=-'], 'a.lp'],
  ['of a zstd file', ['--dry-run=-'], 'a.lp.zst'],
  ['over HTTP', ['--url', 'http://127.0.0.1:9', '--db', 'db'], 'a.lp'],
])(
  'a load %s without addresses for WebAssembly ends with exit code 6 and names what helps',
  { timeout: 60_000 },
  async (_, options, name) => {
    const folder = await mkdtemp(join(tmpdir(), 'bulk-load-addresses-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const input = join(folder, name);
    const point = Buffer.from('m f=1 1640995200000000000\n');
    // A zstd frame of one raw block.
    const frame = Buffer.concat([Buffer.from('28b52ffd0058', 'hex'), Buffer.of((point.length << 3) | 1, 0, 0), point]);
    await writeFile(input, name.endsWith('.zst') ? frame : point);
    const state = ['--state-dir', join(folder, 'state'), '--progress', 'none'];
    const { code, stderr } = await confined([program, ...options, ...state, input]);
    expect(stderr).toMatch(/llocating the memory of the parser/);
    expect(stderr).toMatch(/aise `ulimit -v`, or set NODE_OPTIONS=/);
    expect(code).toBe(6);
  },
);
