// Each endpoint: what it answered over time, by kind, and how long it took.

import { count, duration, latency, plural } from '../../core/text.js';
import type { Answers, Sample, Summary } from '../../core/types/index.js';
import { type Html, html, name } from './html.js';
import { figure, more, table } from './html-table.js';
import { countTicks, linear, shortCount } from './scale.js';
import {
  band,
  frameOf,
  picture,
  runs,
  type SvgStretch,
  stepArea,
  stepLine,
  timeAxis,
  timeScale,
  valueAxis,
} from './svg.js';
import { stretches } from './time-charts.js';

type EndpointChart = Summary['endpoints'][number];

/** From below to above in the picture. */
const kinds: readonly (readonly [keyof Answers, string])[] = [
  ['accepted', 'accepted'],
  ['rejected', 'rejected'],
  ['forming', 'not ready'],
  ['overloaded', 'overloaded'],
  ['dropped', 'connection lost'],
  ['unreachable', 'not reached'],
  ['refused', 'refused'],
];
const pictured = 8;
const listed = 100;

export function endpoints(all: readonly EndpointChart[], samples: readonly Sample[], seconds: number): Html {
  // Only the first few are in the samples.
  const known = samples.at(-1)?.endpoints.length ?? 0;
  const pictures = all.slice(0, Math.min(pictured, known)).map((each, i) => one(each, i, samples, seconds));
  const rows = table(
    'What was acknowledged through each endpoint',
    [
      { head: 'Endpoint', cell: ({ url }) => name(url) },
      { head: 'Loaded', number: true, cell: ({ loaded }) => figure(loaded) },
      { head: 'Failures', number: true, cell: ({ failures }) => figure(failures, 'bad') },
      {
        head: 'Left alone',
        number: true,
        cell: ({ openSeconds }) =>
          openSeconds < 0.05
            ? html`<span class="none">–</span>`
            : html`<span class="bad">${duration(openSeconds)}</span>`,
      },
    ],
    all.slice(0, listed),
  );
  const rest = all.length > listed ? `and ${plural(all.length - listed, 'more endpoint')}` : null;
  return html`<section><h2>${all.length === 1 ? 'The endpoint' : 'The endpoints'}</h2>${all.length > 1 ? rows : null}${more(rest)}${pictures}</section>`;
}

function one(
  { url, loaded, failures, openSeconds }: EndpointChart,
  i: number,
  samples: readonly Sample[],
  seconds: number,
): Html {
  const seen = kinds
    .map(([kind, label]) => {
      const times = samples.reduce((sum, { endpoints: each }) => sum + (each[i]?.answers[kind] ?? 0), 0);
      return { kind, label, times };
    })
    .filter(({ times }) => times > 0);
  const worst = Math.max(0, ...samples.map(({ endpoints: each }) => each[i]?.p99Ms ?? 0));
  const facts = [
    `${plural(loaded, 'point')} loaded`,
    ...(failures > 0 ? [plural(failures, 'failure')] : []),
    ...(openSeconds >= 0.05 ? [`left alone for ${duration(openSeconds)}`] : []),
    ...(worst > 0 ? [`p99 up to ${latency(worst)}`] : []),
  ];
  const legend = seen.map(
    ({ kind, label, times }) => html`<li><span class="key answer-${kind}"></span>${label} <b>${count(times)}</b></li>`,
  );
  return html`<figure class="endpoint"><figcaption><strong>${name(url)}</strong> <span class="aside">${facts.join(' · ')}</span></figcaption>
<p class="axis-name">Answers a second</p><ul class="legend">${legend}</ul>${answers(url, i, samples, seconds)}
<p class="axis-name">p99 of acknowledged writes; the worst of each stretch</p>${latencies(url, i, samples, seconds)}</figure>`;
}

/** Kinds on top of each other; the times in which it was left alone behind them. */
function answers(url: string, i: number, samples: readonly Sample[], seconds: number): Html {
  const rate = (kind: keyof Answers): SvgStretch[] =>
    stretches(samples, ({ endpoints: all }, elapsed) => (all[i]?.answers[kind] ?? 0) / elapsed);
  let below = stretches(samples, () => 0);
  const layers = kinds.map(([kind]) => {
    const from = below;
    below = rate(kind).map((each, at) => ({ ...each, value: each.value + from[at]!.value }));
    return { kind, top: below, empty: below.every(({ value }, at) => value === from[at]!.value) };
  });
  const ticks = countTicks(Math.max(1, ...below.map(({ value }) => value)), 3);
  const open = runs(stretches(samples, ({ endpoints: all }) => Number((all[i]?.openSeconds ?? 0) > 0))).filter(
    ({ value }) => value > 0,
  );
  return picture(`Answers of ${url} by kind over time`, (kind) => {
    const frame = frameOf(kind, kind === 'wide' ? 84 : 80);
    const x = timeScale(frame, seconds);
    const y = linear(ticks.at(-1)!, frame.bottom, frame.top);
    const zones = open.map((each) => band(each, x, frame.top, frame.bottom - frame.top, 'zone-critical'));
    // From the highest down: each covers what lies below the next.
    const areas = layers
      .filter(({ empty }) => !empty)
      .reverse()
      .map((layer) => html`<path class="answer-${layer.kind}" d="${stepArea(layer.top, x, y)}"/>`);
    const content = html`${zones}${valueAxis(frame, ticks, y, shortCount)}${areas}${timeAxis(frame, seconds, frame.bottom)}`;
    return { height: frame.bottom + 26, content };
  });
}

function latencies(url: string, i: number, samples: readonly Sample[], seconds: number): Html {
  const values = stretches(samples, ({ endpoints: all }) => all[i]?.p99Ms ?? 0).filter(({ value }) => value > 0);
  const ticks = countTicks(Math.max(1, ...values.map(({ value }) => value)), 2);
  return picture(`99th percentile of the latency of ${url} over time, in milliseconds`, (kind) => {
    const frame = frameOf(kind, 56);
    const x = timeScale(frame, seconds);
    const y = linear(ticks.at(-1)!, frame.bottom, frame.top);
    const content = html`${valueAxis(frame, ticks, y, (ms) => (ms === 0 ? '0' : latency(ms)))}<path class="edge" d="${stepLine(values, x, y)}"/>${timeAxis(frame, seconds, frame.bottom)}`;
    return { height: frame.bottom + 26, content };
  });
}
