// `--verify`: a fair sample of what was loaded is read back and compared value by value. The sample is taken when a
// batch is made, and every batch is looked through once more when it is settled: where two points of a load share
// series and time, the later one is what has to be found.

import { VerifyError } from '../core/errors.js';
import { pointValues, roundedTimestampAt } from '../core/line-protocol.js';
import type {
  Batch,
  FieldValue,
  InputPrecision,
  PointRange,
  PointValues,
  Receipt,
  Target,
  VerifyReport,
} from '../core/types/index.js';
import { Reservoir } from './ledger/reservoir.js';

export interface VerifyOptions {
  /** Of the timestamps in request bodies. */
  readonly precision: InputPrecision;
  /** Whether batches are written one after another, so that the later of two equal points stays. */
  readonly ordered: boolean;
  readonly random: () => number;
}

/** Points read back; product contract. */
const sampleSize = 1_000;
/** Longer points are not sampled: the sample has to stay small beside the batches. */
const longestPoint = 4_096;
/** Differences listed; all of them are counted. */
const mostDifferences = 100;
/** Counted before the load; of further tables only what is there afterwards is known. */
const mostTables = 200;

interface SampledPoint {
  readonly ordinal: number;
  readonly point: number;
  readonly sent: PointValues;
  /** As `roundedTimestampAt` returns it. */
  readonly time: number;
  /** Per field what may be found: more than one where it is undefined which of two equal points stays. */
  readonly expected: Map<string, FieldValue[]>;
}

type Difference = VerifyReport['differences'][number];

export class Verification {
  readonly #options: VerifyOptions;
  readonly #sample: Reservoir<SampledPoint>;
  readonly #before = new Map<string, number | null>();
  #allCounted = false;

  constructor(options: VerifyOptions) {
    this.#options = options;
    this.#sample = new Reservoir(sampleSize, options.random);
  }

  /** Counts what is there before anything is sent. */
  async begin(target: Target, tables: readonly string[], signal: AbortSignal): Promise<void> {
    if (!target.traits.countsPoints) return;
    for (const table of tables.slice(0, mostTables)) this.#before.set(table, await target.count(table, signal));
    this.#allCounted = tables.length <= mostTables;
  }

  /** Chooses from a batch that was just made. */
  pulled(batch: Batch): void {
    this.#sample.offer(batch.points, (point) => {
      const bytes = bodyOf(batch, point);
      if (bytes.length > longestPoint) return null;
      const sent = pointValues(bytes, this.#options.precision);
      const expected = new Map<string, FieldValue[]>();
      for (const [name, value] of sent.fields) expected.set(name, [value]);
      return { ordinal: batch.ordinal, point, sent, time: roundedTimestampAt(bytes, bytes.length), expected };
    });
  }

  /** What of a batch was not loaded is no sample; what was may stand in place of one. */
  settled(batch: Batch, { loaded }: Receipt): void {
    const isLoaded = (point: number): boolean => loaded.some(({ from, to }) => point >= from && point < to);
    this.#sample.drop(({ ordinal, point }) => ordinal === batch.ordinal && !isLoaded(point));
    const byTime = new Map<number, SampledPoint[]>();
    for (const sample of this.#sample.items) {
      const same = byTime.get(sample.time);
      if (same === undefined) byTime.set(sample.time, [sample]);
      else same.push(sample);
    }
    for (const range of loaded) this.#look(batch, range, byTime);
  }

  #look(batch: Batch, { from, to }: PointRange, byTime: ReadonlyMap<number, readonly SampledPoint[]>): void {
    for (let i = from; i < to; i += 1) {
      const same = byTime.get(roundedTimestampAt(batch.body, batch.bodyEnd(i) - 1));
      if (same !== undefined) this.#meet(batch, i, same);
    }
  }

  #meet(batch: Batch, i: number, samples: readonly SampledPoint[]): void {
    const others = samples.filter(({ ordinal, point }) => ordinal !== batch.ordinal || point < i);
    if (others.length === 0) return;
    const later = pointValues(bodyOf(batch, i), this.#options.precision);
    for (const sample of others) {
      if (!sameSeries(sample.sent, later)) continue;
      const certain = sample.ordinal === batch.ordinal || this.#options.ordered;
      for (const [name, value] of later.fields) {
        const before = sample.expected.get(name);
        if (before !== undefined) sample.expected.set(name, certain ? [value] : [...before, value]);
      }
    }
  }

  /** Reads the sample back. Throws UnavailableError, RefusedError. */
  async report(target: Target, signal: AbortSignal): Promise<VerifyReport> {
    const tables = grouped(this.#sample.items);
    const differences: Difference[] = [];
    let found = 0;
    let equal = 0;
    for (const samples of tables.values()) {
      const stored = await target.readBack(
        samples.map(({ sent }) => sent),
        signal,
      );
      samples.forEach((sample, i) => {
        const wrong = compare(sample, stored[i] ?? null);
        if (stored[i] !== null) found += 1;
        if (wrong.length === 0) equal += 1;
        differences.push(...wrong.slice(0, mostDifferences - differences.length));
      });
    }
    return {
      sampled: this.#sample.items.length,
      found,
      equal,
      differences,
      tables: await this.#counts(target, tables.keys(), signal),
    };
  }

  async #counts(target: Target, tables: Iterable<string>, signal: AbortSignal): Promise<VerifyReport['tables']> {
    const counts: VerifyReport['tables'] = [];
    if (!target.traits.countsPoints) return counts;
    for (const table of [...tables].sort()) {
      const countBefore = this.#before.get(table) ?? (this.#allCounted ? 0 : null);
      counts.push({ table, countBefore, countAfter: await target.count(table, signal) });
    }
    return counts;
  }
}

