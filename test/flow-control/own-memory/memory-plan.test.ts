import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { slotBytes } from '../../../src/batching/arena.js';
import { MemoryLimitError } from '../../../src/core/errors.js';
import { size } from '../../../src/core/text.js';
import {
  bytesPerInput,
  limitForWindow,
  type MemoryPlan,
  type PlanRequest,
  plan,
} from '../../../src/flow-control/own-memory/memory-plan.js';

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
    chunkBytes: { narrow: 512 * KiB, wide: MiB, workerThread: 2 * MiB },
    remoteBytes: 0,
    inputBytes: 0,
    hasLargeWindow: false,
    threads: 0,
    threadBytes: () => 0,
    narrowThreadBytes: null,
    slotBytes,
    ...more,
  };
}

/** Adds all parts of a plan. */
function total({ baseBytes, reserveBytes, formatBytes, slots, slotBytes: each }: MemoryPlan): number {
  return baseBytes + reserveBytes + formatBytes + slots * each;
}

test('a large limit gives every writer a slot of the requested size', () => {
  const memory = plan(request(512 * MiB));
  expect(memory).toMatchObject({ slots: 8, batchBytes: MiB, points: 10_000, note: null });
  expect(memory.slotBytes).toBe(slotBytes(memory));
  expect(total(memory)).toBeLessThanOrEqual(512 * MiB);
});

test('the memory of a remote input counts in the plan and in the smallest limit', () => {
  const remoteBytes = 2 * MiB;
  const memory = plan(request(512 * MiB, { remoteBytes }));
  expect(memory.windowBytes).toBe(plan(request(512 * MiB)).windowBytes - remoteBytes);
  const least = (more: Partial<PlanRequest>): number =>
    [...Array(200).keys()].map((i) => i + 64).find((limit) => fits(request(limit * MiB, more)))!;
  expect(least({ remoteBytes })).toBe(least({}) + 2);
});

function planned(asked: PlanRequest): MemoryPlan | MemoryLimitError {
  try {
    return plan(asked);
  } catch (error) {
    if (error instanceof MemoryLimitError) return error;
    throw error;
  }
}

function fits(asked: PlanRequest): boolean {
  return !(planned(asked) instanceof MemoryLimitError);
}

/** Checks that the refusal names the smallest limit in whole MiB that works. */
function namesSmallestLimit({ message }: MemoryLimitError, limit: number, more: Partial<PlanRequest>): boolean {
  const needed = Number(/at least (\d+)MiB/.exec(message)?.[1]);
  return needed * MiB > limit && fits(request(needed * MiB, more)) && !fits(request((needed - 1) * MiB, more));
}

