import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { currentHolder, remainingMs, silenceMs } from '../../../src/state/locks/lock-holder.js';

const us = currentHolder(1_000_000);

test.skipIf(process.platform !== 'linux')('a holder is identified by its start time', () => {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]!.split(' ');
  expect(us.started).toBe(fields[22 - 3]);
});

test('this process certainly runs, and a process with another start time or a free pid does not', () => {
  expect(remainingMs(us, us)).toBeNull();
  expect(remainingMs({ ...us, started: '1' }, us)).toBe(0);
  expect(remainingMs({ ...us, pid: spawnSync('true').pid }, us)).toBe(0);
});

test.each([
  ['on another host', { host: 'another' }],
  ['of another boot', { bootId: 'another' }],
  ['in another pid namespace', { pidNamespace: 'pid:[1]' }],
])('the heartbeat decides about a process %s', (_, where) => {
  const holder = { ...us, ...where };
  expect(remainingMs({ ...holder, heartbeat: us.heartbeat - 20_000 }, us)).toBe(silenceMs - 20_000);
  expect(remainingMs({ ...holder, heartbeat: us.heartbeat - silenceMs }, us)).toBe(0);
  // The clock of the other host is ahead.
  expect(remainingMs({ ...holder, heartbeat: us.heartbeat + 600_000 }, us)).toBe(silenceMs);
});

test('a killed process whose parent has not read its exit status does not run', async () => {
  // The shell becomes a program that never waits for its child, before the child ends.
  const parent = spawn('sh', ['-c', 'sleep 0.5 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    const [text] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(text.toString());
    const stat = (): string[] =>
      readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
    await expect.poll(() => stat()[0], { timeout: 10_000 }).toBe('Z');
    expect(remainingMs({ ...us, pid, started: stat()[19] ?? null }, us)).toBe(0);
  } finally {
    parent.kill('SIGKILL');
  }
});
