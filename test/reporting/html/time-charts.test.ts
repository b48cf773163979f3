import { expect, test } from 'vitest';
import type { Sample } from '../../../src/core/types/index.js';
import type { Html } from '../../../src/reporting/html/html.js';
import { nodeMemoryChart, ownMemoryChart } from '../../../src/reporting/html/time-charts.js';
import { nightFacts } from './facts.js';

const MiB = 1024 ** 2;
const [night] = nightFacts().samples;

const sample = (seconds: number, more: Partial<Sample>): Sample => ({ ...night!, seconds, level: 'normal', ...more });

/** The y of each stretch of the curve, from the path of its edge: `M40 90H160V30H280…`. */
function heights(chart: Html | null): number[] {
  const path = /class="edge" d="M[\d.]+ ([^"]*)"/.exec(chart!.text)![1]!;
  return path.split(/H[\d.]+V?/).flatMap((y) => (y === '' ? [] : [Number(y)]));
}

const bands = (chart: Html | null): string[] =>
  [...chart!.text.matchAll(/class="(zone-\w+)"/g)].map(([, name]) => name!);

const rises = [100, 400, 200].map((mib, i) =>
  sample((i + 1) * 10, { rssBytes: mib * MiB, nodeBytes: mib * MiB, limitBytes: 512 * MiB }),
);

test('the curve of our memory follows the resident memory of the samples, and its title names peak and limit', () => {
  const chart = ownMemoryChart(rises, 30);
  const [low, high, middle] = heights(chart);
  // A higher value has a smaller y.
  expect(low).toBeGreaterThan(middle!);
  expect(middle).toBeGreaterThan(high!);
  expect((low! - middle!) / (low! - high!)).toBeCloseTo(1 / 3, 1);
  expect(chart.text).toContain('Resident memory of bulk-load, at most 400 MiB of 512 MiB');
  expect(chart.text).toContain('limit 512 MiB');
});

test('bands mark the high and the critical level of our memory', () => {
  const levels = (['normal', 'high', 'critical', 'stop', 'normal'] as const).map((level, i) =>
    sample((i + 1) * 10, { level }),
  );
  expect(bands(ownMemoryChart(levels, 50)).slice(0, 2)).toEqual(['zone-high', 'zone-critical']);
  expect(bands(ownMemoryChart(rises, 30))).toEqual([]);
});

test('the curve of a node follows its estimate, and there is no chart without one', () => {
  const [low, high, middle] = heights(nodeMemoryChart(rises, 30, 512 * MiB));
  expect((low! - middle!) / (low! - high!)).toBeCloseTo(1 / 3, 1);
  expect(nodeMemoryChart(rises, 30, 512 * MiB)?.text).toContain('--target-memory 512 MiB');
  expect(nodeMemoryChart([sample(10, { nodeBytes: null })], 10, null)).toBeNull();
});
