import { expect, test } from 'vitest';
import { capped, fullSize, type Sizing, size } from '../../src/flow-control/body-size.js';

const KiB = 1024;
const full = fullSize(1024 * KiB);

function accept(state: Sizing, times: number, from: number, everyMs: number): Sizing {
  let now = from;
  for (let i = 0; i < times; i++) {
    state = size(state, { trouble: false, bytes: state.bytes, latencyMs: 1, now });
    now += everyMs;
  }
  return state;
}

const trouble = (state: Sizing, now: number, latencyMs = 1): Sizing =>
  size(state, { trouble: true, bytes: state.bytes, latencyMs, now });

test('trouble halves the bodies, down to 16 KiB', () => {
  let state = full;
  const seen: number[] = [];
  for (let now = 0; now < 8; now++) {
    state = trouble(state, now * 100);
    seen.push(state.bytes / KiB);
  }
  expect(seen).toEqual([512, 256, 128, 64, 32, 16, 16, 16]);
  expect(state.least).toBe(16 * KiB);
});

test('requests sent before a change do not count against the new size', () => {
  const once = trouble(full, 1000);
  expect(trouble(once, 1010, 500)).toBe(once);
  expect(trouble(once, 1600, 500).bytes).toBe(256 * KiB);
});

test('it grows back by an eighth of the most, after sixteen good bodies and five seconds', () => {
  const half = trouble(full, 0);
  expect(accept(half, 15, 6000, 10).bytes).toBe(512 * KiB);
  expect(accept(half, 100, 10, 10).bytes).toBe(512 * KiB);
  expect(accept(half, 16, 6000, 10).bytes).toBe(640 * KiB);
  expect(accept(half, 10_000, 10, 100).bytes).toBe(1024 * KiB);
});

test('small bodies do not prove that larger ones would do', () => {
  let state = trouble(full, 0);
  for (let now = 6000; now < 20_000; now += 10)
    state = size(state, { trouble: false, bytes: 10 * KiB, latencyMs: 1, now });
  expect(state.bytes).toBe(512 * KiB);
});

test('a cap holds for good', () => {
  const state = capped(full, 128 * KiB, 0);
  expect(accept(state, 10_000, 10, 100).bytes).toBe(128 * KiB);
  expect(capped(trouble(trouble(trouble(trouble(full, 0), 10), 20), 30), 128 * KiB, 40).bytes).toBe(64 * KiB);
});
