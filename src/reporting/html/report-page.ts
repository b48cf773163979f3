// `--report`: the run on one page, for whoever comes in the morning. What matters stands first; everything else is below
// it, in the order in which one would ask. A pure function: the same facts are the same page.

import { createHash } from 'node:crypto';
import { outcomes } from '../../core/outcomes.js';
import { count, duration, plural, size } from '../../core/text.js';
import type { RunDetails, Sample, Summary } from '../../core/types/index.js';
import { sentenceOf } from '../summary.js';
import { dataTable } from './data-table.js';
import { endpoints } from './endpoint-charts.js';
import { type Html, html, joined, name } from './html.js';
import {
  inputs,
  type NoticeRow,
  noticeTable,
  rejects,
  type Setting,
  settings,
  target,
  verified,
} from './report-tables.js';
import { linear } from './scale.js';
import { style } from './style.js';
import { rounded } from './svg.js';
import { causes, nodeMemory, ownMemory, speed } from './time-charts.js';

export interface PageFacts {
  readonly summary: Summary;
  readonly samples: readonly Sample[];
  /** Null: it never got so far. */
  readonly particulars: RunDetails | null;
  /** First message of each reason for rejects. */
  readonly examples: Readonly<Record<string, string>>;
  readonly settings: readonly Setting[];
  readonly database: string;
  /** As people call its kind. */
  readonly target: string;
  readonly urls: readonly string[];
  /** In words, what took the points of a dry run; null: the target. */
  readonly writtenTo: string | null;
  /** What a node may take; null: anything. */
  readonly targetMemoryBytes: number | null;
  readonly said: readonly NoticeRow[];
  /** Notices of kinds that are not among `said`. */
  readonly saidMore: number;
}

/** Fewer looks make no picture. */
const leastSamples = 2;
/** The whole document. */
export function page(facts: PageFacts): string {
  const { summary } = facts;
  const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'`;
  // Made of our own text alone: an entity would not be read inside of it.
  const sheet = `<style>${style}`;
  const head = html`<!doctype html>
<!-- a report of bulk-load -->
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer"><meta name="color-scheme" content="light dark"><meta name="generator" content="bulk-load ${summary.version}"><title>${title(facts)}</title>`;
  const body = html`<body><main>${header(facts)}${overTime(facts)}${inputs(summary, facts.particulars)}${rejects(summary, facts.particulars, facts.examples)}${verified(summary)}${target(summary, facts.particulars)}${reached(facts)}${noticeTable(facts.said, facts.saidMore)}${settings(facts.settings)}${footer(facts)}</main></body></html>
`;
  return `${head.text}${sheet}</style></head>${body.text}`;
}

function title({ summary, database }: PageFacts): string {
  return `${summary.outcome}: ${count(summary.points.loaded)} points into ${database}`;
}

function header(facts: PageFacts): Html {
  const { summary, database, urls } = facts;
  const { startedAt, endedAt, seconds, exitCode, reason } = summary;
  const shown = urls.slice(0, 4).map((url) => name(url));
  const where = html`${joined(shown, ', ')}${urls.length > 4 ? ` and ${urls.length - 4} more` : ''}`;
  return html`<header><p class="over">Load into <b>${name(database)}</b> at ${where}</p>
<h1><span class="mark ${colour(summary)}"></span>${sentenceOf(summary, facts.writtenTo)}</h1>
${reason === null ? null : html`<p class="reason">${name(reason.charAt(0).toUpperCase() + reason.slice(1))}</p>`}
<p class="when">${day(startedAt)} ${clock(startedAt)} – ${day(startedAt) === day(endedAt) ? '' : `${day(endedAt)} `}${clock(endedAt)} UTC · ${duration(seconds)} · exit code ${exitCode}</p>
${figures(summary)}${todo(summary)}</header>`;
}

function colour({ outcome, points }: Summary): string {
  if (outcome === 'complete') return points.rejected === 0 ? 'good' : 'warn';
  return outcome === 'complete-with-rejects' || outcome === 'interrupted' ? 'warn' : 'bad';
}

function day(iso: string): string {
  return iso.slice(0, 10);
}

function clock(iso: string): string {
  return iso.slice(11, 19);
}

function figures(summary: Summary): Html {
  const { points, thisRun, rate, values } = summary;
  const one = (label: string, value: number, kind = ''): Html =>
    html`<div><dt>${label}</dt><dd class="${value === 0 ? 'none' : kind}">${count(value)}</dd></div>`;
  const resumed = thisRun.read !== points.read || thisRun.loaded !== points.loaded;
  const run = `In this run: ${count(thisRun.read)} read, ${count(thisRun.loaded)} loaded, ${count(thisRun.rejected)} rejected. The account spans all runs of the load.`;
  return html`<dl class="figures">${one('points read', points.read)}${one('loaded', points.loaded)}${one('rejected', points.rejected, 'warn')}${one('undelivered', points.undelivered, 'bad')}${one('points/s', rate.pointsPerSecond)}</dl>
${balance(points)}<p class="equation">${plural(values.loaded, 'value')}; ${size(summary.bytes.read)} read, ${size(summary.bytes.sent)} sent</p>${resumed ? html`<p class="equation">${run}</p>` : null}`;
}

