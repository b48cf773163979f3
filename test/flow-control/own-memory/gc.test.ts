import { expect, test } from 'vitest';
import { collector } from '../../../src/flow-control/own-memory/gc.js';

test('a forced collection frees unreferenced objects before it returns', () => {
  const collect = collector();
  collect();
  let kept: object[] | null = Array.from({ length: 500_000 }, (_, i) => ({ i }));
  collect();
  const holding = process.memoryUsage().heapUsed;
  expect(kept.length).toBe(500_000);
  kept = null;
  collect();
  expect(holding - process.memoryUsage().heapUsed).toBeGreaterThan(10_000_000);
});
