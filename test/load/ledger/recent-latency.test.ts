import { expect, test } from 'vitest';
import { RecentLatency } from '../../../src/load/ledger/recent-latency.js';

test('the percentile is that of what was recorded, to about 5 %', () => {
  const recent = new RecentLatency();
  expect(recent.p99(0)).toBe(0);
  for (let ms = 1; ms <= 1000; ms += 1) recent.record(ms, 100);
  expect(recent.p99(100) / 990).toBeCloseTo(1, 1);
});

test.each([0.01, 0.5, 7, 300, 31_000, 1e7])(
  '%d ms come back as themselves, within the bounds of what is kept',
  (ms) => {
    const recent = new RecentLatency();
    recent.record(ms, 0);
    const [least, most] = [0.1, 600_000];
    expect(Math.abs(Math.log(recent.p99(0) / Math.min(most, Math.max(least, ms))))).toBeLessThan(0.06);
  },
);

test.each([
  [995, 0.05, 5, 0.1],
  [995, 10, 5, 10],
  [989, 10, 10, 1000],
  [98, 10, 2, 1000],
])('of %d requests of %d ms and %d of a second, the 99th percentile takes %d ms', (many, ms, slow, expected) => {
  const recent = new RecentLatency();
  for (let i = 0; i < many; i += 1) recent.record(ms, 0);
  for (let i = 0; i < slow; i += 1) recent.record(1000, 0);
  expect(recent.p99(0) / expected).toBeCloseTo(1, 1);
});

test('a latency of less than 0.1 ms is in the first bucket', () => {
  const recent = new RecentLatency();
  recent.record(0.01, 0);
  expect(recent.p99(0)).toBeLessThan(0.1);
});

test('a window ends after exactly five seconds, and two windows after exactly ten', () => {
  const recent = new RecentLatency();
  recent.record(500, 0);
  recent.record(7, 5_000);
  expect(recent.p99(5_000)).toBeGreaterThan(400);
  expect(recent.p99(9_999)).toBeGreaterThan(400);
  expect(recent.p99(10_000) / 7).toBeCloseTo(1, 1);
  const old = new RecentLatency();
  old.record(500, 0);
  expect(old.p99(10_000)).toBe(0);
});

test('what is older than ten seconds is forgotten, what is younger than five is not', () => {
  const recent = new RecentLatency();
  recent.record(500, 0);
  expect(recent.p99(4_999)).toBeGreaterThan(400);
  recent.record(1, 6_000);
  expect(recent.p99(6_000)).toBeGreaterThan(400);
  expect(recent.p99(11_500)).toBeCloseTo(1, 0);
  expect(recent.p99(30_000)).toBe(0);
});
