// Tables of the report page: inputs, rejects, changes on the target, verification, settings, notices.

import { count, duration, plural, size } from '../../core/text.js';
import type { RunDetails, Summary } from '../../core/types/index.js';
import type { NoticeEntry } from '../notices.js';
import { missChance } from '../summary.js';
import { figure, type Html, type HtmlColumn, html, joined, more, name, table } from './html.js';

type InputRow = Summary['inputs'][number] & { readonly index: number };

const maxInputs = 200;
const maxDifferences = 50;
const maxTables = 100;
const maxReasons = 30;

/** Lists the inputs. Inputs with trouble come first. */
export function inputSection(summary: Summary, details: RunDetails | null): Html {
  const isTroubled = (each: Summary['inputs'][number]): boolean =>
    each.error !== null || each.rejected > 0 || each.undelivered > 0;
  const rows: InputRow[] = [];
  for (const troubled of [true, false]) {
    for (const [index, each] of summary.inputs.entries()) {
      if (rows.length === maxInputs) break;
      if (isTroubled(each) === troubled) rows.push({ ...each, index });
    }
  }
  const hidden = summary.inputs.length - rows.length;
  const hiddenTrouble = summary.inputs.filter(isTroubled).length > rows.length;
  const abandoned = new Map((details?.abandoned.shown ?? []).map(({ input, kept }) => [input, kept]));
  const resumed: HtmlColumn<InputRow> = {
    head: 'Resumed from',
    number: true,
    cell: ({ resumedFromByte: from }) =>
      html`<span class="${from === 0 ? 'none' : ''}">${from === 0 ? 'the start' : size(from)}</span>`,
  };
  const inputs = table<InputRow>(
    'Points of each input',
    [
      { head: 'Input', cell: (each) => html`${name(each.name)}${inputNotes(each, abandoned)}` },
      { head: 'Read', number: true, cell: ({ read }) => figure(read) },
      { head: 'Loaded', number: true, cell: ({ loaded }) => figure(loaded) },
      { head: 'Rejected', number: true, cell: ({ rejected }) => figure(rejected, 'warn') },
      { head: 'Undelivered', number: true, cell: ({ undelivered }) => figure(undelivered, 'bad') },
      ...(summary.inputs.some(({ resumedFromByte }) => resumedFromByte > 0) ? [resumed] : []),
    ],
    rows,
  );
  const rest = hidden > 0 ? `and ${plural(hidden, 'more input')}${hiddenTrouble ? '' : ' without problems'}` : null;
  const restarted = abandoned.has(null)
    ? html`<p>This run did not resume an unfinished load. The checkpoint of that load is kept as ${name(abandoned.get(null) ?? '–')}.</p>`
    : null;
  return html`<section><h2>Inputs</h2>${restarted}${inputs}${more(rest)}</section>`;
}

function inputNotes({ error, format, index }: InputRow, abandoned: ReadonlyMap<number | null, string | null>): Html {
  const kept = abandoned.get(index);
  const keptAs = kept === undefined || kept === null ? null : html` and kept as ${name(kept)}`;
  const replaced = html`<span class="note warn">The file has changed since the load stopped: its earlier progress is abandoned${keptAs}.</span>`;
  return html`<span class="aside"> ${format}</span>${error === null ? null : html`<span class="note bad">${name(error)}</span>`}${kept === undefined ? null : replaced}`;
}

/** Lists the machines of a fleet; null for a load on one machine. */
export function machineSection({ machines }: Summary): Html | null {
  if (machines === null) return null;
  const rows = table<NonNullable<Summary['machines']>[number]>(
    'What each machine did in this run',
    [
      { head: 'Machine', cell: (each) => name(each.name) },
      { head: 'Pieces', number: true, cell: ({ pieces }) => figure(pieces) },
      { head: 'Loaded', number: true, cell: ({ loaded }) => figure(loaded) },
      { head: 'Busy', number: true, cell: ({ seconds }) => html`${duration(seconds)}` },
      { head: 'Peak memory', number: true, cell: ({ peakRssBytes }) => html`${size(peakRssBytes)}` },
    ],
    machines,
  );
  return html`<section><h2>Machines</h2>${rows}</section>`;
}

