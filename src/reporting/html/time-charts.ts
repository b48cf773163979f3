// Charts over time: rate and limiting factors, our own memory, the memory of the target's nodes. A table lists the
// values.

import { limitingFactors } from '../../core/limiting-factors.js';
import { count, duration, size } from '../../core/text.js';
import type { Sample } from '../../core/types/index.js';
import { type Html, html, table } from './html.js';
import { byteTicks, countTicks, linear, shortCount } from './scale.js';
import {
  band,
  type Frame,
  frameOf,
  picture,
  rounded,
  runs,
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

/** Returns the time range of each sample, with the value that `value` computes from the sample. */
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

/** A row below the chart. The row marks the times at which a factor limited the load or a circuit was open. */
interface ChartLane {
  readonly label: string;
  readonly kind: string;
  /** For each time range, the marked share of its length, 0 to 1. */
  readonly shares: readonly SvgStretch[];
}

/** Smallest share of a time range that is drawn. */
const minShare = 0.05;

function lanesOf(samples: readonly Sample[]): ChartLane[] {
  const share = (seconds: number, elapsed: number): number => Math.min(1, seconds / elapsed);
  const limited = limitingFactors.map(({ key, label }) => ({
    label,
    kind: `limited-${key}`,
    shares: stretches(samples, ({ heldBack }, elapsed) => share(heldBack[key], elapsed)),
  }));
  const open = stretches(samples, ({ endpoints }, elapsed) =>
    share(Math.max(0, ...endpoints.map(({ openSeconds }) => openSeconds)), elapsed),
  );
  const all = [...limited, { label: 'circuit open', kind: 'bad', shares: open }];
  return all.filter(({ shares }) => shares.some(({ value }) => value >= minShare));
}

function laneBase(frame: Frame, label: string, top: number): Html {
  return html`<text x="${frame.left - 8}" y="${top + 10}" text-anchor="end">${label}</text><rect class="lane" x="${frame.left}" y="${top}" width="${rounded(frame.right - frame.left)}" height="${laneHeight}"/>`;
}

function laneOf({ label, kind, shares }: ChartLane, frame: Frame, seconds: number, top: number): Html {
  const x = timeScale(frame, seconds);
  // Shares are rounded up to quarters, so that more adjacent shares are equal and merge. This keeps the page small.
  const quarters = runs(
    shares.map((each) => ({ ...each, value: each.value < minShare ? 0 : Math.ceil(each.value * 4) / 4 })),
  );
  const bands = quarters
    .filter(({ value }) => value > 0)
    .map((each) => band(each, x, top, laneHeight, kind, 0.25 + 0.75 * each.value));
  return html`${laneBase(frame, label, top)}${bands}`;
}

function flushLane(samples: readonly Sample[], frame: Frame, seconds: number, top: number): Html {
  const x = timeScale(frame, seconds);
  const marks = samples
    .filter(({ flushes }) => flushes > 0)
    .map((sample) => html`<path class="flush" d="M${rounded(x(sample.seconds))} ${top}V${top + laneHeight}"/>`);
  return html`${laneBase(frame, 'flushes', top)}${marks}`;
}

/** Charts acknowledged points per second. Rows below the chart mark the times at which each factor limited the load. */
export function rateChart(samples: readonly Sample[], seconds: number): Html {
  const rates = stretches(samples, ({ pointsPerSecond }) => pointsPerSecond);
  const ticks = countTicks(Math.max(1, ...rates.map(({ value }) => value)), 4);
  const lanes = lanesOf(samples);
  const flushed = samples.some(({ flushes }) => flushes > 0);
  const title = `Acknowledged points a second, up to ${count(Math.max(0, ...rates.map(({ value }) => value)))}, over ${duration(seconds)}`;
  return picture(title, (size) => {
    const frame = frameOf(size, size === 'wide' ? 190 : 150);
    const y = linear(ticks.at(-1)!, frame.bottom, frame.top);
    const x = timeScale(frame, seconds);
    const first = frame.bottom + 12;
    const drawn = lanes.map((each, i) => laneOf(each, frame, seconds, first + i * laneStep));
    const below = first + lanes.length * laneStep;
    const bottom = below + (flushed ? laneStep : 0) - (lanes.length === 0 && !flushed ? 12 : 4);
    const content = html`${valueAxis(frame, ticks, y, shortCount)}<path class="area" d="${stepArea(rates, x, y)}"/><path class="edge" d="${stepLine(rates, x, y)}"/>${drawn}${flushed ? flushLane(samples, frame, seconds, below) : null}${timeAxis(frame, seconds, bottom)}`;
    return { height: bottom + axisHeight, content };
  });
}

interface MemoryChart {
  readonly title: string;
  readonly values: readonly SvgStretch[];
  readonly limit: { readonly bytes: number; readonly label: string } | null;
  readonly bands: (frame: Frame) => readonly Html[];
  readonly seconds: number;
}

function memoryChart({ title, values, limit, bands, seconds }: MemoryChart): Html {
  const max = Math.max(limit?.bytes ?? 0, ...values.map(({ value }) => value));
  const ticks = byteTicks(max, 4);
  return picture(title, (window) => {
    const frame = frameOf(window, window === 'wide' ? 120 : 110);
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

/** Charts resident memory and its limit. Bands mark the times at which the memory level was high or critical. */
export function ownMemoryChart(samples: readonly Sample[], seconds: number): Html {
  const values = stretches(samples, ({ rssBytes }) => rssBytes);
  const limit = samples.at(-1)?.limitBytes ?? 0;
  const max = Math.max(0, ...values.map(({ value }) => value));
  const levels = runs(stretches(samples, ({ level }) => ({ normal: 0, high: 1, critical: 2, stop: 2 })[level]));
  return memoryChart({
    title: `Resident memory of bulk-load, at most ${size(max)} of ${size(limit)}`,
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

/** Charts the estimated memory of the fullest node; null without an estimate. */
export function nodeMemoryChart(samples: readonly Sample[], seconds: number, allowed: number | null): Html | null {
  if (samples.every(({ nodeBytes }) => nodeBytes === null)) return null;
  const values = stretches(samples, ({ nodeBytes }) => nodeBytes ?? 0);
  const max = Math.max(0, ...values.map(({ value }) => value));
  return memoryChart({
    title: `Estimated memory of the fullest node of the target, peak ${size(max)}${allowed === null ? '' : ` of ${size(allowed)}`}`,
    values,
    limit: allowed === null ? null : { bytes: allowed, label: `--target-memory ${size(allowed)}` },
    bands: () => [],
    seconds,
  });
}

const maxRows = 24;

interface TimeRow {
  readonly from: number;
  readonly to: number;
  readonly points: number;
  readonly rssBytes: number;
  readonly nodeBytes: number | null;
  readonly limitedBy: string;
  readonly flushes: number;
}

/** Lists the values of the charts in at most 24 rows. */
export function dataTable(samples: readonly Sample[]): Html {
  const perRow = Math.ceil(samples.length / maxRows);
  const rows: TimeRow[] = [];
  for (let i = 0; i < samples.length; i += perRow)
    rows.push(timeRow(samples.slice(i, i + perRow), samples[i - 1]?.seconds ?? 0));
  const values = table<TimeRow>(
    'The run over time',
    [
      { head: 'Time', cell: ({ from, to }) => `${duration(from)} – ${duration(to)}` },
      { head: 'Points/s', number: true, cell: ({ from, to, points }) => count(to > from ? points / (to - from) : 0) },
      { head: 'Limited by', cell: ({ limitedBy }) => limitedBy },
      { head: 'Flushes', number: true, cell: ({ flushes }) => count(flushes) },
      { head: 'Resident', number: true, cell: ({ rssBytes }) => size(rssBytes) },
      {
        head: 'Node, estimated',
        number: true,
        cell: ({ nodeBytes }) => (nodeBytes === null ? '–' : size(nodeBytes)),
      },
    ],
    rows,
  );
  return html`<details><summary>Values of the charts</summary>${values}</details>`;
}

function timeRow(samples: readonly Sample[], from: number): TimeRow {
  const to = samples.at(-1)!.seconds;
  const points = stretchedFrom(samples, from).reduce((sum, { rate, seconds }) => sum + rate * seconds, 0);
  const limited = limitingFactors
    .map(({ key, label }) => ({ label, seconds: samples.reduce((sum, { heldBack }) => sum + heldBack[key], 0) }))
    .filter(({ seconds }) => seconds > minShare * (to - from))
    .map(({ label, seconds }) => `${label} ${duration(seconds)}`);
  const node = samples.map(({ nodeBytes }) => nodeBytes).filter((bytes) => bytes !== null);
  return {
    from,
    to,
    points,
    rssBytes: Math.max(...samples.map(({ rssBytes }) => rssBytes)),
    nodeBytes: node.length === 0 ? null : Math.max(...node),
    limitedBy: limited.length === 0 ? '–' : limited.join(', '),
    flushes: samples.reduce((sum, { flushes }) => sum + flushes, 0),
  };
}

function stretchedFrom(samples: readonly Sample[], from: number): { rate: number; seconds: number }[] {
  return samples.map(({ seconds, pointsPerSecond }, i) => ({
    rate: pointsPerSecond,
    seconds: seconds - (samples[i - 1]?.seconds ?? from),
  }));
}