/** What is there is seen, however little it is. */
function balance({ read, loaded, rejected, undelivered }: Summary['points']): Html {
  const x = linear(Math.max(read, 1), 0, 1000);
  const least = (points: number): number => (points === 0 ? 0 : Math.max(4, x(points)));
  const [bad, lost] = [least(rejected), least(undelivered)];
  const good = loaded === 0 ? 0 : 1000 - bad - lost;
  const part = (kind: string, from: number, width: number): Html =>
    html`<rect class="${kind}" x="${rounded(from)}" width="${rounded(width)}" height="6"/>`;
  return html`<svg class="balance" viewBox="0 0 1000 6" preserveAspectRatio="none" aria-hidden="true">${part('nothing', 0, 1000)}${part('loaded', 0, good)}${part('rejected', good, bad)}${part('undelivered', good + bad, lost)}</svg>`;
}

function todo(summary: Summary): Html {
  const { continueWith, rejects: found, outcome, points, checkpoint } = summary;
  const steps: Html[] = [];
  if (continueWith !== null) {
    const safe =
      outcomes[outcome].retryUnattended === true
        ? ' It may be done unattended: what was acknowledged is not sent again.'
        : '';
    steps.push(html`<li>Continue with this command.${safe}<pre><code>${continueWith}</code></pre></li>`);
  }
  if (points.rejected > 0 && found.deadLetters !== null) {
    const files = joined(
      found.deadLetters.map((path) => name(path)),
      ', ',
    );
    steps.push(
      html`<li>Mend the ${plural(points.rejected, 'rejected point')} and load ${found.deadLetters.length === 1 ? 'the file' : 'the files'}: ${files}</li>`,
    );
  }
  if (checkpoint !== null)
    steps.push(html`<li><span class="aside">How far it got is kept in ${name(checkpoint)}</span></li>`);
  if (steps.length === 0)
    return html`<div class="todo"><h2>What to do</h2><p>${outcome === 'complete' ? 'Nothing.' : 'See the reason above.'}</p></div>`;
  return html`<div class="todo"><h2>What to do</h2><ul>${steps}</ul></div>`;
}

function overTime({ summary, samples, targetMemoryBytes }: PageFacts): Html {
  const seconds = samples.at(-1)?.seconds ?? 0;
  if (samples.length < leastSamples || seconds <= 0) {
    const why =
      samples.length === 0
        ? 'It ended before anything was read.'
        : `At ${duration(summary.seconds)} it was too short for a picture.`;
    return html`<section><h2>Over time</h2><p class="none">${why}</p></section>`;
  }
  const node = nodeMemory(samples, seconds, targetMemoryBytes);
  return html`<section><h2>Over time</h2>
<figure><figcaption><strong>Acknowledged points a second</strong> <span class="aside">${heldBack(summary)}</span></figcaption>${speed(samples, seconds)}</figure>
<figure><figcaption><strong>Our resident memory</strong> <span class="aside">${memoryWords(summary)}</span></figcaption>${ownMemory(samples, seconds)}</figure>
${node === null ? null : html`<figure><figcaption><strong>Memory of the fullest node, an estimate</strong> <span class="aside">${nodeWords(summary)}</span></figcaption>${node}</figure>`}
${dataTable(samples)}</section>`;
}

function heldBack({ pressure, target: { flushes }, seconds }: Summary): string {
  const by = causes
    .map(([cause, label]) => ({
      label: cause === 'target' || cause === 'input' ? `the ${label}` : label,
      held: pressure.heldBackBy[cause],
    }))
    .filter(({ held }) => held >= Math.max(0.05, 0.01 * seconds))
    .sort((a, b) => b.held - a.held)
    .map(({ label, held }) => `${label} ${duration(held)}`);
  const held = by.length === 0 ? 'hardly held back by anything' : `held back by ${by.join(', ')}`;
  return `${held}${flushes > 0 ? `; ${plural(flushes, 'flush').replace(/flushs$/, 'flushes')} asked for` : ''}`;
}

function memoryWords({ memory }: Summary): string {
  const times = [
    ...(memory.highSeconds > 0 ? [`high for ${duration(memory.highSeconds)}`] : []),
    ...(memory.criticalSeconds > 0 ? [`critical for ${duration(memory.criticalSeconds)}`] : []),
    ...(memory.forcedGcs > 0 ? [plural(memory.forcedGcs, 'forced collection')] : []),
  ];
  return [`${size(memory.peakRssBytes)} at most of ${size(memory.limitBytes)} (${memory.limitSource})`, ...times].join(
    ', ',
  );
}

function nodeWords({ target: { estimatedPeakBytesPerNode: peak } }: Summary): string {
  return `${peak === null ? '' : `${size(peak)} at most; `}reckoned from what was sent and flushed, not measured`;
}

function reached({ summary, samples }: PageFacts): Html | null {
  return samples.length < leastSamples || summary.requests.sent === 0
    ? null
    : endpoints(summary.endpoints, samples, samples.at(-1)!.seconds);
}

function footer({ summary, target: title }: PageFacts): Html {
  const { version, requests, target: of } = summary;
  return html`<footer><p>bulk-load ${version}, ${of.version === null ? title : `${title} ${of.version}`}; ${plural(requests.sent, 'request')}, ${count(requests.retried)} of them again. All times are UTC. This page needs no network and holds no secret.</p></footer>`;
}