/** What a report that found differences ends the load with; null for one without. */
export function verifyError(report: VerifyReport, loaded: number): VerifyError | null {
  const wrong = report.sampled - report.equal;
  if (wrong === 0) return null;
  const [first] = report.differences;
  const where = first === undefined ? '' : `; first: ${describe(first)}`;
  return new VerifyError(
    `verifying — expected ${report.sampled} points of ${loaded} loaded to read back as they were sent — ` +
      `got ${wrong} that differ (${report.sampled - report.found} missing)${where} — ` +
      'look whether something else writes to these series, and keep the inputs: loading them again stores the same points',
  );
}

/** `cpu,host=a 1640995200000000000 usage: sent 1, found 2` */
function describe({ table, time, tags, field, expected, got }: Difference): string {
  const series = [table, ...Object.entries(tags).map(([name, value]) => `${name}=${value}`)].join(',');
  return field === null
    ? `${series} ${time} is missing`
    : `${series} ${time} ${field}: sent ${expected}, found ${got ?? 'nothing'}`;
}

function bodyOf(batch: Batch, i: number): Uint8Array {
  return batch.body.subarray(i === 0 ? 0 : batch.bodyEnd(i - 1), batch.bodyEnd(i) - 1);
}

function sameSeries(a: PointValues, b: PointValues): boolean {
  if (a.table !== b.table || a.time !== b.time || a.tags.size !== b.tags.size) return false;
  return [...a.tags].every(([name, value]) => b.tags.get(name) === value);
}

function grouped(samples: readonly SampledPoint[]): Map<string, SampledPoint[]> {
  const tables = new Map<string, SampledPoint[]>();
  for (const sample of samples) tables.set(sample.sent.table, [...(tables.get(sample.sent.table) ?? []), sample]);
  return tables;
}

function compare({ sent, expected }: SampledPoint, stored: PointValues | null): Difference[] {
  const place = { table: sent.table, time: String(sent.time), tags: Object.fromEntries(sent.tags) };
  if (stored === null) return [{ ...place, field: null, expected: 'a point', got: null }];
  return [...expected].flatMap(([field, values]) => {
    const got = stored.fields.get(field);
    if (got !== undefined && values.some((value) => Object.is(value, got))) return [];
    return [{ ...place, field, expected: String(values.at(-1)), got: got === undefined ? null : String(got) }];
  });
}