test('reads are large where V8 optimizes the kernel, and small elsewhere', () => {
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

test('a slot has room for the longest point with a generated timestamp and for the longest reject', () => {
  const memory = plan(request(512 * MiB, { batchBytes: 64 * KiB, maxPointBytes: 3 * MiB }));
  expect(memory.batchBytes).toBe(64 * KiB);
  expect(memory.bodyBytes).toBeGreaterThanOrEqual(3 * MiB + 24);
  expect(memory.sideBytes).toBeGreaterThanOrEqual(3 * MiB + 512 * KiB);
});

test('a slot is planned for at most as many points as fit its body', () => {
  const memory = plan(
    request(512 * MiB, { batchBytes: 64 * KiB, maxPointBytes: 64 * KiB + 1, batchPoints: 1_000_000 }),
  );
  expect(memory.points).toBe(8201);
});

test('the format gets worker threads only if everything else fits, a large window included', () => {
  const wanted = { threads: 2, threadBytes: (threads: number) => threads * 15 * MiB, hasLargeWindow: true };
  const memory = plan(request(512 * MiB, wanted));
  expect(memory).toMatchObject({ threads: 2, formatBytes: 35 * MiB, sideBytes: 3 * MiB, slots: 8, note: null });
  expect(total(memory)).toBeLessThanOrEqual(512 * MiB);
  expect(plan(request(512 * MiB))).toMatchObject({ threads: 0, formatBytes: 5 * MiB });
  for (const limit of [128, 256, 300]) {
    expect(plan(request(limit * MiB, wanted))).toEqual(plan(request(limit * MiB, { hasLargeWindow: true })));
  }
  const limits = [...Array(256).keys()].map((i) => 256 + i);
  const least = [1, 2].map(
    (threads) => limits.find((limit) => plan(request(limit * MiB, wanted)).threads === threads)!,
  );
  expect(least[0]).toBeLessThan(least[1]!);
  for (const limit of least) {
    const { windowBytes } = plan(request(limit * MiB, wanted));
    expect([windowBytes >= 128 * MiB, windowBytes < 129 * MiB]).toEqual([true, true]);
  }
  expect(plan(request(512 * MiB, { ...wanted, workers: 200 })).threads).toBe(0);
  const small = plan(request(256 * MiB, { ...wanted, hasLargeWindow: false }));
  expect(small).toMatchObject({ threads: 2, slots: 8, note: null });
  expect(small.windowBytes).toBeGreaterThanOrEqual(32 * MiB);
});

test('below the limit for the compiler, rows get worker threads if all writers keep their slots', () => {
  const wanted = {
    threads: 2,
    threadBytes: () => 48 * MiB,
    narrowThreadBytes: (threads: number) => threads * 15 * MiB,
  };
  const memory = plan(request(192 * MiB, wanted));
  expect(memory).toMatchObject({ threads: 2, optimizes: false, formatBytes: 34 * MiB, slots: 8, note: null });
  expect(total(memory)).toBeLessThanOrEqual(192 * MiB);
  expect(memory.windowBytes).toBeGreaterThanOrEqual(8 * MiB);
  expect(plan(request(192 * MiB, { ...wanted, narrowThreadBytes: null })).threads).toBe(0);
  expect(plan(request(128 * MiB, wanted))).toEqual(plan(request(128 * MiB)));
  expect(plan(request(192 * MiB, { ...wanted, hasLargeWindow: true })).threads).toBe(0);
});

describe('a small limit:', () => {
  test('slots become fewer first, then batches smaller, and the note states both', () => {
    const fewer = plan(request(118 * MiB));
    expect(fewer.slots).toBeLessThan(8);
    expect(fewer.batchBytes).toBe(MiB);
    expect(fewer.note).toBe(`the memory limit allows ${fewer.slots} instead of 8 writers`);

    const smaller = plan(request(112 * MiB, { batchBytes: 16 * MiB, maxPointBytes: 64 * KiB }));
    expect(smaller.batchBytes).toBeLessThan(16 * MiB);
    expect(smaller.note).toContain(` and batches of ${size(smaller.batchBytes)} instead of 16 MiB`);
  });

  test('a plan never exceeds the limit, and a refusal names the smallest limit that works', () => {
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
        const memory = planned(asked);
        if (memory instanceof MemoryLimitError) return namesSmallestLimit(memory, limit, more);
        return (
          total(memory) <= limit &&
          memory.slots >= 1 &&
          memory.slots <= more.workers &&
          memory.batchBytes <= more.batchBytes
        );
      }),
      { numRuns: 500 },
    );
  });

  test('a limit that is too small is refused with figures and advice', () => {
    expect(() => plan(request(64 * MiB))).toThrow(
      'planning memory: expected a limit of at least 103MiB for one writer with these settings ' +
        '(base 80 MiB, format 4 MiB, the rest is a reserve and the batch of one writer), found 64 MiB (--memory-limit). ' +
        'Use --memory-limit 103MiB or more, or lower --max-point-bytes and --batch-bytes.',
    );
    expect(() => plan(request(64 * MiB, { remoteBytes: 2 * MiB, inputBytes: MiB }))).toThrow(
      /at least 106MiB for .*\(base 80 MiB, format 6 MiB, inputs 1 MiB, the rest/,
    );
  });
});

