import { expect, test } from 'vitest';
import { adjustBodySize, type BodySize, capBodySize, fullBodySize } from '../../src/flow-control/body-size.js';

const KiB = 1024;
const full = fullBodySize(1024 * KiB);

function accept(state: BodySize, times: number, from: number, everyMs: number): BodySize {
  let now = from;
  for (let i = 0; i < times; i++) {
    state = adjustBodySize(state, { trouble: false, bytes: state.bytes, latencyMs: 1, now });
    now += everyMs;
  }
  return state;
}

const trouble = (state: BodySize, now: number, latencyMs = 1): BodySize =>
  adjustBodySize(state, { trouble: true, bytes: state.bytes, latencyMs, now });

test('each sign of trouble halves the request bodies, down to 16 KiB', () => {
  let state = full;
  const seen: number[] = [];
  for (let now = 0; now < 8; now++) {
    state = trouble(state, now * 100);
    seen.push(state.bytes / KiB);
  }
  expect(seen).toEqual([512, 256, 128, 64, 32, 16, 16, 16]);
  expect(state.min).toBe(16 * KiB);
});

test('answers to requests sent before a change do not change the new body size', () => {
  const once = trouble(full, 1000);
  expect(trouble(once, 1010, 500)).toBe(once);
  expect(trouble(once, 1600, 500).bytes).toBe(256 * KiB);
  // This request was sent at the time of the change.
  expect(trouble(once, 1010, 10).bytes).toBe(256 * KiB);
});

test('bodies grow by an eighth of the largest size after sixteen accepted bodies and five seconds', () => {
  const half = trouble(full, 0);
  expect(accept(half, 15, 6000, 10).bytes).toBe(512 * KiB);
  expect(accept(half, 100, 10, 10).bytes).toBe(512 * KiB);
  expect(accept(half, 16, 6000, 10).bytes).toBe(640 * KiB);
  expect(accept(half, 10_000, 10, 100).bytes).toBe(1024 * KiB);
  const later = trouble(full, 4000);
  expect(accept(later, 100, 4005, 10).bytes).toBe(512 * KiB);
  expect(accept(later, 16, 9000 - 15 * 10, 10).bytes).toBe(640 * KiB);
});

test('accepted small bodies do not make bodies larger', () => {
  let state = trouble(full, 0);
  for (let now = 6000; now < 20_000; now += 10)
    state = adjustBodySize(state, { trouble: false, bytes: 10 * KiB, latencyMs: 1, now });
  expect(state.bytes).toBe(512 * KiB);
});

test('a cap of the body size lasts for the rest of the load', () => {
  const state = capBodySize(full, 128 * KiB, 0);
  expect(accept(state, 10_000, 10, 100).bytes).toBe(128 * KiB);
  expect(capBodySize(trouble(trouble(trouble(trouble(full, 0), 10), 20), 30), 128 * KiB, 40).bytes).toBe(64 * KiB);
});

test('a body that was requested below 16 KiB is never halved', () => {
  expect(trouble(fullBodySize(10 * KiB), 0).bytes).toBe(10 * KiB);
});

test('an accepted body of half the size counts, a smaller one does not', () => {
  const half = trouble(full, 0);
  const seen = (bytes: number): number =>
    adjustBodySize(half, { trouble: false, bytes, latencyMs: 1, now: 10 }).accepted;
  expect([seen(256 * KiB), seen(256 * KiB - 1)]).toEqual([1, 0]);
});

test('a change that leaves the size as it is is no change', () => {
  const smallest = fullBodySize(16 * KiB);
  expect(trouble(smallest, 500)).toEqual(smallest);
});
