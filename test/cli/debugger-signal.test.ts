// SIGUSR1 must not open Node's debugger: any local user could then run code as the user of the load.

import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { start } from '../support/process.js';
import { until } from '../support/until.js';

const root = join(import.meta.dirname, '../..');
const hasProc = existsSync('/proc/self/status');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulk-load-signal-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Tells whether a process handles SIGUSR2, which it does once its first statement ran. */
function handlesStatusSignal(pid: number): boolean {
  const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
  return (BigInt(`0x${caught}`) >> 11n) % 2n === 1n;
}

const programs: readonly (readonly [string, string, readonly string[]])[] = [
  ['a load', 'bin/bulk-load.js', ['--dry-run', '-']],
  ['check', 'bin/bulk-load.js', ['check', '--dry-run', '-']],
  ['serve', 'bin/bulk-load.js', ['serve', '--listen', ':0']],
  ['load_cnosdb', 'bin/load_cnosdb.js', ['--do-load=false']],
];

test.runIf(hasProc).each(programs)(
  '%s survives SIGUSR1 and SIGUSR2, and opens no debugger',
  async (_, script, args) => {
    const running = start(args, { script, input: null, env: { XDG_STATE_HOME: folder } });
    await until(() => handlesStatusSignal(running.pid));
    running.kill('SIGUSR1');
    running.kill('SIGUSR2');
    // The debugger would print its address at once.
    await wait(300);
    expect(running.child.exitCode).toBeNull();
    running.kill('SIGTERM');
    const { stderr } = await running.ended;
    expect(stderr).not.toMatch(/debugger/i);
  },
);

test.each(['bulk-load.js', 'load_cnosdb.js'])('the first statement of %s installs the listeners', (name) => {
  const [first] = readFileSync(join(root, 'bin', name), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !/^(#!|\/\/)/.test(line));
  expect(first).toBe("process.on('SIGUSR1', () => {}).on('SIGUSR2', () => {});");
});
