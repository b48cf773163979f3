// Reading the sample of --verify back from a target that answers by script.

import { expect, test } from 'vitest';
import { UnavailableError, VerifyError } from '../../src/core/errors.js';
import { pointValues } from '../../src/core/points/line-protocol.js';
import type { PointValues, Target } from '../../src/core/types/index.js';
import { Verification, verifyError } from '../../src/load/verify.js';
import { batchOf } from '../delivery/support.js';

const never = new AbortController().signal;

/** Samples 20 points and reads them back with `answer`. */
function verification(answer: (points: readonly PointValues[], query: number) => Promise<(PointValues | null)[]>) {
  const sample = new Verification({ precision: 'ns', ordered: true, random: () => 0.5 });
  const batch = batchOf(Array.from({ length: 20 }, (_, i) => `m,t=a f=${i} ${i}`));
  sample.sample(batch);
  sample.settled(batch, { loaded: [{ from: 0, to: 20 }], rejected: [], undelivered: [] });
  let [queries, inFlight, maxInFlight] = [0, 0, 0];
  const sizes: number[] = [];
  const target = {
    traits: { countsPoints: false },
    readBack: async (points: readonly PointValues[]) => {
      sizes.push(points.length);
      inFlight += 1;
      maxInFlight = Math.max(maxInFlight, inFlight);
      const answered = await answer(points, queries++);
      inFlight -= 1;
      return answered;
    },
  } as unknown as Target;
  return { report: () => sample.report(target, never), sizes, maxInFlight: () => maxInFlight };
}

test('the sample is read back one point a query, at most four at a time', async () => {
  const { report, sizes, maxInFlight } = verification(async (points) => {
    await new Promise((resolve) => setImmediate(resolve));
    return [...points];
  });
  expect(await report()).toMatchObject({ sampled: 20, found: 20, equal: 20, differences: [] });
  expect(sizes).toEqual(Array.from({ length: 20 }, () => 1));
  expect(maxInFlight()).toBe(4);
});

test('missing and different points are counted and listed', async () => {
  const other = pointValues(Buffer.from('m,t=a f=99 1'), 'ns');
  const { report } = verification(async (points, query) =>
    query === 0 ? [null] : query === 1 ? [other] : [...points],
  );
  const found = await report();
  expect(found).toMatchObject({ sampled: 20, found: 19, equal: 18 });
  expect(found.differences.map(({ field, got }) => [field, got])).toEqual([
    [null, null],
    ['f', '99'],
  ]);
  expect(verifyError(found, 20)?.message).toContain('found 2 that differ (1 missing)');
});

test('a query that fails ends with verify-failed, and its message does not repeat the query', async () => {
  const { report } = verification(async (points, query) => {
    if (query < 12) return [...points];
    throw new UnavailableError({
      tried: 'querying',
      expected: 'rows',
      found: `no answer within 30s to SELECT "f" FROM "m" WHERE ${'t = 1 OR '.repeat(5000)}`,
      fix: '',
    });
  });
  const error = await report().catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(VerifyError);
  const { message, outcome } = error as VerifyError;
  expect(outcome).toBe('verify-failed');
  expect(message).not.toContain('SELECT');
  expect(message).toMatch(/found 12 of them, then: no answer within 30s to the query/);
  expect(message.length).toBeLessThan(300);
});
