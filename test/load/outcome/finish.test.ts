// How a load ends: which error it has, whether the next run resumes it, and what its summary has before all of its parts
// exist.

import { expect, test } from 'vitest';
import { InterruptedError, UsageError } from '../../../src/core/errors.js';
import type { Target } from '../../../src/core/types/index.js';
import { createCustomTarget } from '../../../src/targets/custom/custom-target.js';
import { accepted, loadText, points } from '../custom-load.js';
import { folder } from '../ledger/support.js';

test('a load that ends before its memory is planned has a summary and details of zeros', async () => {
  const { summary, details } = await loadText({ flags: { memoryLimit: '20MiB', report: 'report.html' } });
  expect(summary).toMatchObject({
    ...{ outcome: 'memory', checkpoint: null, verify: null, seconds: 0 },
    memory: {
      limitBytes: 0,
      limitSource: '',
      slots: 0,
      slotBytes: 0,
      highSeconds: 0,
      criticalSeconds: 0,
      forcedGcs: 0,
    },
    target: {
      version: null,
      planBytesPerNode: null,
      flushes: 0,
      rinses: 0,
      nodeDeaths: 0,
      newTables: 0,
      newColumns: 0,
    },
  });
  expect(summary.memory.peakRssBytes).toBeGreaterThan(0);
  expect(summary.pressure).toEqual({
    ...{ workers: 0, limitMin: 0, limitFinal: 0, bodyBytesMin: 0, bodyBytesFinal: 0, throttledSeconds: 0 },
    heldBackBy: { target: 0, targetMemory: 0, ownMemory: 0, input: 0, rateLimit: 0 },
  });
  expect(details).toEqual({
    ...{ rejects: { shown: [], more: 0 }, tables: { shown: [], more: 0 }, sampled: false },
    ...{ introduced: { shown: [], more: 0 }, abandoned: { shown: [], more: 0 } },
  });
});

test('a load that was stopped before it sent a point keeps its checkpoint', async () => {
  const stop = new AbortController();
  const write: typeof accepted = async (...sent) => {
    stop.abort(new InterruptedError('SIGTERM'));
    return { ...(await accepted(...sent)), verdict: { kind: 'unreachable', reason: 'ECONNREFUSED' } };
  };
  const { summary } = await loadText({ path: '/a.lp', stop: stop.signal, own: { write } });
  expect(summary).toMatchObject({ outcome: 'interrupted', points: { loaded: 0 }, continueWith: null });
  expect(summary.checkpoint).not.toBeNull();
});

test('a resumed load that a usage error ends keeps the checkpoint of its loaded point', async () => {
  const stateDir = await folder();
  const flags = { stateDir, batchPoints: 1, workers: 1 };
  const stop = new AbortController();
  const write: typeof accepted = async (...sent) => {
    stop.abort(new InterruptedError('SIGTERM'));
    return await accepted(...sent);
  };
  const load = { flags, path: '/a.lp', text: points(3) };
  expect((await loadText({ ...load, stop: stop.signal, own: { write } })).summary.points.loaded).toBe(1);
  const layout = () => Promise.reject(new UsageError(['no such layout']));
  const refused = (await loadText({ ...load, own: { layout } })).summary;
  expect(refused).toMatchObject({ outcome: 'usage', points: { loaded: 1 } });
  expect(refused.checkpoint).not.toBeNull();
  expect((await loadText(load)).summary).toMatchObject({ outcome: 'complete', thisRun: { read: 2 } });
});

test('the points of inputs that an earlier load finished count for --min-points', async () => {
  const stateDir = await folder();
  const load = { path: '/a.lp', text: points(3), flags: { stateDir, skipLoaded: true } };
  expect((await loadText(load)).summary.points.loaded).toBe(3);
  const again = (minPoints: number) => loadText({ ...load, flags: { ...load.flags, minPoints } });
  expect((await again(3)).summary).toMatchObject({ outcome: 'complete', points: { read: 0 } });
  expect((await again(4)).summary).toMatchObject({ outcome: 'input', points: { read: 0 } });
});

test.each([
  ['the later one with one writer', 1, 0],
  ['any of them with several writers', 4, 1],
])('of two points with equal series and time, --verify expects %s', async (_, workers, equal) => {
  const traits = { ...createCustomTarget({ write: accepted }).traits, firstWriteExclusive: false };
  // The target keeps the value of the first point.
  const readBack: Target['readBack'] = (sent) =>
    Promise.resolve(sent.map((point) => ({ ...point, fields: new Map([['f', 1]]) })));
  const time = 1_640_995_200_000_000_000n;
  const text = `m f=1 ${time}\nm f=2 ${time}\n`;
  const { summary } = await loadText({
    own: { traits, readBack },
    flags: { verify: true, batchPoints: 1, workers },
    text,
  });
  expect(summary).toMatchObject({ outcome: 'verify-failed', verify: { sampled: 2, found: 2, equal } });
});

test('a load without --report collects no details', async () => {
  expect((await loadText({})).details).toBeNull();
});
