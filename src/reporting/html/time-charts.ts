// Pictures over time: how fast, and what held it back; our own memory; that of the target's nodes.

import { count, duration, size } from '../../core/text.js';
import type { LimitingFactor, Sample } from '../../core/types/index.js';
import { type Html, html } from './html.js';
import { byteTicks, countTicks, linear, shortCount } from './scale.js';
import {
  band,
  type Frame,
  frameOf,
  picture,
  rounded,
  runs,
  type Size,
  type SvgStretch,
  stepArea,
  stepLine,
  timeAxis,
  timeScale,
  valueAxis,
} from './svg.js';

const axisHeight = 26;
const laneHeight = 12;
const laneStep = 19;

export const causes: readonly (readonly [LimitingFactor, string])[] = [
  ['target', 'target'],
  ['targetMemory', 'target memory'],
  ['ownMemory', 'own memory'],
  ['input', 'input'],
  ['rateLimit', 'rate limit'],
];

/** Each sample with its beginning, and one value of it. */
export function stretches(
  samples: readonly Sample[],
  value: (sample: Sample, elapsed: number) => number,
): SvgStretch[] {
  const all = samples.map((sample, i) => {
    const from = samples[i - 1]?.seconds ?? 0;
    return { from, to: sample.seconds, value: value(sample, Math.max(sample.seconds - from, 1e-3)) };
  });
  return all.filter(({ from, to }) => to > from);
}

interface Lane {
  readonly label: string;
  readonly kind: string;
  /** Share of each stretch, 0 to 1. */
  readonly shares: readonly SvgStretch[];
}

/** Less than this of a stretch is nobody's trouble. */
const leastShare = 0.05;

function lanesOf(samples: readonly Sample[]): Lane[] {
  const share = (seconds: number, elapsed: number): number => Math.min(1, seconds / elapsed);
  const held = causes.map(([cause, label]) => ({
    label,
    kind: `held-${cause}`,
    shares: stretches(samples, ({ heldBack }, elapsed) => share(heldBack[cause], elapsed)),
  }));
  const dead = stretches(samples, ({ endpoints }, elapsed) =>
    share(Math.max(0, ...endpoints.map(({ openSeconds }) => openSeconds)), elapsed),
  );
  const all = [...held, { label: 'node gone', kind: 'bad', shares: dead }];
  return all.filter(({ shares }) => shares.some(({ value }) => value >= leastShare));
}

function lane({ label, kind, shares }: Lane, frame: Frame, seconds: number, top: number): Html {
  const x = timeScale(frame, seconds);
  // In quarters: neighbours then are one piece, and a day is no larger than an hour.
  const quarters = runs(
    shares.map((each) => ({ ...each, value: each.value < leastShare ? 0 : Math.ceil(each.value * 4) / 4 })),
  );
  const bands = quarters
    .filter(({ value }) => value > 0)
    .map((each) => band(each, x, top, laneHeight, kind, 0.25 + 0.75 * each.value));
  return html`${laneName(frame, label, top)}<rect class="lane" x="${frame.left}" y="${top}" width="${rounded(frame.right - frame.left)}" height="${laneHeight}"/>${bands}`;
}

function laneName(frame: Frame, label: string, top: number): Html {
  return html`<text x="${frame.left - 8}" y="${top + 10}" text-anchor="end">${label}</text>`;
}

function flushLane(samples: readonly Sample[], frame: Frame, seconds: number, top: number): Html {
  const x = timeScale(frame, seconds);
  const marks = samples
    .filter(({ flushes }) => flushes > 0)
    .map((sample) => {
      const at = rounded(x(sample.seconds));
      return html`<path class="flush" d="M${at} ${top}V${top + laneHeight}"/>`;
    });
  return html`${laneName(frame, 'flushes', top)}<rect class="lane" x="${frame.left}" y="${top}" width="${rounded(frame.right - frame.left)}" height="${laneHeight}"/>${marks}`;
}

