import { expect, test } from 'vitest';
import { run, start } from './process.js';

const code = (text: string): { nodeArgs: string[] } => ({ nodeArgs: ['-e', text] });

test('what a program says and how it ends is collected', async () => {
  const ended = await run(
    ['a b'],
    code(`process.stdout.write(process.argv[2]); console.error('oh'); process.exitCode = 8`),
  );
  expect(ended).toEqual({ code: 8, signal: null, stdout: 'a b', stderr: 'oh\n' });
});

test('standard input is what was given, or nothing', async () => {
  const echo = code(`process.stdin.pipe(process.stdout)`);
  expect((await run([], { ...echo, input: 'abc' })).stdout).toBe('abc');
  expect((await run([], echo)).stdout).toBe('');
});

test('a program can be waited for until it says something, and ended', async () => {
  const running = start([], code(`console.log('ready'); setInterval(() => {}, 1000)`));
  await running.saw(/ready/);
  running.kill('SIGKILL');
  expect(await running.ended).toMatchObject({ code: null, signal: 'SIGKILL' });
});

test('waiting for words of a program that ends without them fails with what it said', async () => {
  const running = start([], code(`console.log('other')`));
  await expect(running.saw(/ready/)).rejects.toThrow('ended without /ready/: other');
});

test('settings of this environment do not reach the program', async () => {
  process.env.BULK_LOAD_DB = 'x';
  const ended = await run([], { ...code(`console.log(process.env.BULK_LOAD_DB, process.env.A)`), env: { A: '1' } });
  delete process.env.BULK_LOAD_DB;
  expect(ended.stdout).toBe('undefined 1\n');
});
