// The account in tables: inputs, rejects, what is new on the target, what was read back, settings.

import { count, duration, plural, size } from '../../core/text.js';
import type { RunDetails, Summary } from '../../core/types/index.js';
import { chance } from '../summary.js';
import { type Html, html, joined, name } from './html.js';
import { figure, more, table } from './html-table.js';

type InputRow = Summary['inputs'][number] & { readonly index: number };

const inputsShown = 200;
const differencesShown = 50;
const tablesShown = 100;

/** Those with trouble first. */
export function inputs(summary: Summary, particulars: RunDetails | null): Html {
  const all = summary.inputs.map((each, index) => ({ ...each, index }));
  const troubled = (each: InputRow): boolean => each.error !== null || each.rejected > 0 || each.undelivered > 0;
  const sorted = [...all.filter(troubled), ...all.filter((each) => !troubled(each))];
  const shown = sorted.slice(0, inputsShown);
  const hidden = sorted.length - shown.length;
  const abandoned = new Map((particulars?.abandoned.shown ?? []).map(({ input, kept }) => [input, kept]));
  const resumed = all.some(({ resumedFromByte }) => resumedFromByte > 0);
  const rows = table<InputRow>(
    'The account of each input',
    [
      { head: 'Input', cell: (each) => html`${name(each.name)}${notes(each, abandoned)}` },
      { head: 'Read', number: true, cell: ({ read }) => figure(read) },
      { head: 'Loaded', number: true, cell: ({ loaded }) => figure(loaded) },
      { head: 'Rejected', number: true, cell: ({ rejected }) => figure(rejected, 'warn') },
      { head: 'Undelivered', number: true, cell: ({ undelivered }) => figure(undelivered, 'bad') },
      ...(resumed
        ? [
            {
              head: 'Resumed from',
              number: true,
              cell: ({ resumedFromByte: from }: InputRow) =>
                html`<span class="${from === 0 ? 'none' : ''}">${from === 0 ? 'the start' : size(from)}</span>`,
            },
          ]
        : []),
    ],
    shown,
  );
  const rest =
    hidden > 0
      ? `and ${plural(hidden, 'more input')}${troubled(sorted[inputsShown]!) ? '' : ', without trouble'}`
      : null;
  const whole = abandoned.get(null);
  const given = abandoned.has(null)
    ? html`<p>An unfinished load was given up for a fresh start; it is kept as ${name(whole ?? '–')}.</p>`
    : null;
  return html`<section><h2>Inputs</h2>${given}${rows}${more(rest)}</section>`;
}

function notes({ error, format, index }: InputRow, abandoned: ReadonlyMap<number | null, string | null>): Html {
  const kept = abandoned.get(index);
  return html`<span class="aside"> ${format}</span>${error === null ? null : html`<span class="note bad">${name(error)}</span>`}${
    kept === undefined
      ? null
      : html`<span class="note warn">Replaced since the load was stopped: what was known of it is abandoned${kept === null ? null : html` and kept as ${name(kept)}`}.</span>`
  }`;
}

/** By reason, table and input. What earlier runs of the load rejected is known by reason alone. */
export function rejects(
  summary: Summary,
  particulars: RunDetails | null,
  examples: Readonly<Record<string, string>>,
): Html | null {
  const { byReason, deadLetters, reasons } = summary.rejects;
  if (Object.keys(byReason).length === 0) return null;
  const groups = particulars?.rejects ?? { shown: [], more: 0 };
  const total = Object.values(byReason).reduce((sum, points) => sum + points, 0);
  const here = groups.shown.reduce((sum, { points }) => sum + points, groups.more);
  const rows = table(
    'Rejected points by reason, table and input',
    [
      { head: 'Reason', cell: ({ reason }) => html`<code>${reason}</code>` },
      { head: 'Table', cell: ({ table: of }) => (of === null ? html`<span class="none">–</span>` : name(of)) },
      { head: 'Input', cell: ({ input }) => name(summary.inputs[input]?.name ?? '') },
      { head: 'Points', number: true, cell: ({ points }) => figure(points) },
      { head: 'First line', number: true, cell: ({ firstLine }) => count(firstLine) },
    ],
    groups.shown,
  );
  const earlier = total > here ? `${plural(total - here, 'point')} of them in earlier runs of this load` : null;
  const first = Object.entries(examples).map(([reason, text]) => html`<li><code>${reason}</code> ${name(text)}</li>`);
  const files = [...(deadLetters ?? []), ...(reasons === null ? [] : [reasons])].map(
    (path) => html`<li>${name(path)}</li>`,
  );
  return html`<section><h2>Rejected points</h2>${groups.shown.length > 0 ? rows : null}${more(groups.more > 0 ? `and ${plural(groups.more, 'more point')} in further groups` : null)}${more(earlier)}
<h3>The first of each reason</h3><ul class="plain">${first.slice(0, 30)}</ul><h3>Where they are</h3><ul class="plain">${files}</ul></section>`;
}

