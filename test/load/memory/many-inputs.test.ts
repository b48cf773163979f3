import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { resolve } from '../../../src/config/resolve.js';
import { abortWith } from '../../../src/core/time/wait-stats.js';
import type { Attempt } from '../../../src/core/types/index.js';
import { expand } from '../../../src/inputs/expand.js';
import { options } from '../../../src/load/option-table.js';
import { load } from '../../../src/load/pipeline.js';
import { createCustomTarget } from '../../../src/targets/custom/custom-target.js';
import { VirtualClock } from '../../support/clock.js';

test('finished inputs go to the log on disk although the next checkpoint is not due', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bulk-load-many-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const [stateDir, inputs] = [join(folder, 'state'), join(folder, 'inputs')];
  await mkdir(inputs);
  for (let i = 0; i < 700; i += 1) await writeFile(join(inputs, `${i}.lp`), `m f=${i} 1640995200000000000\n`);
  const flags = {
    db: 'db',
    stateDir,
    targetMemory: 'off',
    turn: false,
    compression: 'none',
    workers: '1',
    memoryLimit: '4GiB',
  };
  const { settings } = await resolve(options, { flags, env: {} });
  const { signal } = new AbortController();
  const stdin = { isTTY: true, isPipeOrFile: false, stream: () => process.stdin };
  // The clock stands still, so that only the first checkpoint is written while points are sent.
  const clock = new VirtualClock();
  const seen = { lines: 0, checkpointed: 0 };
  const target = createCustomTarget({
    write: async ({ bytes }): Promise<Attempt> => {
      const names = await readdir(stateDir);
      const text = async (ending: string): Promise<string> =>
        await readFile(join(stateDir, names.find((name) => name.endsWith(ending))!), 'utf8');
      seen.lines = (await text('.inputs.ndjson')).split('\n').length - 1;
      seen.checkpointed = JSON.parse(await text('.checkpoint.json')).finishedBytes;
      return { verdict: { kind: 'accepted' }, endpoint: 'own', latencyMs: 1, sentBytes: bytes.length };
    },
  });
  const remote = { clock, signal, env: {}, insecure: false };
  const { summary } = await load(settings, {
    ...(await expand([inputs], { stdin, cwd: folder, stateDir, remote: remote as never })),
    ...{ version: '0.0.0', target, clock, stop: signal, abort: signal, command: null, workerThread: false },
    ...{ notify: () => {}, watch: () => {} },
  });
  expect(summary).toMatchObject({ outcome: 'complete', points: { loaded: 700 } });
  expect(seen.lines).toBeGreaterThanOrEqual(500);
  expect(seen.checkpointed).toBe(0);
});

test('a controller that ended leaves no listener on the signal of the load', () => {
  const listeners = new Set<unknown>();
  const { signal } = new AbortController();
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (type: string, listener: never) => {
    listeners.add(listener);
    add(type, listener);
  };
  signal.removeEventListener = (type: string, listener: never) => {
    listeners.delete(listener);
    remove(type, listener);
  };
  const own = abortWith(signal);
  expect(listeners.size).toBe(1);
  own.abort(new Error('the input has ended'));
  expect(listeners.size).toBe(0);
});

test('a controller aborts with the signal that it was created with', () => {
  const load = new AbortController();
  const before = abortWith(load.signal);
  load.abort(new Error('stopped'));
  expect([before.signal.reason, abortWith(load.signal).signal.reason]).toEqual([
    load.signal.reason,
    load.signal.reason,
  ]);
});
