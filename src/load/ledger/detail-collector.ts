// Collects the details of the report page: rejects by reason, table and input, and points and times by table. To limit
// memory and time, the collector examines only a sample of each batch's points.

import { tableOf, timestampAt } from '../../core/points/line-protocol.js';
import { type Batch, isCounted, type Receipt, type RunDetails } from '../../core/types/index.js';

/** Number of points that are sampled in each batch. */
const perBatch = 16;
const maxGroups = 1000;
const maxTables = 1000;
/** Largest numbers of reject groups and of tables that the report page shows. */
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
  time: { first: bigint; last: bigint } | null;
}

export interface DetailCollectorOptions {
  /** Table of all rows, for formats other than line protocol; null if rows may have different tables. */
  readonly table: string | null;
  /** Unit of the timestamps in request bodies, ns. */
  readonly unitNs: bigint;
  /** Returns a random number x, 0 <= x < 1. Samples at equal distances could miss a table if tables alternate. */
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

  /**
   * Collects details of a batch that the ledger has counted.
   * @param stored true if the rejects of the batch are in the dead letters. Only then do they count as rejected
   */
  book(batch: Batch, receipt: Receipt, stored: boolean): void {
    for (const { from, to } of receipt.loaded) this.#sample(batch, from, to);
    if (!stored) return;
    const { input } = batch.span;
    const lines = batch.deadLetterFormat.suffix === '.lp';
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
    const shown = all.slice(0, shownTables).map(([table, { points, time }]) => ({
      table,
      points: Math.round(points),
      time,
    }));
    return { shown, more: Math.round(hidden) };
  }

  /** True if not all points of the load were examined. The numbers by table are then estimates. */
  get sampled(): boolean {
    return this.#sampled;
  }

  #reject(reason: string, table: string | null, input: number, line: number): void {
    const key = JSON.stringify([input, reason, table]);
    const group = this.#groups.get(key);
    if (group !== undefined) {
      group.points += 1;
      group.firstLine = Math.min(group.firstLine, line);
    } else if (this.#groups.size < maxGroups) {
      this.#groups.set(key, { reason, table, input, points: 1, firstLine: line });
    } else this.#otherRejects += 1;
  }

  /** Samples a random point in each sixteenth of [from, to). Also reads the times of the first and the last point. */
  #sample(batch: Batch, from: number, to: number): void {
    const points = to - from;
    const samples = Math.min(points, perBatch);
    if (samples < points) this.#sampled = true;
    for (let i = 0; i < samples; i += 1) {
      const at = Math.floor(((i + this.#options.random()) * points) / samples);
      this.#point(batch, from + at, points / samples);
    }
    if (samples === points) return;
    this.#point(batch, from, 0);
    this.#point(batch, to - 1, 0);
  }

  #point(batch: Batch, i: number, weight: number): void {
    const name = tableOf(batch.body, startOf(batch, i))!;
    let table = this.#tables.get(name);
    if (table === undefined) {
      if (this.#tables.size >= maxTables) {
        this.#otherPoints += weight;
        return;
      }
      table = { points: 0, time: null };
      this.#tables.set(name, table);
    }
    table.points += weight;
    const units = timestampAt(batch.body, batch.bodyEnd(i) - 1);
    if (units === null) return;
    const time = units * this.#options.unitNs;
    table.time ??= { first: time, last: time };
    if (time < table.time.first) table.time.first = time;
    if (time > table.time.last) table.time.last = time;
  }
}

function startOf(batch: Batch, i: number): number {
  return i === 0 ? 0 : batch.bodyEnd(i - 1);
}
