// Charts of the endpoints: responses over time by kind, latencies, and totals.

import { count, duration, latency, plural } from '../../core/text.js';
import type { Answers, Sample, Summary } from '../../core/types/index.js';
import { answerKinds } from '../answers.js';
import { figure, type Html, html, more, name, table } from './html.js';
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

type EndpointSummary = Summary['endpoints'][number];

const maxCharts = 8;
const maxRows = 100;
/** Shortest time with an open circuit that the page shows, s. */
const minOpenSeconds = 0.05;

export function endpointSection(all: readonly EndpointSummary[], samples: readonly Sample[], seconds: number): Html {
  // The samples contain only the first endpoints, so only these endpoints get a chart.
  const sampled = samples.at(-1)?.endpoints.length ?? 0;
  const charts = all.slice(0, Math.min(maxCharts, sampled)).map((each, i) => endpointFigure(each, i, samples, seconds));
  const rows = table<EndpointSummary>(
    'Points acknowledged through each endpoint',
    [
      { head: 'Endpoint', cell: ({ url }) => name(url) },
      { head: 'Loaded', number: true, cell: ({ loaded }) => figure(loaded) },
      { head: 'Failures', number: true, cell: ({ failures }) => figure(failures, 'bad') },
      {
        head: 'Circuit open',
        number: true,
        cell: ({ openSeconds }) =>
          openSeconds < minOpenSeconds
            ? html`<span class="none">–</span>`
            : html`<span class="bad">${duration(openSeconds)}</span>`,
      },
    ],
    all.slice(0, maxRows),
  );
  const rest = all.length > maxRows ? `and ${plural(all.length - maxRows, 'more endpoint')}` : null;
  return html`<section><h2>${all.length === 1 ? 'The endpoint' : 'The endpoints'}</h2>${all.length > 1 ? rows : null}${more(rest)}${charts}</section>`;
}

function endpointFigure(
  { url, loaded, failures, openSeconds }: EndpointSummary,
  i: number,
  samples: readonly Sample[],
  seconds: number,
): Html {
  const seen = answerKinds
    .map(({ kind, label }) => {
      const times = samples.reduce((sum, { endpoints }) => sum + (endpoints[i]?.answers[kind] ?? 0), 0);
      return { kind, label, times };
    })
    .filter(({ times }) => times > 0);
  const worst = Math.max(0, ...samples.map(({ endpoints }) => endpoints[i]?.p99Ms ?? 0));
  const facts = [
    `${plural(loaded, 'point')} loaded`,
    ...(failures > 0 ? [plural(failures, 'failure')] : []),
    ...(openSeconds >= minOpenSeconds ? [`circuit open for ${duration(openSeconds)}`] : []),
    ...(worst > 0 ? [`p99 up to ${latency(worst)}`] : []),
  ];
  const legend = seen.map(
    ({ kind, label, times }) => html`<li><span class="key answer-${kind}"></span>${label} <b>${count(times)}</b></li>`,
  );
  return html`<figure class="endpoint"><figcaption><strong>${name(url)}</strong> <span class="aside">${facts.join(' · ')}</span></figcaption>
<p class="axis-name">Responses per second</p><ul class="legend">${legend}</ul>${answerChart(url, i, samples, seconds)}
<p class="axis-name">p99 latency of acknowledged writes, maximum of each interval</p>${latencyChart(url, i, samples, seconds)}</figure>`;
}

/** Draws the kinds of responses as stacked areas. Background bands mark the times with an open circuit. */
function answerChart(url: string, i: number, samples: readonly Sample[], seconds: number): Html {
  const rate = (kind: keyof Answers): SvgStretch[] =>
    stretches(samples, ({ endpoints }, elapsed) => (endpoints[i]?.answers[kind] ?? 0) / elapsed);
  let below = stretches(samples, () => 0);
  const layers = answerKinds.map(({ kind }) => {
    const from = below;
    below = rate(kind).map((each, at) => ({ ...each, value: each.value + from[at]!.value }));
    return { kind, top: below, empty: below.every(({ value }, at) => value === from[at]!.value) };
  });
  const ticks = countTicks(Math.max(1, ...below.map(({ value }) => value)), 3);
  const open = runs(stretches(samples, ({ endpoints }) => Number((endpoints[i]?.openSeconds ?? 0) > 0))).filter(
    ({ value }) => value > 0,
  );
  return picture(`Answers of ${url} by kind over time`, (size) => {
    const frame = frameOf(size, size === 'wide' ? 84 : 80);
    const x = timeScale(frame, seconds);
    const y = linear(ticks.at(-1)!, frame.bottom, frame.top);
    const zones = open.map((each) => band(each, x, frame.top, frame.bottom - frame.top, 'zone-critical'));
    // The highest area is drawn first. Each further area covers the lower part of the earlier areas.
    const areas = layers
      .filter(({ empty }) => !empty)
      .reverse()
      .map((layer) => html`<path class="answer-${layer.kind}" d="${stepArea(layer.top, x, y)}"/>`);
    const content = html`${zones}${valueAxis(frame, ticks, y, shortCount)}${areas}${timeAxis(frame, seconds, frame.bottom)}`;
    return { height: frame.bottom + 26, content };
  });
}

function latencyChart(url: string, i: number, samples: readonly Sample[], seconds: number): Html {
  const values = stretches(samples, ({ endpoints }) => endpoints[i]?.p99Ms ?? 0).filter(({ value }) => value > 0);
  const ticks = countTicks(Math.max(1, ...values.map(({ value }) => value)), 2);
  return picture(`99th percentile of the latency of ${url} over time, in milliseconds`, (size) => {
    const frame = frameOf(size, 56);
    const x = timeScale(frame, seconds);
    const y = linear(ticks.at(-1)!, frame.bottom, frame.top);
    const content = html`${valueAxis(frame, ticks, y, (ms) => (ms === 0 ? '0' : latency(ms)))}<path class="edge" d="${stepLine(values, x, y)}"/>${timeAxis(frame, seconds, frame.bottom)}`;
    return { height: frame.bottom + 26, content };
  });
}
