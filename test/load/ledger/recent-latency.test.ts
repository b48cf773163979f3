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

test('what is older than ten seconds is forgotten, what is younger than five is not', () => {
  const recent = new RecentLatency();
  recent.record(500, 0);
  expect(recent.p99(4_999)).toBeGreaterThan(400);
  recent.record(1, 6_000);
  expect(recent.p99(6_000)).toBeGreaterThan(400);
  expect(recent.p99(11_500)).toBeLessThan(2);
  expect(recent.p99(30_000)).toBe(0);
});
