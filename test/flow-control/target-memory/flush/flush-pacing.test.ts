import { expect, test } from 'vitest';
import { FlushPacing, type PacingOptions } from '../../../../src/flow-control/target-memory/flush/flush-pacing.js';

const KiB = 1024;
const MiB = 1024 * KiB;
const room = 400 * MiB;
const options: PacingOptions = {
  maxBytes: MiB,
  bodiesBeside: (rows) => Math.floor((room - 1.2 * rows) / 256),
};

/** Sends for two seconds, of which `held` are waiting, and then flushes. */
class Play {
  at = 0;
  readonly pacing: FlushPacing;

  constructor(more: Partial<PacingOptions> = {}) {
    this.pacing = new FlushPacing({ ...options, ...more });
    this.pacing.accepted(0, 0, 0);
  }

  cycle(mib: number, held = 0): this {
    this.pacing.accepted(this.at, mib * MiB, mib * MiB);
    this.pacing.setHeld(this.at, held > 0);
    this.pacing.setHeld(this.at + held * 1000, false);
    this.at += 2000;
    this.pacing.flushBegins(this.at);
    return this;
  }
}

test('a slow target keeps the body size of the plan', () => {
  expect(new Play().cycle(60).cycle(60).pacing.bytes).toBe(MiB);
});

test('a fast target gets bodies that leave room for the rows between two flushes, but at least 256 KiB', () => {
  const { pacing } = new Play().cycle(160);
  // At 80 MiB per second, three seconds are 240 MiB of rows.
  expect(pacing.bytes).toBe(Math.floor((room - 1.2 * 240 * MiB) / 256));
  expect(new Play().cycle(135, 1.5).pacing.bytes).toBe(256 * KiB);
});

test('bodies requested below 256 KiB keep their size', () => {
  expect(new Play({ maxBytes: 100 * KiB }).cycle(135, 1.5).pacing.bytes).toBe(100 * KiB);
});

test('bodies grow back by one step per flush once fewer rows arrive', () => {
  const play = new Play().cycle(135, 1.5);
  expect(play.cycle(60).pacing.bytes).toBe(384 * KiB);
  for (let i = 0; i < 5; i++) play.cycle(60);
  expect(play.pacing.bytes).toBe(MiB);
});

test('no time before the first wait is counted', () => {
  const { pacing } = new Play();
  pacing.setHeld(1000, false);
  expect(pacing.heldSeconds).toBe(0);
});

test('waiting seconds are counted, and the rate covers the time between two flushes', () => {
  const { pacing } = new Play().cycle(135, 1.5);
  expect(pacing.heldSeconds).toBe(1.5);
  expect(pacing.bytesPerSecond).toBe((135 * MiB) / 2);
});
