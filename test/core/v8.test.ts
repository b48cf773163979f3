import { constants, PerformanceObserver } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { collectAll, countUsedBuffer } from '../../src/core/v8.js';

test('a forced collection frees unreferenced objects before it returns', () => {
  collectAll();
  let kept: object[] | null = Array.from({ length: 500_000 }, (_, i) => ({ i }));
  collectAll();
  const holding = process.memoryUsage().heapUsed;
  expect(kept.length).toBe(500_000);
  kept = null;
  collectAll();
  expect(holding - process.memoryUsage().heapUsed).toBeGreaterThan(10_000_000);
});

test('buffers that were used up are freed without full collections', async () => {
  collectAll();
  const kinds: number[] = [];
  const observer = new PerformanceObserver((list) => {
    kinds.push(
      ...list
        .getEntries()
        .map((entry) => (entry as unknown as { readonly detail: { readonly kind: number } }).detail.kind),
    );
  });
  observer.observe({ entryTypes: ['gc'] });
  for (let i = 0; i < 400; i += 1) {
    countUsedBuffer(Buffer.allocUnsafe(256 * 1024).length);
    await setImmediate();
  }
  await vi.waitFor(() => expect(kinds.length).toBeGreaterThan(20));
  observer.disconnect();
  expect(kinds.filter((kind) => kind === constants.NODE_PERFORMANCE_GC_MAJOR).length).toBeLessThan(3);
});