test('the names and totals of many inputs count in the plan, in the smallest limit and in its message', () => {
  const inputBytes = 100_000 * bytesPerInput;
  const memory = plan(request(512 * MiB, { inputBytes }));
  expect(memory.windowBytes).toBe(plan(request(512 * MiB)).windowBytes - inputBytes);
  expect(() => plan(request(135 * MiB, { inputBytes }))).toThrow(
    /at least 170MiB for one writer .*format 4 MiB, inputs 65\.8 MiB, the rest/,
  );
  expect(fits(request(170 * MiB, { inputBytes }))).toBe(true);
  expect(fits(request(169 * MiB, { inputBytes }))).toBe(false);
});

test('V8 optimizes the kernel only if the limit has room for its compiler', () => {
  const wide = plan(request(256 * MiB));
  const tight = plan(request(255 * MiB));
  expect([wide.optimizes, tight.optimizes]).toEqual([true, false]);
  expect(wide.baseBytes - tight.baseBytes).toBe(24 * MiB);
  // A point of 64 MiB takes most of this limit, so the compiler gives way.
  const long = plan(request(258 * MiB, { maxPointBytes: 64 * MiB }));
  expect(long).toMatchObject({ optimizes: false, slots: 1 });
  expect(total(long)).toBeLessThanOrEqual(258 * MiB);
  const threaded = { threads: 1, threadBytes: () => 15 * MiB };
  expect(plan(request(258 * MiB, { maxPointBytes: 64 * MiB, ...threaded }))).toEqual(long);
});

test('the limit for a window is the smallest one in whole MiB with room for it', () => {
  const asked = request(128 * MiB);
  const limit = limitForWindow(asked, 64 * MiB)!;
  const source = '--memory-limit';
  expect(plan({ ...asked, limit: { bytes: limit, source } }).windowBytes).toBeGreaterThanOrEqual(64 * MiB);
  expect(plan({ ...asked, limit: { bytes: limit - MiB, source } }).windowBytes).toBeLessThan(64 * MiB);
  expect(limitForWindow(asked, 2 ** 40)).toBeNull();
  const { windowBytes: largest } = plan(request(4096 * MiB));
  expect([limitForWindow(asked, largest), limitForWindow(asked, largest + 1)]).toEqual([4096 * MiB, null]);
  // The smallest limit of a load is no whole number of MiB.
  const limits = [...Array(2000).keys()].map((i) => request(80 * MiB + i * 32 * KiB));
  const least = limits.find((each) => !(planned(each) instanceof MemoryLimitError))!;
  expect(limitForWindow(least, 64 * MiB)).toBe(limit);
});

test('a window of 8 MiB fits every limit from 116 MiB on', () => {
  for (let limit = 104; limit <= 512; limit += 1) {
    expect(plan(request(limit * MiB)).windowBytes).toBeGreaterThanOrEqual(8 * MiB);
  }
});

test.each([
  [512, { optimizes: true, baseBytes: 104 * MiB, reserveBytes: Math.floor(51.2 * MiB), formatBytes: 5 * MiB }],
  [128, { optimizes: false, baseBytes: 80 * MiB, reserveBytes: 16 * MiB, formatBytes: 4 * MiB }],
])('the parts of a plan for %i MiB add up to the limit by hand', (mib, parts) => {
  const memory = plan(request(mib * MiB));
  expect(memory).toMatchObject(parts);
  const rest = mib * MiB - parts.baseBytes - parts.reserveBytes - parts.formatBytes;
  expect(memory.slots).toBe(Math.min(8, Math.floor(rest / memory.slotBytes)));
  expect(memory.windowBytes).toBe(rest - memory.slots * memory.slotBytes + Math.floor(parts.reserveBytes / 2));
});

test('batches are halved down to 64 KiB and no further', () => {
  const sizes = { batchBytes: 32 * MiB, maxPointBytes: KiB };
  const batches = [...Array(2000).keys()]
    .map((i) => planned(request(90 * MiB + i * 32 * KiB, sizes)))
    .flatMap((each) => (each instanceof MemoryLimitError ? [] : [each.batchBytes / KiB]));
  expect([...new Set(batches)].sort((a, b) => a - b)).toEqual([
    64, 128, 256, 512, 1024, 2048, 4096, 8192, 16_384, 32_768,
  ]);
  expect(plan(request(512 * MiB, { batchBytes: 20 * KiB })).batchBytes).toBe(20 * KiB);
});
