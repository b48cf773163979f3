import { expect, test } from 'vitest';
import { FlushPacing, type PacingOptions } from '../../../src/flow-control/target-memory/flush-pacing.js';

const KiB = 1024;
const MiB = 1024 * KiB;
const room = 400 * MiB;
const options: PacingOptions = {
  most: MiB,
  beside: (rows) => Math.floor((room - 1.2 * rows) / 256),
};

/** `seconds` of sending, `held` of them lost, then a flush. */
class Play {
  at = 0;
  readonly pacing: FlushPacing;

  constructor(more: Partial<PacingOptions> = {}) {
    this.pacing = new FlushPacing({ ...options, ...more });
    this.pacing.accepted(0, 0, 0);
  }

  cycle(mib: number, held = 0): this {
    this.pacing.accepted(this.at, mib * MiB, mib * MiB);
    this.pacing.look(this.at, held > 0);
    this.pacing.look(this.at + held * 1000, false);
    this.at += 2000;
    this.pacing.flushing(this.at);
    return this;
  }
}

test('a slow target keeps the bodies of the plan', () => {
  expect(new Play().cycle(60).cycle(60).pacing.bytes).toBe(MiB);
});

test('a fast one gets bodies that leave room for what comes in between two flushes, and no smaller ones than that takes', () => {
  const { pacing } = new Play().cycle(160);
  // 80 MiB a second: three seconds of it are 240 MiB of rows.
  expect(pacing.bytes).toBe(Math.floor((room - 1.2 * 240 * MiB) / 256));
  expect(new Play().cycle(135, 1.5).pacing.bytes).toBe(256 * KiB);
});

test('bodies that were asked to be small stay as they are', () => {
  expect(new Play({ most: 100 * KiB }).cycle(135, 1.5).pacing.bytes).toBe(100 * KiB);
});

test('with less coming in they grow back, a step from one flush to the next', () => {
  const play = new Play().cycle(135, 1.5);
  expect(play.cycle(60).pacing.bytes).toBe(384 * KiB);
  for (let i = 0; i < 5; i++) play.cycle(60);
  expect(play.pacing.bytes).toBe(MiB);
});

test('what was held is counted, and the rate is that of the rest', () => {
  const { pacing } = new Play().cycle(135, 1.5);
  expect(pacing.heldSeconds).toBe(1.5);
  expect(pacing.bytesPerSecond).toBe((135 * MiB) / 2);
});
