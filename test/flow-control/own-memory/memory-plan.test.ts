import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { slotBytes } from '../../../src/batching/arena.js';
import { MemoryLimitError } from '../../../src/core/errors.js';
import { limitForWindow, type PlanRequest, plan } from '../../../src/flow-control/own-memory/memory-plan.js';

const KiB = 1024;
const MiB = 1024 * KiB;

function request(limitBytes: number, more: Partial<PlanRequest> = {}): PlanRequest {
  return {
    limit: { bytes: limitBytes, source: '--memory-limit' },
    workers: 8,
    batchBytes: MiB,
    batchPoints: 10_000,
    maxPointBytes: MiB,
    formatBytes: 4 * MiB,
    wideBytes: MiB,
    chunkBytes: { narrow: 512 * KiB, wide: MiB, apart: 2 * MiB },
    remoteBytes: 0,
    apartBytes: null,
    slotBytes,
    ...more,
  };
}

/** What the plan takes, all parts of it. */
function total({ baseBytes, reserveBytes, formatBytes, slots, slotBytes: each }: ReturnType<typeof plan>): number {
  return baseBytes + reserveBytes + formatBytes + slots * each;
}

test('with room enough there is a slot for each writer, as large as asked for, and nothing to note', () => {
  const memory = plan(request(512 * MiB));
  expect(memory).toMatchObject({ slots: 8, batchBytes: MiB, points: 10_000, note: null });
  expect(memory.slotBytes).toBe(slotBytes(memory));
  expect(total(memory)).toBeLessThanOrEqual(512 * MiB);
});

test('what a remote input holds is part of the plan, and of the least limit', () => {
  const remoteBytes = 2 * MiB;
  const memory = plan(request(512 * MiB, { remoteBytes }));
  expect(memory.windowBytes).toBe(plan(request(512 * MiB)).windowBytes - remoteBytes);
  const least = (more: Partial<PlanRequest>): number =>
    [...Array(200).keys()].map((i) => i + 64).find((limit) => fits(request(limit * MiB, more)))!;
  expect(least({ remoteBytes })).toBe(least({}) + 2);
});

function fits(asked: PlanRequest): boolean {
  try {
    plan(asked);
    return true;
  } catch {
    return false;
  }
}

test('as much is read at once as pays where the kernel is compiled for speed, and half of it elsewhere', () => {
  const sizes = { maxPointBytes: 64 * KiB };
  expect(plan(request(512 * MiB, sizes))).toMatchObject({
    optimizes: true,
    formatBytes: 5 * MiB,
    sideBytes: 1088 * KiB,
  });
  expect(plan(request(128 * MiB, sizes))).toMatchObject({
    optimizes: false,
    formatBytes: 4 * MiB,
    sideBytes: 576 * KiB,
  });
});

test('a slot takes the longest point with its stamp, and a reject of the longest kind', () => {
  const memory = plan(request(512 * MiB, { batchBytes: 64 * KiB, maxPointBytes: 3 * MiB }));
  expect(memory.batchBytes).toBe(64 * KiB);
  expect(memory.bodyBytes).toBeGreaterThanOrEqual(3 * MiB + 24);
  expect(memory.sideBytes).toBeGreaterThanOrEqual(3 * MiB + 512 * KiB);
});

test('no more points are planned for than can be in a body', () => {
  const memory = plan(request(512 * MiB, { batchBytes: 64 * KiB, maxPointBytes: 64 * KiB, batchPoints: 1_000_000 }));
  expect(memory.points).toBe(Math.ceil(memory.bodyBytes / 8));
});

test('the format gets a thread of its own only where everything else has its room, the largest window included', () => {
  const apartBytes = 30 * MiB;
  const memory = plan(request(512 * MiB, { apartBytes }));
  expect(memory).toMatchObject({ apart: true, formatBytes: 35 * MiB, sideBytes: 3 * MiB, slots: 8, note: null });
  expect(total(memory)).toBeLessThanOrEqual(512 * MiB);
  expect(plan(request(512 * MiB))).toMatchObject({ apart: false, formatBytes: 5 * MiB });
  for (const limit of [128, 256, 300]) {
    expect(plan(request(limit * MiB, { apartBytes }))).toEqual(plan(request(limit * MiB)));
  }
  const least = [...Array(256).keys()]
    .map((i) => 256 + i)
    .find((limit) => plan(request(limit * MiB, { apartBytes })).apart)!;
  expect(plan(request(least * MiB, { apartBytes })).windowBytes).toBeGreaterThanOrEqual(128 * MiB);
  expect(plan(request(512 * MiB, { apartBytes, workers: 200 })).apart).toBe(false);
});

