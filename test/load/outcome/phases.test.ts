// The phases of a run on virtual time: the start and --verify count apart from the time in which points are sent.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { resolve } from '../../../src/config/resolve.js';
import type { Attempt, Notice, PointValues } from '../../../src/core/types/index.js';
import { options as optionTable } from '../../../src/load/option-table.js';
import { load } from '../../../src/load/pipeline.js';
import type { Snapshot } from '../../../src/reporting/figures.js';
import { pace } from '../../../src/reporting/progress/pace.js';
import { fullLine } from '../../../src/reporting/progress/progress-line.js';
import { createCustomTarget } from '../../../src/targets/custom/custom-target.js';
import { VirtualClock } from '../../support/clock.js';
import { generated } from '../../support/model/input.js';

const points = 2000;

/** Loads 2,000 points: 7 s until the target answers, 10 s of sending, 130 s of reading back 1,000 points, four at a time. */
async function verified() {
  const stateDir = await mkdtemp(join(tmpdir(), 'bulk-load-phases-'));
  const clock = new VirtualClock();
  // Locks of first writes are shared by all processes of the host; virtual time would not pass while another holds them.
  const flags = {
    db: 'db',
    stateDir,
    targetMemory: 'off',
    turn: false,
    compression: 'none',
    verify: true,
    ratePoints: 200,
    // What other tests of this process have left must not slow the load down.
    memoryLimit: '4GiB',
  };
  const { settings } = await resolve(optionTable, { flags: { ...flags, batchPoints: 100 }, env: {} });
  const notices: Notice[] = [];
  const phases: (Snapshot & { readonly line: string })[] = [];
  let sent = 0;
  let look: (() => Snapshot) | null = null;
  let describing = false;
  const own = createCustomTarget({
    write: async ({ bytes }): Promise<Attempt> => {
      sent += 1;
      return { verdict: { kind: 'accepted' }, endpoint: 'own', latencyMs: 1, sentBytes: bytes.length };
    },
  });
  const target = {
    ...own,
    describe: async () => {
      describing = true;
      await clock.sleep(7_000);
      describing = false;
      return await own.describe(new AbortController().signal);
    },
    readBack: async (asked: readonly PointValues[]) => {
      await clock.sleep(520);
      return [...asked];
    },
  };
  const never = new AbortController().signal;
  let over = false;
  const running = load(settings, {
    version: '0.0.0',
    inputs: [generated({ points, bytes: 100, fields: 0, sparse: 0, bucketBytes: Number.POSITIVE_INFINITY })],
    target,
    clock,
    stop: never,
    abort: never,
    command: null,
    workerThread: false,
    notify: (notice) => notices.push(notice),
    watch: (snapshot) => {
      look = snapshot;
    },
  }).finally(() => {
    over = true;
  });
  try {
    // Everything else before the first point takes no virtual time.
    while (look === null) await (describing ? clock.advance(1000) : turn());
    const snapshot = look as () => Snapshot;
    while (sent === 0) await turn();
    while (!over) {
      const run = snapshot();
      phases.push({ ...run, line: fullLine(run, pace([run])) });
      await clock.advance(1000);
    }
    return { ...(await running), notices, phases };
  } finally {
    await rm(stateDir, { recursive: true, force: true });
  }
}

test('the rate of a load covers the time in which points were sent, without the start and --verify', async () => {
  const { summary, notices, phases } = await verified();
  expect(summary.outcome).toBe('complete');
  const { startSeconds, sendSeconds, verifySeconds } = summary.phases;
  expect(startSeconds).toBeGreaterThanOrEqual(7);
  expect(startSeconds).toBeLessThan(9);
  expect(sendSeconds).toBeGreaterThan(8);
  expect(sendSeconds).toBeLessThan(12);
  expect(verifySeconds).toBe(130);
  expect(summary.rate.pointsPerSecond).toBe(Math.round(points / sendSeconds));

  const verifying = phases.filter(({ phase }) => phase === 'verifying');
  expect(verifying.length).toBeGreaterThan(100);
  expect(verifying.filter(({ percent }) => percent !== 100)).toEqual([]);
  expect(
    verifying.filter(({ line }) => !/^100% {2}reading a sample back \(--verify\) {2}2,000 points/.test(line)),
  ).toEqual([]);
  expect(notices.filter(({ kind }) => kind === 'stall').map(({ message }) => message)).toEqual([
    expect.stringMatching(/^reading a sample back for 1m 0\ds \(--verify\); every point was sent$/),
    expect.stringMatching(/^reading a sample back for 2m 0\ds \(--verify\); every point was sent$/),
  ]);
});
