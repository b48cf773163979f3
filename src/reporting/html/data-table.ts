// The figures behind the pictures: for whoever cannot see them, or wants to know it exactly.

import { count, duration, size } from '../../core/text.js';
import type { Sample } from '../../core/types/index.js';
import { type Html, html } from './html.js';
import { table } from './html-table.js';
import { causes } from './time-charts.js';

const mostRows = 24;

interface DataRow {
  readonly from: number;
  readonly to: number;
  readonly points: number;
  readonly rssBytes: number;
  readonly nodeBytes: number | null;
  readonly heldBack: string;
  readonly flushes: number;
}

export function dataTable(samples: readonly Sample[]): Html {
  const each = Math.ceil(samples.length / mostRows);
  const rows: DataRow[] = [];
  for (let i = 0; i < samples.length; i += each)
    rows.push(rowOf(samples.slice(i, i + each), samples[i - 1]?.seconds ?? 0));
  const drawn = table(
    'The run over time',
    [
      { head: 'Time', cell: ({ from, to }) => `${duration(from)} – ${duration(to)}` },
      { head: 'Points/s', number: true, cell: ({ from, to, points }) => count(to > from ? points / (to - from) : 0) },
      { head: 'Held back by', cell: ({ heldBack }) => heldBack },
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
  return html`<details><summary>The figures behind the pictures</summary>${drawn}</details>`;
}

function rowOf(samples: readonly Sample[], from: number): DataRow {
  const to = samples.at(-1)!.seconds;
  let before = from;
  let points = 0;
  for (const { seconds, pointsPerSecond } of samples) {
    points += pointsPerSecond * (seconds - before);
    before = seconds;
  }
  const held = causes
    .map(([cause, label]) => ({ label, seconds: samples.reduce((sum, { heldBack }) => sum + heldBack[cause], 0) }))
    .filter(({ seconds }) => seconds > 0.05 * (to - from))
    .map(({ label, seconds }) => `${label} ${duration(seconds)}`);
  const node = samples.map(({ nodeBytes }) => nodeBytes).filter((bytes) => bytes !== null);
  return {
    from,
    to,
    points,
    rssBytes: Math.max(...samples.map(({ rssBytes }) => rssBytes)),
    nodeBytes: node.length === 0 ? null : Math.max(...node),
    heldBack: held.length === 0 ? '–' : held.join(', '),
    flushes: samples.reduce((sum, { flushes }) => sum + flushes, 0),
  };
}
