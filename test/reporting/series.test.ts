import { expect, test } from 'vitest';
import { Series } from '../../src/reporting/series.js';
import { answers, snapshotAt } from './samples.js';

const peak = { rssBytes: 500, limitBytes: 512, level: 'critical' } as const;

function recorded(seconds: number, step: number, peakAt = -1): ReturnType<Series['samples']> {
  const series = new Series();
  for (let i = 0; i * step <= seconds; i += 1)
    series.add(
      snapshotAt(i * step, i === peakAt ? { memory: peak } : { memory: { ...peak, rssBytes: 100, level: 'normal' } }),
    );
  return series.samples();
}

test('a short run is kept second by second, with its rate', () => {
  const samples = recorded(10, 1);
  expect(samples.map(({ seconds }) => seconds)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(samples[5]).toEqual({
    seconds: 5,
    rssBytes: 100,
    limitBytes: 512,
    pointsPerSecond: 10_000,
    writers: 6,
    level: 'normal',
    heldBack: { target: 0, targetMemory: 0, ownMemory: 0, input: expect.closeTo(0.1), rateLimit: 0 },
    flushes: 0,
    nodeBytes: 200 * 1_048_576,
    endpoints: [{ answers: answers({ accepted: 10 }), p99Ms: 80, openSeconds: 0 }],
  });
});

test('looks four times a second make one sample a second', () => {
  const samples = recorded(100, 0.25);
  expect(samples.length).toBe(101);
  expect(samples[5]?.seconds).toBe(5.75);
});

test.each([700, 7000, 86_400])('a run of %d s takes 600 samples at most, down to its end', (seconds) => {
  const samples = recorded(seconds, 1);
  expect(samples.length).toBeLessThanOrEqual(600);
  expect(samples.length).toBeGreaterThan(250);
  expect(samples.at(-1)?.seconds).toBe(seconds);
  expect(samples.slice(1).every(({ pointsPerSecond }) => Math.abs(pointsPerSecond - 10_000) < 1)).toBe(true);
});

test('a peak of one second survives every thinning', () => {
  for (const at of [1000, 1001, 4321]) {
    const samples = recorded(20_000, 1, at);
    expect(samples.filter(({ rssBytes, level }) => rssBytes === 500 && level === 'critical').length).toBe(1);
  }
});

test('what happened once is in exactly one stretch, however often the run was thinned', () => {
  const series = new Series();
  const endpoint = snapshotAt(0).endpoints[0]!;
  for (let i = 0; i <= 5000; i += 1) {
    const later = i >= 1234;
    series.add(
      snapshotAt(i, {
        target: { flushes: later ? 1 : 0, nodeBytes: i === 1234 ? 900 : 100 },
        heldBack: { target: later ? 7 : 0, targetMemory: 0, ownMemory: 0, input: 0, rateLimit: 0 },
        endpoints: [
          {
            ...endpoint,
            answers: answers({ dropped: later ? 3 : 0 }),
            p99Ms: i === 1234 ? 5000 : 10,
            openSeconds: later ? 60 : 0,
          },
        ],
      }),
    );
  }
  const samples = series.samples();
  const found = samples.filter(({ flushes }) => flushes > 0);
  expect(found).toMatchObject([
    {
      flushes: 1,
      nodeBytes: 900,
      heldBack: { target: 7 },
      endpoints: [{ answers: { dropped: 3 }, p99Ms: 5000, openSeconds: 60 }],
    },
  ]);
  expect(samples.filter(({ heldBack, endpoints }) => heldBack.target > 0 || endpoints[0]!.openSeconds > 0)).toEqual(
    found,
  );
});

test('of many endpoints the first sixteen are kept', () => {
  const series = new Series();
  const endpoint = snapshotAt(0).endpoints[0]!;
  series.add(snapshotAt(1, { endpoints: Array.from({ length: 100 }, () => endpoint) }));
  expect(series.samples()[0]?.endpoints.length).toBe(16);
});