/** Lists rejects by reason, table and input. Rejects of earlier runs are only listed by reason. */
export function rejectSection(
  summary: Summary,
  details: RunDetails | null,
  examples: Readonly<Record<string, string>>,
): Html | null {
  const { byReason, deadLetters, reasons } = summary.rejects;
  if (Object.keys(byReason).length === 0) return null;
  const groups = details?.rejects ?? { shown: [], more: 0 };
  const total = Object.values(byReason).reduce((sum, points) => sum + points, 0);
  const here = groups.shown.reduce((sum, { points }) => sum + points, groups.more);
  const rows = table<RunDetails['rejects']['shown'][number]>(
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
  const further = groups.more > 0 ? `and ${plural(groups.more, 'more point')} in further groups` : null;
  const earlier = total > here ? `${plural(total - here, 'point')} of them in earlier runs of this load` : null;
  const first = Object.entries(examples).map(([reason, text]) => html`<li><code>${reason}</code> ${name(text)}</li>`);
  const files = [...(deadLetters ?? []), ...(reasons === null ? [] : [reasons])].map(
    (path) => html`<li>${name(path)}</li>`,
  );
  return html`<section><h2>Rejected points</h2>${groups.shown.length > 0 ? rows : null}${more(further)}${more(earlier)}
<h3>First point of each reason</h3><ul class="plain">${first.slice(0, maxReasons)}</ul><h3>Files</h3><ul class="plain">${files}</ul></section>`;
}

/** Lists new tables and columns, and the points and times of each table. */
export function targetSection({ target: { newTables, newColumns } }: Summary, details: RunDetails | null): Html | null {
  if (details === null || details.tables.shown.length === 0) return null;
  const { tables, introduced, sampled } = details;
  const introducedBy = new Map(introduced.shown.map((each) => [each.table, each]));
  const about = sampled ? '≈ ' : '';
  const rows = table<RunDetails['tables']['shown'][number]>(
    'Points and times by table, in this run',
    [
      { head: 'Table', cell: ({ table: of }) => html`${name(of)}${introducedNote(introducedBy.get(of))}` },
      { head: 'Points', number: true, cell: ({ points }) => `${about}${count(points)}` },
      { head: 'From', cell: ({ time }) => (time === null ? '–' : instant(time.first)) },
      { head: 'To', cell: ({ time }) => (time === null ? '–' : instant(time.last)) },
    ],
    tables.shown,
  );
  const news =
    newTables + newColumns === 0
      ? 'Nothing new: every table and column existed.'
      : `New: ${plural(newTables, 'table')}, ${plural(newColumns, 'column')}.`;
  const how = sampled ? 'Points and times by table are estimates from 18 points of each batch.' : null;
  const rest = tables.more > 0 ? `and ${plural(tables.more, 'point')} in further tables` : null;
  return html`<section><h2>Changes on the target</h2><p>${news} ${how}</p>${rows}${more(rest)}</section>`;
}

function introducedNote(introduced: RunDetails['introduced']['shown'][number] | undefined): Html | null {
  if (introduced === undefined) return null;
  const { isNew, columns } = introduced;
  const all = columns.shown.length + columns.more;
  const names = joined(
    columns.shown.map((each) => name(each)),
    ', ',
  );
  const rest = columns.more > 0 ? ` and ${count(columns.more)} more` : '';
  return html`<span class="note">${isNew ? 'new table, ' : ''}${plural(all, 'new column')}: ${names}${rest}</span>`;
}

/** Formats nanoseconds since 1970 as a time, or as a number if `Date` cannot represent the time. */
export function instant(ns: bigint): string {
  const ms = Number(ns / 1_000_000n);
  if (Math.abs(ms) > 8.64e15) return `${ns} ns`;
  return new Date(ms)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.000Z$|Z$/, '');
}

/** Lists the differences found by --verify, and the points of each table before and after. */
export function verifySection({ verify, points }: Summary): Html | null {
  if (verify === null) return null;
  const { sampled, found, equal, differences, tables } = verify;
  const wrong = differences.slice(0, maxDifferences);
  const rows = table<(typeof wrong)[number]>(
    'Differences',
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
  const counts = table<(typeof tables)[number]>(
    'Points of each table before and after the load',
    [
      { head: 'Table', cell: ({ table: of }) => name(of) },
      { head: 'Before', number: true, cell: ({ countBefore }) => (countBefore === null ? '?' : count(countBefore)) },
      { head: 'After', number: true, cell: ({ countAfter }) => (countAfter === null ? 'gone' : count(countAfter)) },
    ],
    tables.slice(0, maxTables),
  );
  const result = `${plural(sampled, 'point')} read back: ${count(found)} found, ${count(equal)} equal; ${missChance(sampled, points.loaded)}.`;
  const rest = tables.length > maxTables ? `and ${plural(tables.length - maxTables, 'more table')}` : null;
  return html`<section><h2>Verification</h2><p>${result}</p>${wrong.length > 0 ? rows : null}${tables.length > 0 ? counts : null}${more(rest)}</section>`;
}

export interface SettingRow {
  readonly flag: string;
  readonly value: string;
  readonly origin: { readonly source: string; readonly name: string };
}

/** Lists the settings that the user gave. A click also shows the settings with default values. */
export function settingSection(all: readonly SettingRow[]): Html {
  const rows = (caption: string, some: readonly SettingRow[]): Html =>
    table<SettingRow>(
      caption,
      [
        { head: 'Option', cell: ({ flag }) => html`<code>${flag}</code>` },
        { head: 'Value', cell: ({ value }) => name(value) },
        { head: 'From', cell: ({ origin }) => (origin.source === 'flag' ? 'command line' : name(origin.name)) },
      ],
      some,
    );
  const given = all.filter(({ origin }) => origin.source !== 'default');
  const defaults = all.filter(({ origin }) => origin.source === 'default');
  return html`<section><h2>Settings</h2>${rows('Given', given)}<details><summary>${plural(defaults.length, 'setting')} with their defaults</summary>${rows('Defaults', defaults)}</details></section>`;
}

/** Lists warnings and errors with their times. */
export function noticeSection(all: readonly NoticeEntry[], hidden: number): Html | null {
  if (all.length === 0) return null;
  const lines = all.map(({ level, message, times, first, last }) => {
    const repeated = times > 1;
    const when = html`<span class="when">${duration(first)}${repeated ? ` – ${duration(last)}` : ''}</span>`;
    const tone = level === 'error' ? 'bad' : 'warn';
    const label = html`<span class="${tone}">${level === 'error' ? 'error' : 'warning'}</span>`;
    const often = repeated ? html` <span class="aside">${count(times)} times; this is the latest message</span>` : null;
    return html`<li>${when}${label} ${name(message)}${often}</li>`;
  });
  const rest = hidden > 0 ? `and ${plural(hidden, 'more notice')} of other kinds` : null;
  return html`<section><h2>Warnings and errors</h2><ul class="notices">${lines}</ul>${more(rest)}</section>`;
}
