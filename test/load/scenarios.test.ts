// The whole load against model clusters that die as real ones did, on virtual time. fixtures/scenarios/load/*.json say
// what is there, what is asked for, and what must come out.

import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { bestFixed, runFixed } from '../support/model/fixed.js';
import { type Played, play } from '../support/model/play.js';
import type { Range, Scenario } from '../support/model/scenario.js';
import { type MemoryConstants, MiB } from '../support/model/shape.js';
import { balances } from '../support/scene.js';

const folder = new URL('../../fixtures/scenarios/', import.meta.url);
const read = (name: string): unknown => JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
const { constants } = read('calibration.json') as { constants: MemoryConstants };
const all = readdirSync(new URL('load/', folder)).map((name) => read(`load/${name}`) as Scenario);

/** Waits are drawn by lot: the same lots each time. */
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
 * In CI and in the soak: the long ones too, and that no other fixed policy is better than the recorded one. Each test run
 * asks whether that one does what was recorded.
 */
const everything = process.env.BULK_LOAD_SOAK === '1';
const longMiB = 350;
const scenarios = all.filter(({ load }) => everything || load.mib < longMiB);
const rounded = (rate: number): number => Number(rate.toFixed(1));

/** One second each on an idle machine; never waited for. */
const longestMs = 60_000;

function within(value: number, [least, most]: Range): void {
  expect(value).toBeGreaterThanOrEqual(least);
  expect(value).toBeLessThanOrEqual(most);
}

describe.each(scenarios)('$name', ({ cluster, load, options, killers = [], rivals, expect: expected }) => {
  let played: Played;
  const acknowledged = () => played.passed.filter(({ verdict }) => verdict === 'accepted');
  const seconds = () => Math.max(0, ...acknowledged().map(({ answeredAt }) => answeredAt)) / 1000;

  beforeAll(async () => {
    lots = 7;
    played = await play(cluster, constants, load, options);
  }, longestMs);

  test('it ends as it should, and the account balances', () => {
    const { summary, error, points } = played;
    expect(summary.outcome, error?.message).toBe(expected.outcome ?? 'complete');
    if (expected.exitCode !== undefined) expect(summary.exitCode).toBe(expected.exitCode);
    expect(balances(summary)).toBe(true);
    if (summary.outcome === 'complete') expect(summary.points.loaded).toBe(points);
    if (expected.reason !== undefined) expect(summary.reason).toMatch(new RegExp(expected.reason));
    if (expected.seconds !== undefined) within(seconds(), expected.seconds);
  });

  test('no node is killed, and its memory stays where it should', () => {
    expect(played.cluster.killed).toEqual([]);
    const peak = Math.max(...played.cluster.nodes.map((node) => node.peak));
    if (expected.peakMiB !== undefined) within(peak / MiB, expected.peakMiB);
    const estimate = played.summary.target.estimatedPeakBytesPerNode ?? 0;
    if (expected.estimate !== undefined) within(estimate / peak, expected.estimate);
  });

  test('flushes are as many as they should be, and never two at once', () => {
    const { flushes, mostFlushesAtOnce } = played.cluster;
    expect(mostFlushesAtOnce).toBeLessThanOrEqual(1);
    if (expected.flushes !== undefined) within(flushes, expected.flushes);
  });

  test.each(expected.says ?? [])('it says %s', (text) => {
    expect(played.notices.map(({ message }) => message).join('\n')).toMatch(new RegExp(text));
  });

  test.each(expected.warnsFirst ?? [])('it warns before it sends: %s', (text) => {
    const first = played.notices.filter(({ sent, level }) => sent === 0 && level === 'warn');
    expect(first.map(({ message }) => message).join('\n')).toMatch(new RegExp(text));
  });

  test.each(expected.windows ?? [])('from $fromMs to $toMs ms it is as expected', (window) => {
    const sent = played.passed.filter(({ sentAt }) => sentAt >= window.fromMs && sentAt < window.toMs);
    const bytes = sent.filter(({ verdict }) => verdict === 'accepted').reduce((sum, each) => sum + each.bytes, 0);
    const spanMs = Math.min(window.toMs, seconds() * 1000) - window.fromMs;
    expect(sent.length).toBeGreaterThan(0);
    if (window.inFlight !== undefined) within(Math.max(...sent.map(({ inFlight }) => inFlight)), window.inFlight);
    if (window.bodyKiB !== undefined) within(Math.max(...sent.map((each) => each.bytes)) / 1024, window.bodyKiB);
    if (window.mibPerSecond !== undefined) within(((bytes / MiB) * 1000) / spanMs, window.mibPerSecond);
  });

  test.each(killers)('$writers writers of $bodyKiB KiB without reaction kill it', (policy) => {
    expect(runFixed(cluster, constants, load.mib, policy).killed).not.toEqual([]);
  });

  if (rivals !== undefined)
    test('it holds its own against the best fixed policy', () => {
      const { best } = rivals;
      const { killed, mibPerSecond } = runFixed(cluster, constants, load.mib, best);
      expect([killed, rounded(mibPerSecond)]).toEqual([[], best.mibPerSecond]);
      if (everything) {
        const found = bestFixed(cluster, constants, load.mib, rivals);
        expect({ ...found, mibPerSecond: rounded(found.mibPerSecond) }).toEqual(best);
      }
      expect(load.mib / seconds() / mibPerSecond).toBeGreaterThanOrEqual(expected.shareOfBest ?? 0);
    });
});
