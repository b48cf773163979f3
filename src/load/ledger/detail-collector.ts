// What a page shows of a run beyond its summary: rejects by reason, table and input; points and times by table. Bounded
// whatever the inputs hold. Nothing is done per point: tables are counted by a few points of each batch.

import { tableOf, timestampAt } from '../../core/line-protocol.js';
import { type Batch, isCounted, type Receipt, type RunDetails } from '../../core/types/index.js';

/** Points looked at in each batch. */
const perBatch = 16;
const mostGroups = 1000;
const mostTables = 1000;
/** Of them shown. */
const shownGroups = 100;
const shownTables = 100;

interface RejectGroup {
  readonly reason: string;
  readonly table: string | null;
  readonly input: number;
  points: number;
  firstLine: number;
}

interface TableDetails {
  points: number;
  first: bigint | null;
  last: bigint | null;
}

export interface DetailCollectorOptions {
  /** Of points in formats that do not name it: what the settings say; null: that differs by point. */
  readonly table: string | null;
  /** Nanoseconds in the unit in which timestamps are sent. */
  readonly unitNs: bigint;
  /** From [0, 1). Chosen by chance, since tables may alternate. */
  readonly random: () => number;
}

export class DetailCollector {
  readonly #options: DetailCollectorOptions;
  readonly #groups = new Map<string, RejectGroup>();
  readonly #tables = new Map<string, TableDetails>();
  #otherRejects = 0;
  #otherPoints = 0;
  #sampled = false;

  constructor(options: DetailCollectorOptions) {
    this.#options = options;
  }

  /** Told by the ledger of every batch. `kept`: its rejects count as rejected. */
  booked(batch: Batch, receipt: Receipt, kept: boolean): void {
    for (const { from, to } of receipt.loaded) this.#look(batch, from, to);
    if (!kept) return;
    const { input } = batch.span;
    const lines = batch.deadLetterFormat.ending === '.lp';
    for (const reject of batch.rejects) {
      const table = lines ? tableOf(reject.bytes, 0) : this.#options.table;
      if (isCounted(reject)) this.#reject(reject.reason, table, input, reject.line);
    }
    for (const { point, reason } of receipt.rejected) {
      this.#reject(reason, tableOf(batch.body, startOf(batch, point)), input, batch.source(point).line);
    }
  }

  rejects(): RunDetails['rejects'] {
    const all = [...this.#groups.values()].sort((a, b) => b.points - a.points || a.firstLine - b.firstLine);
    const hidden = all.slice(shownGroups).reduce((sum, { points }) => sum + points, this.#otherRejects);
    return { shown: all.slice(0, shownGroups).map((group) => ({ ...group })), more: hidden };
  }

  tables(): RunDetails['tables'] {
    const all = [...this.#tables].sort(([, a], [, b]) => b.points - a.points);
    const hidden = all.slice(shownTables).reduce((sum, [, { points }]) => sum + points, this.#otherPoints);
    const shown = all.slice(0, shownTables).map(([table, { points, first, last }]) => ({
      table,
      points: Math.round(points),
      time: first === null || last === null ? null : { first, last },
    }));
    return { shown, more: Math.round(hidden) };
  }

  /** Whether there were points that nobody looked at. */
  get sampled(): boolean {
    return this.#sampled;
  }

  #reject(reason: string, table: string | null, input: number, line: number): void {
    const key = `${input} ${reason} ${table ?? ''}`;
    const group = this.#groups.get(key);
    if (group !== undefined) {
      group.points += 1;
      group.firstLine = Math.min(group.firstLine, line);
    } else if (this.#groups.size < mostGroups) {
      this.#groups.set(key, { reason, table, input, points: 1, firstLine: line });
    } else this.#otherRejects += 1;
  }

  /** One point by chance of each of as many equal parts; the first and the last one always, for their times. */
  #look(batch: Batch, from: number, to: number): void {
    const points = to - from;
    const looks = Math.min(points, perBatch);
    if (looks < points) this.#sampled = true;
    for (let i = 0; i < looks; i += 1) {
      const at = looks === points ? i : Math.floor(((i + this.#options.random()) * points) / looks);
      this.#point(batch, from + at, points / looks);
    }
    if (looks === points) return;
    this.#point(batch, from, 0);
    this.#point(batch, to - 1, 0);
  }

  #point(batch: Batch, i: number, stands: number): void {
    const name = tableOf(batch.body, startOf(batch, i)) ?? '';
    let table = this.#tables.get(name);
    if (table === undefined) {
      if (this.#tables.size >= mostTables) {
        this.#otherPoints += stands;
        return;
      }
      table = { points: 0, first: null, last: null };
      this.#tables.set(name, table);
    }
    table.points += stands;
    const units = timestampAt(batch.body, batch.bodyEnd(i) - 1);
    if (units === null) return;
    const time = units * this.#options.unitNs;
    if (table.first === null || time < table.first) table.first = time;
    if (table.last === null || time > table.last) table.last = time;
  }
}

function startOf(batch: Batch, i: number): number {
  return i === 0 ? 0 : batch.bodyEnd(i - 1);
}
