// Whole loads on virtual time against model clusters that run out of memory as measured clusters did. Each file of
// fixtures/scenarios/load describes a cluster, a load and the expectations.

import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { isSoak } from '../support/effort.js';
import { bestFixed, runFixed } from '../support/model/fixed.js';
import { type Played, play } from '../support/model/play.js';
import { scenarioSchema, type ValueRange } from '../support/model/scenario.js';
import { type MemoryConstants, MiB } from '../support/model/shape.js';
import { balances } from '../support/scene.js';

const folder = new URL('../../fixtures/scenarios/', import.meta.url);
const read = (name: string): unknown => JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
const { constants } = read('calibration.json') as { constants: MemoryConstants };
const all = readdirSync(new URL('load/', folder)).map((name) => scenarioSchema.parse(read(`load/${name}`)));

/** Random waits are the same in each run. */
let lots = 7;
beforeAll(() => {
  vi.spyOn(Math, 'random').mockImplementation(() => {
    lots = (Math.imul(lots, 1_664_525) + 1_013_904_223) >>> 0;
    return lots / 2 ** 32;
  });
});
afterAll(() => {
  vi.restoreAllMocks();
});

/**
 * CI and the soak also run the long scenarios, those that resemble another one, and search the best fixed policy again. Every
 * test run compares with the recorded best policy.
 */
const longMiB = 330;
const similar = [
  'thirteen weeks in time buckets of one',
  'ninety days in time buckets of one',
  'ninety days from standard input',
  'a year in time buckets of one day',
  'ninety days in time buckets of one, with the default memory',
  'a year of daily time buckets from standard input in too little memory',
  'a pool smaller than the memcaches, and no leave to flush',
  'the incident: 10 × 1000 points on a cluster too small',
];
const scenarios = all.filter(({ name, load }) => isSoak || (load.mib < longMiB && !similar.includes(name)));
const rounded = (rate: number): number => Number(rate.toFixed(1));

/** Each takes about one second on an idle machine. */
const longestMs = 60_000;

function within(value: number, [from, to]: ValueRange): void {
  expect(value).toBeGreaterThanOrEqual(from);
  expect(value).toBeLessThanOrEqual(to);
}

test('a scenario without one of the expectations is refused', () => {
  expect(all.filter(({ name }) => similar.includes(name))).toHaveLength(similar.length);
  const [first] = readdirSync(new URL('load/', folder));
  const scenario = read(`load/${first}`) as { expect: Record<string, unknown> };
  for (const key of Object.keys(scenario.expect)) {
    const { [key]: _, ...rest } = scenario.expect;
    expect(scenarioSchema.safeParse({ ...scenario, expect: rest }).success, key).toBe(false);
  }
  expect(Object.keys(scenario.expect)).toHaveLength(11);
});

describe.each(scenarios)('$name', ({ cluster, load, options, killers, rivals, expect: expected }) => {
  let played: Played;
  const acknowledged = () => played.passed.filter(({ verdict }) => verdict === 'accepted');
  const seconds = () => Math.max(0, ...acknowledged().map(({ answeredAt }) => answeredAt)) / 1000;

  beforeAll(async () => {
    lots = 7;
    played = await play(cluster, constants, load, options);
  }, longestMs);

  test('the load ends with the expected outcome and time, and its totals balance', () => {
    const { summary, error, points } = played;
    expect(summary.outcome, error?.message).toBe(expected.outcome);
    expect(summary.exitCode).toBe(expected.exitCode);
    expect(summary.reason === null).toBe(expected.reason === null);
    expect(summary.reason ?? '').toMatch(new RegExp(expected.reason ?? '^$'));
    expect(balances(summary)).toBe(true);
    expect(summary.points.loaded === points).toBe(expected.outcome === 'complete');
    within(seconds(), expected.seconds);
  });

  test('no node is killed, and its memory stays within the bounds', () => {
    expect(played.cluster.killed).toEqual([]);
    const peak = Math.max(...played.cluster.nodes.map((node) => node.peak));
    within(peak / MiB, expected.peakMiB);
    within((played.summary.target.estimatedPeakBytesPerNode ?? 0) / peak, expected.estimate);
  });

  test('the load flushes as often as expected, and never twice at once', () => {
    const { flushes, mostFlushesAtOnce } = played.cluster;
    expect(mostFlushesAtOnce).toBeLessThanOrEqual(1);
    within(flushes, expected.flushes);
  });

  test.each(expected.says)('a notice says: %s', (text) => {
    expect(played.notices.map(({ message }) => message).join('\n')).toMatch(new RegExp(text));
  });

  test.each(expected.warnsFirst)('a warning before the first request says: %s', (text) => {
    const first = played.notices.filter(({ sent, level }) => sent === 0 && level === 'warn');
    expect(first.map(({ message }) => message).join('\n')).toMatch(new RegExp(text));
  });

  test.each(expected.windows)('requests from $fromMs to $toMs ms are as expected', (window) => {
    const sent = played.passed.filter(({ sentAt }) => sentAt >= window.fromMs && sentAt < window.toMs);
    const bytes = sent.filter(({ verdict }) => verdict === 'accepted').reduce((sum, each) => sum + each.bytes, 0);
    const spanMs = Math.min(window.toMs, seconds() * 1000) - window.fromMs;
    expect(sent.length).toBeGreaterThan(0);
    const any: ValueRange = [0, Number.POSITIVE_INFINITY];
    within(Math.max(...sent.map(({ inFlight }) => inFlight)), window.inFlight ?? any);
    within(Math.max(...sent.map((each) => each.bytes)) / 1024, window.bodyKiB ?? any);
    within(((bytes / MiB) * 1000) / spanMs, window.mibPerSecond ?? any);
  });

  test.each(killers)('$writers writers of $bodyKiB KiB without reaction kill a node', (policy) => {
    expect(runFixed(cluster, constants, load.mib, policy).killed).not.toEqual([]);
  });

  test.each(rivals === null ? [] : [rivals])('the load is about as fast as the best fixed policy', (fixed) => {
    const { best } = fixed;
    const { killed, mibPerSecond } = runFixed(cluster, constants, load.mib, best);
    expect([killed, rounded(mibPerSecond)]).toEqual([[], best.mibPerSecond]);
    // The search takes minutes.
    const found = isSoak ? bestFixed(cluster, constants, load.mib, fixed) : best;
    expect({ ...found, mibPerSecond: rounded(found.mibPerSecond) }).toEqual(best);
    expect(load.mib / seconds() / mibPerSecond).toBeGreaterThanOrEqual(expected.shareOfBest ?? Number.NaN);
  });
});
