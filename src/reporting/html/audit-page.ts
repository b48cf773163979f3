// `audit --report`: the result of an audit on one HTML page.

import { count, duration, plural, size } from '../../core/text.js';
import type { AuditDifference, AuditSummary } from '../../core/types/index.js';
import { auditSentence, differenceCounts, differenceTotal, repairText, seriesOf } from '../audit-summary.js';
import { htmlDocument } from './document.js';
import { type Html, html, joined, more, name, table } from './html.js';
import { type SettingRow, settingSection } from './report-tables.js';

export interface AuditPageFacts {
  readonly summary: AuditSummary;
  readonly database: string;
  /** Name of the product that the target runs. */
  readonly target: string;
  readonly urls: readonly string[];
  readonly settings: readonly SettingRow[];
}

/** Renders the whole document. */
export function auditPage(facts: AuditPageFacts): string {
  const { summary, database } = facts;
  const title = `audit: ${differenceCounts(summary.differences)} in ${database}`;
  const body = html`${header(facts)}${differences(summary)}${rejects(summary)}${otherTables(summary)}${settingSection(facts.settings)}<footer><p>bulk-load ${summary.version}, ${facts.target}. All times are UTC. This page needs no network and contains no secrets.</p></footer>`;
  return htmlDocument(title, summary.version, body);
}

function header({ summary, database, urls }: AuditPageFacts): Html {
  const { inputs, target, windows, range, seconds, memory, repair, exitCode, outcome } = summary;
  const where = joined(
    urls.map((url) => name(url)),
    ', ',
  );
  const figures = Object.entries({
    missing: summary.differences.missing,
    extra: summary.differences.extra,
    different: summary.differences.different,
    outdated: summary.differences.overwritten,
  }).map(
    ([label, value]) =>
      html`<div><dt>${label}</dt><dd class="${value === 0 ? 'none' : 'bad'}">${count(value)}</dd></div>`,
  );
  const times = range === null ? null : html`<p class="equation">From ${range.from} until ${range.to}, exclusive</p>`;
  const next = outcome === 'complete' ? 'Nothing.' : nextStep(summary);
  return html`<header><p class="over">Audit of <b>${name(database)}</b> at ${where}</p>
<h1><span class="mark ${outcome === 'complete' ? 'good' : 'bad'}"></span>${auditSentence(summary)}</h1>
<p class="when">${summary.startedAt} – ${summary.endedAt} · ${duration(seconds)} · exit code ${exitCode}</p>
<dl class="figures">${figures}</dl>
<p class="equation">Inputs: ${plural(inputs.points, 'point')}, ${plural(inputs.values, 'value')}; ${plural(inputs.overwritten, 'point')} changed by later lines; ${count(inputs.rejected)} rejected</p>
<p class="equation">Target: ${plural(target.points, 'point')}, ${plural(target.values, 'value')}; ${plural(windows.total, 'window')}, ${count(windows.differing)} of them compared point by point; peak memory ${size(memory.peakRssBytes)} of ${size(memory.limitBytes)}</p>${times}${repair === null ? null : html`<p class="equation">Repair: ${repairText(repair)}</p>`}
<div class="todo"><h2>What to do</h2><p>${next}</p></div></header>`;
}

function nextStep({ repair, differences: { extra } }: AuditSummary): string {
  if (repair === null && extra === 0) return 'Load the missing and the different points again with --repair.';
  return 'Look at the differences. --repair loads missing and different points again and deletes nothing.';
}

function differences({ differences: found }: AuditSummary): Html | null {
  const total = differenceTotal(found);
  if (total === 0) return null;
  const rows = table<AuditDifference>(
    'Points that differ, by table and time',
    [
      { head: 'Point', cell: (each) => html`${name(seriesOf(each))}<span class="aside"> ${each.time}</span>` },
      { head: 'Difference', cell: ({ kind }) => (kind === 'overwritten' ? 'outdated' : kind) },
      { head: 'Fields', cell: (each) => html`${each.fields.map(fieldLine)}` },
    ],
    found.listed,
  );
  const hidden = total - found.listed.length;
  return html`<section><h2>Differences</h2>${rows}${more(hidden > 0 ? `and ${plural(hidden, 'more point')}` : null)}</section>`;
}

function fieldLine({ name: field, expected, found }: AuditDifference['fields'][number]): Html {
  return html`<span class="note">${name(field)}: expected ${name(expected ?? 'nothing')}, found ${name(found ?? 'nothing')}</span>`;
}

function rejects({ inputs }: AuditSummary): Html | null {
  const reasons = Object.entries(inputs.byReason);
  if (reasons.length === 0) return null;
  const lines = reasons.map(([reason, points]) => html`<li><code>${reason}</code> ${plural(points, 'point')}</li>`);
  return html`<section><h2>Rejected points</h2><p>A load rejects these points, so the audit does not compare them.</p><ul class="plain">${lines}</ul></section>`;
}

function otherTables({ otherTables: names }: AuditSummary): Html | null {
  if (names.length === 0) return null;
  return html`<section><h2>Tables that were not read</h2><p>The inputs have no point of these tables.</p><ul class="plain">${names.map((each) => html`<li>${name(each)}</li>`)}</ul></section>`;
}
