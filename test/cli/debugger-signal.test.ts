// SIGUSR1 must not open Node's debugger: any local user could then run code as the user of the load.

import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { start } from '../support/programs/process.js';
import { until } from '../support/until.js';

const root = join(import.meta.dirname, '../..');
const hasProc = existsSync('/proc/self/status');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulk-load-signal-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Node itself catches SIGUSR1; SIGUSR2 is caught once our first statement ran. */
function catches(pid: number, signal: 'SIGUSR1' | 'SIGUSR2'): boolean {
  const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
  return (BigInt(`0x${caught}`) >> (signal === 'SIGUSR1' ? 9n : 11n)) % 2n === 1n;
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
    await until(() => catches(running.pid, 'SIGUSR2'));
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

test.runIf(hasProc)('a debugger that SIGUSR1 opened while Node started is closed at once', async () => {
  const nodeArgs = ['--inspect-port=0'];
  const running = start(['serve', '--listen', ':0'], { nodeArgs, input: null, env: { XDG_STATE_HOME: folder } });
  await until(() => catches(running.pid, 'SIGUSR1'));
  for (let i = 0; i < 50 && !catches(running.pid, 'SIGUSR2'); i += 1) {
    running.kill('SIGUSR1');
    await wait(5);
  }
  await running.saw(/serving at/);
  await wait(300);
  const opened = [...running.stderr().matchAll(/ws:\/\/127\.0\.0\.1:(\d+)/g)].map(([, port]) => Number(port));
  expect(await Promise.all(opened.map(accepts))).toEqual(opened.map(() => false));
  running.kill('SIGTERM');
  expect((await running.ended).code).toBe(0);
});

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}

test.each(['bulk-load.js', 'load_cnosdb.js'])('the first statement of %s installs the listeners', (name) => {
  const [first] = readFileSync(join(root, 'bin', name), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !/^(#!|\/\/)/.test(line));
  expect(first).toBe("process.on('SIGUSR1', () => {}).on('SIGUSR2', () => {});");
});