/** Acknowledged points a second, and below what held the load back. */
export function speed(samples: readonly Sample[], seconds: number): Html {
  const rates = stretches(samples, ({ pointsPerSecond }) => pointsPerSecond);
  const ticks = countTicks(Math.max(1, ...rates.map(({ value }) => value)), 4);
  const lanes = lanesOf(samples);
  const flushed = samples.some(({ flushes }) => flushes > 0);
  const title = `Acknowledged points a second, up to ${count(Math.max(0, ...rates.map(({ value }) => value)))}, over ${duration(seconds)}`;
  return picture(title, (kind) => {
    const frame = frameOf(kind, kind === 'wide' ? 190 : 150);
    const y = linear(ticks.at(-1)!, frame.bottom, frame.top);
    const x = timeScale(frame, seconds);
    const first = frame.bottom + 12;
    const drawn = lanes.map((each, i) => lane(each, frame, seconds, first + i * laneStep));
    const below = first + lanes.length * laneStep;
    const bottom = below + (flushed ? laneStep : 0) - (lanes.length === 0 && !flushed ? 12 : 4);
    const content = html`${valueAxis(frame, ticks, y, shortCount)}<path class="area" d="${stepArea(rates, x, y)}"/><path class="edge" d="${stepLine(rates, x, y)}"/>${drawn}${flushed ? flushLane(samples, frame, seconds, below) : null}${timeAxis(frame, seconds, bottom)}`;
    return { height: bottom + axisHeight, content };
  });
}

interface Limited {
  readonly title: string;
  readonly values: readonly SvgStretch[];
  readonly limit: { readonly bytes: number; readonly label: string } | null;
  readonly bands: (frame: Frame) => readonly Html[];
  readonly seconds: number;
}

function limited({ title, values, limit, bands, seconds }: Limited): Html {
  const most = Math.max(limit?.bytes ?? 0, ...values.map(({ value }) => value));
  const ticks = byteTicks(most, 4);
  return picture(title, (kind: Size) => {
    const frame = frameOf(kind, kind === 'wide' ? 120 : 110);
    const y = linear(ticks.at(-1)!, frame.bottom, frame.top);
    const x = timeScale(frame, seconds);
    const content = html`${bands(frame)}${valueAxis(frame, ticks, y, size)}<path class="area" d="${stepArea(values, x, y)}"/><path class="edge" d="${stepLine(values, x, y)}"/>${limit === null ? null : limitLine(frame, y(limit.bytes), limit.label)}${timeAxis(frame, seconds, frame.bottom)}`;
    return { height: frame.bottom + axisHeight, content };
  });
}

function limitLine(frame: Frame, y: number, label: string): Html {
  const at = rounded(y);
  return html`<line class="limit" x1="${frame.left}" x2="${frame.right}" y1="${at}" y2="${at}"/><text class="limit-name" x="${frame.right}" y="${at - 5}" text-anchor="end">${label}</text>`;
}

/** Resident memory under its limit; behind it the times in which it was high or critical. */
export function ownMemory(samples: readonly Sample[], seconds: number): Html {
  const values = stretches(samples, ({ rssBytes }) => rssBytes);
  const limit = samples.at(-1)?.limitBytes ?? 0;
  const most = Math.max(0, ...values.map(({ value }) => value));
  const levels = runs(stretches(samples, ({ level }) => ({ normal: 0, high: 1, critical: 2, stop: 2 })[level]));
  return limited({
    title: `Resident memory of the loader, at most ${size(most)} of ${size(limit)}`,
    values,
    limit: limit === 0 ? null : { bytes: limit, label: `limit ${size(limit)}` },
    bands: (frame) => {
      const x = timeScale(frame, seconds);
      return levels
        .filter(({ value }) => value > 0)
        .map((each) =>
          band(each, x, frame.top, frame.bottom - frame.top, each.value === 1 ? 'zone-high' : 'zone-critical'),
        );
    },
    seconds,
  });
}

/** An estimate, and called so. Null when nothing is known. */
export function nodeMemory(samples: readonly Sample[], seconds: number, allowed: number | null): Html | null {
  const known = samples.filter(({ nodeBytes }) => nodeBytes !== null);
  if (known.length === 0) return null;
  const values = stretches(samples, ({ nodeBytes }) => nodeBytes ?? 0);
  const most = Math.max(0, ...values.map(({ value }) => value));
  const of = allowed === null ? '' : ` of ${size(allowed)}`;
  return limited({
    title: `Estimated memory of the fullest node of the target, at most ${size(most)}${of}`,
    values,
    limit: allowed === null ? null : { bytes: allowed, label: `--target-memory ${size(allowed)}` },
    bands: () => [],
    seconds,
  });
}
