// Compares the model cluster with measured servers: one set of constants for every recorded peak.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type FixedPolicy, runFixed } from '../../support/model/fixed.js';
import type { ClusterShape, MemoryConstants } from '../../support/model/shape.js';

interface Calibration {
  readonly constants: MemoryConstants;
  readonly clusters: Record<string, ClusterShape>;
  /** `peaksMiB` is null if the nodes were killed. */
  readonly runs: readonly {
    readonly cluster: string;
    readonly loadMiB: number;
    readonly policy: FixedPolicy;
    readonly peaksMiB: readonly number[] | null;
  }[];
}

const file = new URL('../../../fixtures/scenarios/calibration.json', import.meta.url);
const { constants, clusters, runs } = JSON.parse(readFileSync(file, 'utf8')) as Calibration;
const tolerance = 0.15;
/** Chance decides which node gets the heavier shards. */
const sorted = (peaks: readonly number[]): number[] => peaks.toSorted((a, b) => a - b);
const run = ({ cluster, loadMiB, policy }: Calibration['runs'][number]) =>
  runFixed(clusters[cluster]!, constants, loadMiB, policy);
const survived = runs.filter(({ peaksMiB }) => peaksMiB !== null);
const killed = runs.filter(({ peaksMiB }) => peaksMiB === null);

test.each(survived)('$cluster with $policy.writers writers of $policy.bodyKiB KiB peaks as measured', (each) => {
  const ran = run(each);
  expect(ran.killed).toEqual([]);
  const measured = sorted(each.peaksMiB ?? []);
  expect(ran.peaksMiB).toHaveLength(measured.length);
  const errors = sorted(ran.peaksMiB).map((peak, i) => Math.abs(peak / measured[i]! - 1));
  expect(Math.max(...errors)).toBeLessThanOrEqual(tolerance);
});

test.each(killed)('$cluster with $policy.writers writers of $policy.bodyKiB KiB is killed as measured', (each) => {
  expect(run(each).killed).not.toEqual([]);
});