/** Tables and columns it brought, and what went into which table when. */
export function target({ target: { newTables, newColumns } }: Summary, particulars: RunDetails | null): Html | null {
  if (particulars === null || particulars.tables.shown.length === 0) return null;
  const { tables, introduced, sampled } = particulars;
  const brought = new Map(introduced.shown.map((each) => [each.table, each]));
  const about = sampled ? '≈ ' : '';
  const rows = table(
    'Points and times by table, in this run',
    [
      { head: 'Table', cell: ({ table: of }) => html`${name(of)}${newOn(brought.get(of))}` },
      { head: 'Points', number: true, cell: ({ points }) => `${about}${count(points)}` },
      { head: 'From', cell: ({ time }) => (time === null ? '–' : instant(time.first)) },
      { head: 'To', cell: ({ time }) => (time === null ? '–' : instant(time.last)) },
    ],
    tables.shown,
  );
  const news =
    newTables + newColumns === 0
      ? 'Nothing new: every table and column was there.'
      : `New: ${plural(newTables, 'table')}, ${plural(newColumns, 'column')}.`;
  const how = sampled ? 'Points and times by table are estimates: 18 points of each batch were looked at.' : null;
  const rest = tables.more > 0 ? `and ${plural(tables.more, 'point')} in further tables` : null;
  return html`<section><h2>What changed on the target</h2><p>${news} ${how}</p>${rows}${more(rest)}</section>`;
}

function newOn(brought: RunDetails['introduced']['shown'][number] | undefined): Html | null {
  if (brought === undefined) return null;
  const { isNew, columns } = brought;
  const all = columns.shown.length + columns.more;
  const names = joined(
    columns.shown.map((each) => name(each)),
    ', ',
  );
  return html`<span class="note">${isNew ? 'new table, ' : ''}${plural(all, 'new column')}: ${names}${columns.more > 0 ? ` and ${count(columns.more)} more` : ''}</span>`;
}

/** Nanoseconds since 1970 as a time; beyond what a calendar holds as they are. */
export function instant(ns: bigint): string {
  const ms = Number(ns / 1_000_000n);
  if (Math.abs(ms) > 8.64e15) return `${ns} ns`;
  return new Date(ms)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.000Z$|Z$/, '');
}

export function verified({ verify, points }: Summary): Html | null {
  if (verify === null) return null;
  const { sampled, found, equal, differences, tables } = verify;
  const wrong = differences.slice(0, differencesShown);
  const rows = table(
    'What differs',
    [
      {
        head: 'Point',
        cell: ({ table: of, time, tags }) =>
          html`${name([of, ...Object.entries(tags).map(([tag, value]) => `${tag}=${value}`)].join(','))} ${time}`,
      },
      { head: 'Field', cell: ({ field }) => (field === null ? 'missing' : name(field)) },
      { head: 'Sent', cell: ({ expected }) => name(expected) },
      { head: 'Found', cell: ({ got }) => (got === null ? 'nothing' : name(got)) },
    ],
    wrong,
  );
  const counts = table(
    'Points of each table before and after',
    [
      { head: 'Table', cell: ({ table: of }) => name(of) },
      { head: 'Before', number: true, cell: ({ countBefore }) => (countBefore === null ? '?' : count(countBefore)) },
      { head: 'After', number: true, cell: ({ countAfter }) => (countAfter === null ? 'gone' : count(countAfter)) },
    ],
    tables.slice(0, tablesShown),
  );
  const says = `${plural(sampled, 'point')} read back: ${count(found)} found, ${count(equal)} equal; ${chance(sampled, points.loaded)}.`;
  return html`<section><h2>Read back</h2><p>${says}</p>${wrong.length > 0 ? rows : null}${tables.length > 0 ? counts : null}${more(tables.length > tablesShown ? `and ${plural(tables.length - tablesShown, 'more table')}` : null)}</section>`;
}

export interface Setting {
  readonly flag: string;
  readonly value: string;
  readonly origin: { readonly source: string; readonly name: string };
}

/** Those that someone set are open to the eye, the others behind a click. */
export function settings(all: readonly Setting[]): Html {
  const rows = (caption: string, some: readonly Setting[]): Html =>
    table(
      caption,
      [
        { head: 'Option', cell: ({ flag }) => html`<code>${flag}</code>` },
        { head: 'Value', cell: ({ value }) => name(value) },
        { head: 'From', cell: ({ origin }) => (origin.source === 'flag' ? 'command line' : name(origin.name)) },
      ],
      some,
    );
  const given = all.filter(({ origin }) => origin.source !== 'default');
  const others = all.filter(({ origin }) => origin.source === 'default');
  return html`<section><h2>Settings</h2>${rows('Given', given)}<details><summary>${plural(others.length, 'other')} with their defaults</summary>${rows('Defaults', others)}</details></section>`;
}

export interface NoticeRow {
  readonly level: string;
  readonly message: string;
  readonly times: number;
  /** Seconds since the start of the run, of the first and the last. */
  readonly first: number;
  readonly last: number;
}

export function noticeTable(all: readonly NoticeRow[], hidden: number): Html | null {
  if (all.length === 0) return null;
  const lines = all.map(
    ({ level, message, times, first, last }) =>
      html`<li><span class="when">${duration(first)}${times > 1 ? html` – ${duration(last)}` : null}</span><span class="${level === 'error' ? 'bad' : 'warn'}">${level === 'error' ? 'error' : 'warning'}</span> ${name(message)}${times > 1 ? html` <span class="aside">${count(times)} times; this was the last</span>` : null}</li>`,
  );
  return html`<section><h2>What was said</h2><ul class="said">${lines}</ul>${more(hidden > 0 ? `and ${plural(hidden, 'more notice')} of further kinds` : null)}</section>`;
}