describe('with less memory', () => {
  test('first there are fewer slots, then smaller batches, and both are said', () => {
    const fewer = plan(request(118 * MiB));
    expect(fewer.slots).toBeLessThan(8);
    expect(fewer.batchBytes).toBe(MiB);
    expect(fewer.note).toBe(`the memory limit allows ${fewer.slots} instead of 8 writers`);

    const smaller = plan(request(112 * MiB, { batchBytes: 16 * MiB, maxPointBytes: 64 * KiB }));
    expect(smaller.batchBytes).toBeLessThan(16 * MiB);
    expect(smaller.note).toContain(` and batches of ${smaller.batchBytes} instead of 16777216 bytes`);
  });

  test('what is planned never exceeds the limit, and is refused only when not even the smallest fits', () => {
    const sizes = fc.record({
      limit: fc.integer({ min: 64, max: 2048 }).map((each) => each * MiB),
      workers: fc.integer({ min: 1, max: 64 }),
      batchBytes: fc.integer({ min: 16 * KiB, max: 64 * MiB }),
      batchPoints: fc.integer({ min: 1, max: 100_000 }),
      maxPointBytes: fc.integer({ min: KiB, max: 64 * MiB }),
    });
    fc.assert(
      fc.property(sizes, ({ limit, ...more }) => {
        const asked = request(limit, more);
        try {
          const memory = plan(asked);
          expect(total(memory)).toBeLessThanOrEqual(limit);
          expect(memory.slots).toBeGreaterThanOrEqual(1);
          expect(memory.slots).toBeLessThanOrEqual(more.workers);
          expect(memory.batchBytes).toBeLessThanOrEqual(more.batchBytes);
        } catch (error) {
          expect(error).toBeInstanceOf(MemoryLimitError);
          const needed = Number(/at least (\d+)MiB/.exec((error as Error).message)?.[1]);
          expect(needed * MiB).toBeGreaterThan(limit);
          expect(plan(request(needed * MiB, more)).slots).toBeGreaterThan(0); // the figure it names is enough
          expect(() => plan(request((needed - 1) * MiB, more))).toThrow(MemoryLimitError); // and no more than that
        }
      }),
      { numRuns: 500 },
    );
  });

  test('a limit that is too small is refused with the figures and what to do', () => {
    expect(() => plan(request(64 * MiB))).toThrow(
      'planning memory — expected a limit of at least 111MiB for one writer with these settings ' +
        '(base 88MiB, format 4MiB, the rest reserve and one slot) — got 64MiB (--memory-limit) — ' +
        'raise --memory-limit, or lower --max-point-bytes and --batch-bytes',
    );
  });
});

test('the kernel is optimized where there is room for the compiler as well, and only there', () => {
  const wide = plan(request(256 * MiB));
  const tight = plan(request(255 * MiB));
  expect([wide.optimizes, tight.optimizes]).toEqual([true, false]);
  expect(wide.baseBytes - tight.baseBytes).toBe(36 * MiB);
  // A point of 60 MiB takes most of this limit: then the compiler has to stand back.
  const long = plan(request(270 * MiB, { maxPointBytes: 60 * MiB }));
  expect(long).toMatchObject({ optimizes: false, slots: 1 });
  expect(total(long)).toBeLessThanOrEqual(270 * MiB);
});

test('the limit named for a window is the smallest whole one that leaves room for it', () => {
  const asked = request(128 * MiB);
  const limit = limitForWindow(asked, 64 * MiB)!;
  const source = '--memory-limit';
  expect(plan({ ...asked, limit: { bytes: limit, source } }).windowBytes).toBeGreaterThanOrEqual(64 * MiB);
  expect(plan({ ...asked, limit: { bytes: limit - MiB, source } }).windowBytes).toBeLessThan(64 * MiB);
  expect(limitForWindow(asked, 2 ** 40)).toBeNull();
});

test('an ordinary window always fits', () => {
  for (let limit = 116; limit <= 512; limit += 1) {
    expect(plan(request(limit * MiB)).windowBytes).toBeGreaterThanOrEqual(8 * MiB);
  }
});
