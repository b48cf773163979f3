import { expect, test } from 'vitest';
import { Series } from '../../src/reporting/series.js';
import { answers, limitedBy, snapshotAt } from './samples.js';

const peak = { rssBytes: 500, limitBytes: 512, level: 'critical' } as const;

function recorded(seconds: number, step: number, peakAt = -1): ReturnType<Series['samples']> {
  const series = new Series();
  for (let i = 0; i * step <= seconds; i += 1)
    series.add(
      snapshotAt(i * step, i === peakAt ? { memory: peak } : { memory: { ...peak, rssBytes: 100, level: 'normal' } }),
    );
  return series.samples();
}

test('a short run has one sample per second with its rate', () => {
  const samples = recorded(10, 1);
  expect(samples.map(({ seconds }) => seconds)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(samples[5]).toEqual({
    seconds: 5,
    rssBytes: 100,
    limitBytes: 512,
    pointsPerSecond: 10_000,
    writers: 6,
    level: 'normal',
    heldBack: { ...limitedBy(), input: expect.closeTo(0.1) },
    flushes: 0,
    nodeBytes: 200 * 1_048_576,
    endpoints: [{ answers: answers({ accepted: 10 }), p99Ms: 80, openSeconds: 0 }],
  });
});

test('four snapshots a second merge into one sample a second', () => {
  const samples = recorded(100, 0.25);
  expect(samples.length).toBe(101);
  expect(samples[5]?.seconds).toBe(5.75);
});

test.each([700, 7000, 86_400])('a run of %d s has at most 600 samples up to its end', (seconds) => {
  const samples = recorded(seconds, 1);
  expect(samples.length).toBeLessThanOrEqual(600);
  expect(samples.length).toBeGreaterThan(250);
  expect(samples.at(-1)?.seconds).toBe(seconds);
  expect(samples.slice(1).filter(({ pointsPerSecond }) => Math.abs(pointsPerSecond - 10_000) >= 1)).toEqual([]);
});

test('a memory peak of one second stays in the series of a long run', () => {
  for (const at of [1000, 1001, 4321]) {
    const samples = recorded(20_000, 1, at);
    expect(samples.filter(({ rssBytes, level }) => rssBytes === 500 && level === 'critical').length).toBe(1);
  }
});

test('one event is in exactly one sample of a long run', () => {
  const series = new Series();
  const endpoint = snapshotAt(0).endpoints[0]!;
  for (let i = 0; i <= 5000; i += 1) {
    const later = i >= 1234;
    series.add(
      snapshotAt(i, {
        target: { flushes: later ? 1 : 0, rinses: 0, nodeBytes: i === 1234 ? 900 : 100 },
        heldBack: limitedBy({ target: later ? 7 : 0 }),
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

test('samples hold the first sixteen endpoints', () => {
  const series = new Series();
  const endpoint = snapshotAt(0).endpoints[0]!;
  series.add(snapshotAt(1, { endpoints: Array.from({ length: 100 }, () => endpoint) }));
  expect(series.samples()[0]?.endpoints.length).toBe(16);
});

test('the own-memory curve of a long run keeps the largest value and the worst level of each sample', () => {
  const series = new Series();
  const levels = ['normal', 'high', 'critical', 'high'] as const;
  const sizes = [100, 300, 200, 50];
  for (const [i, level] of levels.entries())
    series.add(snapshotAt(i / 10, { memory: { rssBytes: sizes[i]!, limitBytes: 512, level } }));
  expect(series.samples()).toMatchObject([{ rssBytes: 300, limitBytes: 512, level: 'critical' }]);
});

test('the node estimate of a sample is its largest known one', () => {
  const node = (...bytes: (number | null)[]): (number | null)[] => {
    const series = new Series();
    for (const [i, nodeBytes] of bytes.entries())
      series.add(snapshotAt(i / 10, { target: { flushes: 0, rinses: 0, nodeBytes } }));
    return series.samples().map((sample) => sample.nodeBytes);
  };
  expect(node(null, null)).toEqual([null]);
  expect(node(null, 7)).toEqual([7]);
  expect(node(7, null)).toEqual([7]);
  expect(node(7, 9, 8)).toEqual([9]);
});
