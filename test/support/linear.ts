// Asserts that reading a text takes time in proportion to its length.

import { expect } from 'vitest';

/** The shortest CPU time of several runs, ms. Other processes do not lengthen it. */
function fastest(run: () => unknown): number {
  const times = Array.from({ length: 5 }, () => {
    const start = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  });
  return Math.min(...times);
}

/** @param make returns a text of about this many bytes */
export function expectLinear(make: (bytes: number) => string, read: (text: string) => unknown): void {
  const [short, long] = [make(1 << 16), make(1 << 19)];
  read(short);
  // Eight times the text. Quadratic reading takes 64 times as long in every attempt; half a millisecond hides the noise of
  // short runs, and other threads of the process get several attempts.
  const ratios: number[] = [];
  while (ratios.length < 6 && !ratios.some((ratio) => ratio < 32))
    ratios.push(
      fastest(() => read(long)) /
        Math.max(
          fastest(() => read(short)),
          0.5,
        ),
    );
  expect(Math.min(...ratios)).toBeLessThan(32);
}
