// The command that continues a load is printed only where running it again can help.

import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Summary } from '../../src/core/types/index.js';
import { run } from '../support/programs/here.js';
import type { Ended } from '../support/programs/process.js';
import { lines, type Scene, scene } from '../support/scene.js';

let it: Scene;
beforeEach(async () => {
  it = await scene({ credentials: 'root:secret' });
});
afterEach(() => it.end());

const env = { BULK_LOAD_PASSWORD: 'secret' };

test.each<[string, number, () => Promise<readonly string[]>]>([
  ['a missing database', 4, async () => ['--db', 'missing', await it.file('a.lp', lines(3))]],
  ['a wrong user', 4, async () => ['--user', 'nobody', await it.file('a.lp', lines(3))]],
  ['timestamps in another unit', 2, async () => [await it.file('ms.lp', lines(3).replaceAll('000000\n', '\n'))]],
  [
    'a state directory that others can write',
    73,
    async () => {
      const open = join(it.folder, 'open');
      await mkdir(open);
      await chmod(open, 0o777);
      return ['--state-dir', open, await it.file('a.lp', lines(3))];
    },
  ],
  [
    'too many rejects',
    3,
    async () => ['--max-rejected', '1', await it.file('a.lp', `${lines(3)}${'m f=oops 1\n'.repeat(9)}`)],
  ],
])('a run that ends because of %s prints no command to run again', async (_, code, words) => {
  const ended = await it.load(await words(), { env });
  expect([ended.code, ended.summary?.continueWith]).toEqual([code, null]);
  expect(ended.stderr).not.toMatch(/^ {2}(run again|resume) /m);
});

async function loadFrom(url: string, ...words: readonly string[]): Promise<Ended & { summary: Summary }> {
  const input = await it.file('a.lp', lines(3));
  const own = ['--url', url, '--db', 'db', '--state-dir', it.stateDir, '--summary', '-'];
  const ended = await run([...own, ...words, input], { env });
  return { ...ended, summary: JSON.parse(ended.stdout) as Summary };
}

test('https on an http port ends without a command to run again', async () => {
  const ended = await loadFrom(it.cluster.urls[0]!.replace('http:', 'https:'));
  expect([ended.code, ended.summary.continueWith]).toEqual([4, null]);
});

test('a run that found no endpoint in time prints the command, and no table of zeros', async () => {
  const ended = await loadFrom('http://127.0.0.1:1', '--wait-for-target', '100ms');
  expect([ended.code, ended.summary.continueWith]).toEqual([5, expect.stringMatching(/^bulk-load .*a\.lp$/)]);
  expect(ended.stderr).toMatch(/^bulk-load: Stopped: .* \(exit code 5\)\.$/m);
  expect(ended.stderr).toMatch(/^ {2}resume {4}bulk-load .*a\.lp$/m);
  expect(ended.stderr).not.toMatch(/^ {2}(points|time|bytes|requests|memory|writers) /m);
});

test('a run that sent nothing prints the headline and the four lines, and nothing else', async () => {
  const { stderr } = await it.load(['--db', 'missing', await it.file('a.lp', lines(3))], { env });
  const printed = stderr.slice(stderr.indexOf('bulk-load: '));
  expect(printed).toMatch(/^bulk-load: Stopped: the target refused the load \(exit code 4\)\.\n/);
  expect(
    printed
      .split('\n')
      .slice(1, -1)
      .map((line) => line.trim().split(' ')[0]),
  ).toEqual(['tried', 'expected', 'found', 'do']);
});
