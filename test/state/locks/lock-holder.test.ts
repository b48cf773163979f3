import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { currentHolder, isAlive } from '../../../src/state/locks/lock-holder.js';

test('this process lives; one of another start does not, whatever its pid', () => {
  const us = currentHolder(1);
  expect(isAlive(us, us)).toBe(true);
  expect(isAlive({ ...us, started: '1' }, us)).toBe(false);
  expect(isAlive({ ...us, bootId: 'another' }, us)).toBe(false);
});

test('a process that was killed and only waits for its parent to take note of it does not live', async () => {
  // The shell becomes a program that never asks what became of its child.
  const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    const [text] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(text.toString());
    const stat = (): string[] =>
      readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
    await expect.poll(() => stat()[0], { timeout: 10_000 }).toBe('Z');
    const us = currentHolder(1);
    expect(isAlive({ ...us, pid, started: stat()[19] ?? null }, us)).toBe(false);
  } finally {
    parent.kill('SIGKILL');
  }
});
