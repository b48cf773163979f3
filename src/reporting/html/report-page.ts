// `--report`: the run on one HTML page. The result and the next steps come first, and details follow. The page depends
// only on `PageFacts`.

import { outcomes } from '../../core/outcomes.js';
import { count, duration, plural, size } from '../../core/text.js';
import type { RunDetails, Sample, Summary } from '../../core/types/index.js';
import { figures } from '../figures.js';
import type { NoticeEntry } from '../notices.js';
import { closingSentence, limitText, memoryText, timeText } from '../summary.js';
import { htmlDocument } from './document.js';
import { endpointSection } from './endpoint-charts.js';
import { type Html, html, joined, name } from './html.js';
import {
  inputSection,
  machineSection,
  noticeSection,
  rejectSection,
  type SettingRow,
  settingSection,
  targetSection,
  verifySection,
} from './report-tables.js';
import { linear } from './scale.js';
import { rounded } from './svg.js';
import { dataTable, nodeMemoryChart, ownMemoryChart, rateChart } from './time-charts.js';

export interface PageFacts {
  readonly summary: Summary;
  readonly samples: readonly Sample[];
  /** Details for the tables of the page; null if the run ended before it read an input. */
  readonly particulars: RunDetails | null;
  /** First message for each reason of rejects. */
  readonly examples: Readonly<Record<string, string>>;
  readonly settings: readonly SettingRow[];
  readonly database: string;
  /** Name of the product that the target runs. */
  readonly target: string;
  readonly urls: readonly string[];
  /** Name of the output of a dry run; null for a target. */
  readonly writtenTo: string | null;
  /** Memory that the load may use on a node; null without a limit. */
  readonly targetMemoryBytes: number | null;
  readonly notices: readonly NoticeEntry[];
  /** Number of notices whose kind is not in `notices`. */
  readonly moreNotices: number;
}

/** Charts need at least two samples. */
const minSamples = 2;
const maxUrls = 4;

/** Renders the whole document. */
export function page(facts: PageFacts): string {
  const { summary, particulars } = facts;
  const body = html`${header(facts)}${overTime(facts)}${inputSection(summary, particulars)}${machineSection(summary)}${rejectSection(summary, particulars, facts.examples)}${verifySection(summary)}${targetSection(summary, particulars)}${endpoints(facts)}${noticeSection(facts.notices, facts.moreNotices)}${settingSection(facts.settings)}${footer(facts)}`;
  return htmlDocument(title(facts), summary.version, body);
}

function title({ summary, database }: PageFacts): string {
  return `${summary.outcome}: ${count(summary.points.loaded)} points into ${database}`;
}

function header(facts: PageFacts): Html {
  const { summary, database, urls } = facts;
  const { startedAt, endedAt, exitCode, reason } = summary;
  const shown = urls.slice(0, maxUrls).map((url) => name(url));
  const where = html`${joined(shown, ', ')}${urls.length > maxUrls ? ` and ${urls.length - maxUrls} more` : ''}`;
  return html`<header><p class="over">Load into <b>${name(database)}</b> at ${where}</p>
<h1><span class="mark ${tone(summary)}"></span>${closingSentence(summary, facts.writtenTo)}</h1>
${reason === null ? null : html`<p class="reason">${name(reason.charAt(0).toUpperCase() + reason.slice(1))}</p>`}
<p class="when">${day(startedAt)} ${clock(startedAt)} – ${day(startedAt) === day(endedAt) ? '' : `${day(endedAt)} `}${clock(endedAt)} UTC · ${timeText(summary)} · exit code ${exitCode}</p>
${largeFigures(summary)}${nextSteps(summary)}</header>`;
}

function tone({ outcome, points }: Summary): string {
  if (outcome === 'complete') return points.rejected === 0 ? 'good' : 'warn';
  return outcome === 'complete-with-rejects' || outcome === 'interrupted' ? 'warn' : 'bad';
}

function day(iso: string): string {
  return iso.slice(0, 10);
}

function clock(iso: string): string {
  return iso.slice(11, 19);
}

function largeFigures(summary: Summary): Html {
  const { points, thisRun, values } = summary;
  const large = figures.flatMap(({ where }) => {
    if (where?.page === undefined) return [];
    const { label, tone: kind = '', read } = where.page;
    const value = read(summary);
    return [html`<div><dt>${label}</dt><dd class="${value === 0 ? 'none' : kind}">${count(value)}</dd></div>`];
  });
  const resumed = thisRun.read !== points.read || thisRun.loaded !== points.loaded;
  const run = `In this run: ${count(thisRun.read)} read, ${count(thisRun.loaded)} loaded, ${count(thisRun.rejected)} rejected. The totals include all runs of the load.`;
  return html`<dl class="figures">${large}</dl>
${balanceBar(points)}<p class="equation">${plural(values.loaded, 'value')}; ${size(summary.bytes.read)} read, ${size(summary.bytes.sent)} sent</p>${resumed ? html`<p class="equation">${run}</p>` : null}`;
}

