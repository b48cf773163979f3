import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { reexecWithMallocTuning } from '../../src/cli/malloc-reexec.js';
import type { Process } from '../../src/cli/process.js';

type Call = readonly [string, readonly string[], NodeJS.ProcessEnv];

/** What would take the place of such a process; null: nothing. */
function replaced(change: Partial<Process>, inputs: readonly string[] = []): Call | null {
  let call: Call | null = null;
  const process = {
    argv: ['/n/node', '/b/bulk-load.js', '--db', 'x', 'a b.lp'],
    env: { HOME: '/h' },
    platform: 'linux',
    execPath: '/n/node',
    execArgv: ['--enable-source-maps'],
    execve: ((...words: Call) => {
      call = words;
    }) as unknown as Process['execve'],
    on: () => {},
    ...change,
  } as Process;
  reexecWithMallocTuning(process, inputs);
  return call;
}

test('the same words are run again, with an allocator that gives memory back', () => {
  expect(replaced({})).toEqual([
    '/n/node',
    ['/n/node', '--max-semi-space-size=2', '--enable-source-maps', '/b/bulk-load.js', '--db', 'x', 'a b.lp'],
    { HOME: '/h', MALLOC_MMAP_THRESHOLD_: '131072', MALLOC_ARENA_MAX: '1' },
  ]);
});

test.each<[string, Partial<Process>]>([
  ['a Node that cannot', { execve: undefined }],
  ['another system', { platform: 'darwin' }],
  ['settings of its own, which also marks the second start', { env: { MALLOC_MMAP_THRESHOLD_: '65536' } }],
  ['a command line near the most that the kernel takes', { argv: ['node', 'x', 'a'.repeat(2 ** 20)] }],
])('it goes on as it is with %s', (_, change) => {
  expect(replaced(change)).toBeNull();
});

test('it goes on as it is where replacing is forbidden', () => {
  const execve = () => {
    throw new Error('ERR_ACCESS_DENIED');
  };
  expect(() => replaced({ execve })).not.toThrow();
});

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'frugal-'));
  writeFileSync(join(folder, 'small.lp'), 'm f=1 1\n');
  writeFileSync(join(folder, 'large.lp'), '');
  truncateSync(join(folder, 'large.lp'), 5 * 1024 * 1024);
});
afterAll(() => rmSync(folder, { recursive: true }));

test.each<[string, string[], boolean]>([
  ['a few small files', ['small.lp', 'small.lp'], false],
  ['a large one among them', ['small.lp', 'large.lp'], true],
  ['a directory', ['.'], true],
  ['what is not there as it is typed, such as a pattern', ['*.lp'], true],
  ['very many', Array.from({ length: 65 }, () => 'small.lp'), true],
  ['standard input', [], true],
])('starting twice for %s', (_, names, twice) => {
  expect(
    replaced(
      {},
      names.map((name) => join(folder, name)),
    ) !== null,
  ).toBe(twice);
});
