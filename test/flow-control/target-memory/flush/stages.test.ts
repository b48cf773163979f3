import { expect, test } from 'vitest';
import type { FlushOutcome, Notice } from '../../../../src/core/types/index.js';
import { maxStageWaitMs, Stages } from '../../../../src/flow-control/target-memory/flush/stages.js';
import { VirtualClock } from '../../../support/clock.js';

const MiB = 1024 * 1024;
const late: FlushOutcome = { kind: 'timedOut', tookMs: 1000, reason: null };

/** Stages whose flush request times out, at a node whose gauge shows `unflushed` bytes. */
function setUp(stage: number, unflushed: number, outcome = late) {
  const clock = new VirtualClock();
  const notices: Notice[] = [];
  const stages = new Stages(stage, async () => outcome, {
    target: { gauges: async () => [unflushed] },
    clock,
    signal: new AbortController().signal,
    notify: (notice) => notices.push(notice),
  });
  let isOver = false;
  const end = async (): Promise<void> => {
    stages.acknowledged(stage);
    void stages.admit().then(() => {
      isOver = true;
    });
    await clock.advance(20_000);
  };
  return { clock, notices, end, isOver: () => isOver };
}

test.each([
  ['16 MiB are left of a small stage', 20 * MiB, 16 * MiB, true],
  ['more than 16 MiB are left of a small stage', 20 * MiB, 16 * MiB + 1, false],
  ['a tenth of a large stage is left', 1000 * MiB, 100 * MiB, true],
  ['more than a tenth of a large stage is left', 1000 * MiB, 100 * MiB + 1, false],
])('a stage whose flush request timed out ends by the gauges: %s', async (_, stage, unflushed, expected) => {
  const { end, isOver, notices } = setUp(stage, unflushed);
  await end();
  expect(isOver()).toBe(expected);
  expect(notices.map(({ kind }) => kind)).toEqual(['stage']);
});

test('a stage ends with the answer of the flush, whatever the gauges show', async () => {
  const { end, isOver } = setUp(20 * MiB, 900 * MiB, { kind: 'done', tookMs: 10, reason: null });
  await end();
  expect(isOver()).toBe(true);
});

test('a stage that the target does not flush ends after five minutes with a warning', async () => {
  const { clock, notices, end, isOver } = setUp(20 * MiB, 900 * MiB);
  await end();
  await clock.advance(maxStageWaitMs - 20_001);
  expect(isOver()).toBe(false);
  await clock.advance(1);
  expect(isOver()).toBe(true);
  expect(notices.at(-1)).toMatchObject({ level: 'warn', kind: 'stage-over' });
  expect(notices.at(-1)?.message).toContain('after 5 minutes:');
});

test('a stage begins with its last byte, and again only after as many bytes', async () => {
  const clock = new VirtualClock();
  const notices: Notice[] = [];
  const stages = new Stages(1000, async () => ({ kind: 'done', tookMs: 1, reason: null }), {
    target: { gauges: async () => [] },
    clock,
    signal: new AbortController().signal,
    notify: (notice) => notices.push(notice),
  });
  for (const [bytes, ended] of [
    [999, 0],
    [1, 1],
    [999, 1],
    [1, 2],
  ] as const) {
    stages.acknowledged(bytes);
    await stages.admit();
    expect(notices).toHaveLength(ended);
  }
});