/** Draws the shares of loaded, rejected and undelivered points. Every share above 0 is visible. */
function balanceBar({ read, loaded, rejected, undelivered }: Summary['points']): Html {
  const x = linear(Math.max(read, 1), 0, 1000);
  const width = (points: number): number => (points === 0 ? 0 : Math.max(4, x(points)));
  const [bad, lost] = [width(rejected), width(undelivered)];
  const good = loaded === 0 ? 0 : 1000 - bad - lost;
  const part = (kind: string, from: number, wide: number): Html =>
    html`<rect class="${kind}" x="${rounded(from)}" width="${rounded(wide)}" height="6"/>`;
  return html`<svg class="balance" viewBox="0 0 1000 6" preserveAspectRatio="none" aria-hidden="true">${part('nothing', 0, 1000)}${part('loaded', 0, good)}${part('rejected', good, bad)}${part('undelivered', good + bad, lost)}</svg>`;
}

function nextSteps(summary: Summary): Html {
  const { rejects, outcome, points, checkpoint, continueWith: command } = summary;
  const { advice } = outcomes[outcome];
  const steps: Html[] = [];
  if (advice !== null) steps.push(html`<li>${advice}</li>`);
  if (command !== null) {
    const how = 'Resume the load with this command. A script may run the command without asking a person.';
    steps.push(html`<li>${how}<pre><code>${command}</code></pre></li>`);
  }
  if (points.rejected > 0 && rejects.deadLetters !== null) {
    const files = joined(
      rejects.deadLetters.map((path) => name(path)),
      ', ',
    );
    // The advice of this outcome already asks to fix and load the dead letters.
    const what = outcome === 'complete-with-rejects' ? 'The dead letters' : 'Fix and load the dead letters';
    steps.push(html`<li>${what} (${plural(points.rejected, 'point')}): ${files}</li>`);
  }
  if (checkpoint !== null) steps.push(html`<li><span class="aside">The checkpoint is ${name(checkpoint)}</span></li>`);
  if (steps.length === 0) {
    const rest = outcome === 'complete' ? 'Nothing.' : 'See the reason above.';
    return html`<div class="todo"><h2>What to do</h2><p>${rest}</p></div>`;
  }
  return html`<div class="todo"><h2>What to do</h2><ul>${steps}</ul></div>`;
}

function overTime({ summary, samples, targetMemoryBytes }: PageFacts): Html {
  const seconds = samples.at(-1)?.seconds ?? 0;
  if (samples.length < minSamples || seconds <= 0) {
    const why =
      samples.length === 0
        ? 'The run ended before it read an input.'
        : `A run of ${duration(summary.seconds)} is too short for charts.`;
    return html`<section><h2>Over time</h2><p class="none">${why}</p></section>`;
  }
  const node = nodeMemoryChart(samples, seconds, targetMemoryBytes);
  const nodeFigure = html`<figure><figcaption><strong>Memory of the fullest node, an estimate</strong> <span class="aside">${nodeText(summary)}</span></figcaption>${node}</figure>`;
  return html`<section><h2>Over time</h2>
<figure><figcaption><strong>Acknowledged points a second</strong> <span class="aside">${rateText(summary)}</span></figcaption>${rateChart(samples, seconds)}</figure>
<figure><figcaption><strong>Resident memory of bulk-load</strong> <span class="aside">${memoryText(summary)}</span></figcaption>${ownMemoryChart(samples, seconds)}</figure>
${node === null ? null : nodeFigure}
${dataTable(samples)}</section>`;
}

function rateText(summary: Summary): string {
  const { flushes } = summary.target;
  const limit = limitText(summary) ?? 'nothing limited the load noticeably';
  return `${limit}${flushes > 0 ? `; ${plural(flushes, 'flush', 'flushes')} requested` : ''}`;
}

function nodeText(summary: Summary): string {
  const peak = summary.target.estimatedPeakBytesPerNode;
  const gap = summary.target.gaugeDifferenceBytes;
  const buckets = plural(summary.target.rinses, 'time bucket');
  const rinsed = summary.target.rinses > 0 ? `; small writes replaced request bodies of ${buckets}` : '';
  const measured =
    gap === null
      ? ', not measured'
      : `; differs by at most ${size(Math.abs(gap))} from the unflushed rows that the nodes report`;
  return `${peak === null ? '' : `${size(peak)} at most${rinsed}; `}computed from the bytes sent and flushed${measured}`;
}

function endpoints({ summary, samples }: PageFacts): Html | null {
  return samples.length < minSamples || summary.requests.sent === 0
    ? null
    : endpointSection(summary.endpoints, samples, samples.at(-1)!.seconds);
}

function footer({ summary, target: kind }: PageFacts): Html {
  const { version, requests, target } = summary;
  const targetName = target.version === null ? kind : `${kind} ${target.version}`;
  return html`<footer><p>bulk-load ${version}, ${targetName}; ${plural(requests.sent, 'request')}, ${count(requests.retried)} of them retries. All times are UTC. This page needs no network and contains no secrets.</p></footer>`;
}
