import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { limitV8, reexecWithMallocTuning } from '../../src/cli/malloc-reexec.js';
import type { Process } from '../../src/cli/process.js';

type Call = readonly [string, readonly string[], NodeJS.ProcessEnv];

/** Returns the call that replaces such a process; null without one. */
function replaced(change: Partial<Process>, inputs: readonly string[] = [], flags: string[] = []): Call | null {
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
  limitV8(process, inputs, undefined, (flag) => flags.push(flag));
  return call;
}

test('the same command runs again with other malloc settings, and with the debugger signal disabled', () => {
  expect(replaced({})).toEqual([
    '/n/node',
    [
      '/n/node',
      '--max-semi-space-size=2',
      '--disable-sigusr1',
      '--enable-source-maps',
      '/b/bulk-load.js',
      '--db',
      'x',
      'a b.lp',
    ],
    { HOME: '/h', MALLOC_MMAP_THRESHOLD_: '131072', MALLOC_ARENA_MAX: '1' },
  ]);
});

test.each<[string, Partial<Process>]>([
  ['a Node without execve', { execve: undefined }],
  ['another operating system', { platform: 'darwin' }],
  ['malloc settings of the user, which also mark the second start', { env: { MALLOC_MMAP_THRESHOLD_: '65536' } }],
  ['a command line near the limit of the kernel', { argv: ['node', 'x', 'a'.repeat(2 ** 20)] }],
])('the process continues without a restart with %s', (_, change) => {
  expect(replaced(change)).toBeNull();
});

test('the process continues when execve is forbidden', () => {
  const execve = () => {
    throw new Error('ERR_ACCESS_DENIED');
  };
  expect(() => replaced({ execve })).not.toThrow();
});

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'malloc-'));
  writeFileSync(join(folder, 'small.lp'), 'm f=1 1\n');
  writeFileSync(join(folder, 'large.lp'), '');
  truncateSync(join(folder, 'large.lp'), 5 * 1024 * 1024);
});
afterAll(() => rmSync(folder, { recursive: true }));

test.each<[string, string[], boolean]>([
  ['a few small files', ['small.lp', 'small.lp'], false],
  ['a large one among them', ['small.lp', 'large.lp'], true],
  ['a directory', ['.'], true],
  ['a pattern', ['*.lp'], true],
  ['many small files', Array.from({ length: 65 }, () => 'small.lp'), true],
  ['standard input', [], true],
  ['a missing file', ['small.lp', 'none.lp'], true],
])('a load of %s restarts, or it does without the optimising compiler', (_, names, twice) => {
  const inputs = names.map((name) => join(folder, name));
  const flags: string[] = [];
  expect(replaced({}, inputs, flags) !== null).toBe(twice);
  expect(flags[0]).toBe(twice ? '--semi-space-growth-factor=1' : '--liftoff-only');
  expect(replaced({ execve: undefined }, inputs, flags)).toBeNull();
});

test.each<[string, string, readonly string[], string[]]>([
  ['a small load that compiles code', 'small.lp', [], []],
  [
    'a restarted load of a large file',
    'large.lp',
    ['--max-semi-space-size=2'],
    ['kept', '--semi-space-growth-factor=1', '--heap-growing-percent=20', '--no-wasm-loop-unrolling'],
  ],
  ['a load of a large file in the first process', 'large.lp', [], ['--semi-space-growth-factor=1']],
])('%s keeps compiled code only before flags of V8 change', (_, name, execArgv, expected) => {
  const seen: string[] = [];
  const code = { isNew: () => true, keep: () => seen.push('kept') };
  const process = { execArgv, on: () => {} } as unknown as Process;
  limitV8(process, [join(folder, name)], code, (flag) => seen.push(flag));
  expect(seen.slice(0, expected.length || 1)).toEqual(expected);
});

test('a load of a small file gets its optimising compiler back once it takes longer', () => {
  vi.useFakeTimers();
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const flags: string[] = [];
  limitV8({ on: () => {} } as unknown as Process, [join(folder, 'small.lp')], undefined, (flag) => flags.push(flag));
  expect(flags).toContain('--no-opt');
  expect(flags).not.toContain('--opt');
  vi.advanceTimersByTime(500);
  expect(flags.at(-1)).toBe('--opt');
});
