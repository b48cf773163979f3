// The end of a run on a virtual clock: memory is watched until the results are written.

import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { resolve } from '../../../src/config/resolve.js';
import type { Attempt } from '../../../src/core/types/index.js';
import { MIB } from '../../../src/core/units.js';
import { collectAll } from '../../../src/core/v8.js';
import { options } from '../../../src/load/option-table.js';
import { load } from '../../../src/load/pipeline.js';
import type { LoadResult } from '../../../src/load/types.js';
import { createCustomTarget } from '../../../src/targets/custom/custom-target.js';
import { VirtualClock } from '../../support/clock.js';
import { generated } from '../../support/model/input.js';

// Test files share processes. An earlier peak would hide the one of the results (proc(5): clear_refs resets it).
beforeEach(() => {
  collectAll();
  writeFileSync('/proc/self/clear_refs', '5');
});
afterEach(collectAll);

/** Loads 1,000 points with a limit that leaves 150 MiB beyond what this process has. */
async function loaded(writeResults: (latest: () => LoadResult) => Promise<void>, more: object = {}) {
  const stateDir = await mkdtemp(join(tmpdir(), 'bulk-load-end-'));
  const memoryLimit = `${Math.ceil(process.memoryUsage.rss() / MIB) + 150}MiB`;
  const flags = { db: 'db', stateDir, targetMemory: 'off', turn: false, compression: 'none', memoryLimit, ...more };
  const { settings } = await resolve(options, { flags, env: {} });
  const clock = new VirtualClock();
  const never = new AbortController().signal;
  try {
    const result = await load(settings, {
      version: '0.0.0',
      inputs: [generated({ points: 1000, bytes: 100, fields: 0, sparse: 0, bucketBytes: Number.POSITIVE_INFINITY })],
      target: createCustomTarget({
        write: async ({ bytes }): Promise<Attempt> => ({
          ...{ verdict: { kind: 'accepted' }, endpoint: 'own', latencyMs: 1, sentBytes: bytes.length },
        }),
      }),
      ...{ clock, stop: never, abort: never, command: null, workerThread: false },
      ...{ notify: () => {}, watch: () => {}, writeResults },
    });
    return { ...result, timers: clock.waiting };
  } finally {
    await rm(stateDir, { recursive: true, force: true });
  }
}

/** Results whose writing takes more memory than the limit leaves, however much V8 gives back meanwhile. */
async function largeResults(limitBytes: number): Promise<void> {
  const parts: Buffer[] = [];
  while (process.memoryUsage.rss() < limitBytes + 50 * MIB) parts.push(Buffer.alloc(16 * MIB, 1));
}

test('results whose writing exceeds the memory limit end a complete load with exit code 6 and the figures', async () => {
  let before: LoadResult | null = null;
  const { summary, error } = await loaded(async (latest) => {
    before = latest();
    await largeResults(latest().summary.memory.limitBytes);
  });
  expect(before).toMatchObject({ error: null, summary: { outcome: 'complete', exitCode: 0 } });
  expect(summary).toMatchObject({ outcome: 'memory', exitCode: 6, points: { loaded: 1000, undelivered: 0 } });
  expect(summary.memory.peakRssBytes).toBeGreaterThan(summary.memory.limitBytes);
  expect(summary.reason).toMatch(/^holding the memory limit: expected at most .* at any time, found a peak of /);
  expect(error?.exitCode).toBe(6);
});

test('a watchdog that only observes reports the peak of the results and leaves the exit code', async () => {
  const { summary, error } = await loaded((latest) => largeResults(latest().summary.memory.limitBytes), {
    memoryWatchdog: 'observe',
  });
  expect(summary).toMatchObject({ outcome: 'complete', exitCode: 0 });
  expect(summary.memory.peakRssBytes).toBeGreaterThan(summary.memory.limitBytes);
  expect(error).toBeNull();
});

test('without a watchdog the summary still has a peak, in a process that once had more memory', async () => {
  Buffer.alloc(100 * MIB, 1);
  const { summary } = await loaded(() => Promise.resolve(), { memoryWatchdog: 'off' });
  expect(summary.memory.peakRssBytes).toBeGreaterThan(50 * MIB);
});

test('the watchdog ends once the results are written, also if that fails', async () => {
  const { timers, summary } = await loaded(() => Promise.resolve());
  expect([timers, summary.exitCode]).toEqual([0, 0]);
  await expect(loaded(() => Promise.reject(new Error('disk full')))).rejects.toThrow('disk full');
});
