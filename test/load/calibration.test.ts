// The model cluster held against what real servers showed: one set of constants, every peak on record.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type FixedPolicy, runFixed } from '../support/model/fixed.js';
import type { ClusterShape, MemoryConstants } from '../support/model/shape.js';

interface Calibration {
  readonly constants: MemoryConstants;
  readonly clusters: Record<string, ClusterShape>;
  /** `peaksMiB` null: the nodes were killed. */
  readonly runs: readonly {
    readonly cluster: string;
    readonly loadMiB: number;
    readonly policy: FixedPolicy;
    readonly peaksMiB: readonly number[] | null;
  }[];
}

const file = new URL('../../fixtures/scenarios/calibration.json', import.meta.url);
const { constants, clusters, runs } = JSON.parse(readFileSync(file, 'utf8')) as Calibration;
const tolerance = 0.15;
/** Which node gets the heavier shards is chance. */
const sorted = (peaks: readonly number[]): number[] => [...peaks].sort((a, b) => a - b);

test.each(runs)('$cluster, $policy.writers writers of $policy.bodyKiB KiB: peaks as measured', (run) => {
  const ran = runFixed(clusters[run.cluster]!, constants, run.loadMiB, run.policy);
  const want = run.peaksMiB === null ? null : sorted(run.peaksMiB);
  if (want === null) {
    expect(ran.killed).not.toEqual([]);
    return;
  }
  expect(ran.killed).toEqual([]);
  for (const [i, peak] of sorted(ran.peaksMiB).entries())
    expect(Math.abs(peak / want[i]! - 1)).toBeLessThanOrEqual(tolerance);
});
