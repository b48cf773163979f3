import { expect, test } from 'vitest';
import {
  evenLayout,
  type ForecastOptions,
  forecastNotices,
  forecastTargetMemory,
} from '../../../src/flow-control/target-memory/target-forecast.js';

const MiB = 1024 * 1024;

/** Level of the plan's notice for a load of so many bytes; null while unknown. */
function levelOf(totalBytes: number | null, change: Partial<ForecastOptions> = {}): string | undefined {
  const options: ForecastOptions = {
    targetMemory: 512 * MiB,
    batchBytes: MiB,
    relieve: true,
    precision: 'ns',
    urls: ['http://db1:8902'],
    ...change,
  };
  const placement = { shard: 1, replica: 1, vnodeDurationMs: null, maxMemcacheBytes: 128 * MiB };
  const extent = { first: null, last: null, unseen: 0, totalBytes };
  const forecast = forecastTargetMemory(options, placement, evenLayout(placement, 1), extent);
  return forecastNotices(options, forecast, extent, '2.4.3').find(({ kind }) => kind === 'target-plan')?.level;
}

test('a plan for the memory of a node that limits nothing is a detail for debugging', () => {
  expect(levelOf(10 * MiB)).toBe('debug');
  expect(levelOf(null, { targetMemory: 4096 * MiB })).toBe('debug');
});

test('a plan that needs a flush or smaller request bodies is shown', () => {
  expect(levelOf(10_000 * MiB)).toBe('info');
  expect(levelOf(null)).toBe('info');
});

test('a plan without a limit is a warning', () => {
  expect(levelOf(10 * MiB, { targetMemory: null })).toBe('warn');
});
