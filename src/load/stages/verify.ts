// --verify: reads a fair sample of the loaded points back and compares it value by value. Points are sampled before
// their batch is sent. A later point with the same series and time as a sampled point replaces the values of the
// sampled point in the target. So every batch is searched for such points after it was sent.

import pLimit from 'p-limit';
import { BACKSLASH, SPACE } from '../../core/ascii.js';
import { BulkLoadError, VerifyError } from '../../core/errors.js';
import { pointValues, roundedTimestampAt } from '../../core/points/line-protocol.js';
import { count, excerpt, plural } from '../../core/text.js';
import type {
  Batch,
  FieldValue,
  InputPrecision,
  PointRange,
  PointValues,
  Receipt,
  Target,
  VerifyReport,
} from '../../core/types/index.js';
import { Reservoir } from '../ledger/reservoir.js';

export interface VerifyOptions {
  /** Precision of the timestamps in request bodies. */
  readonly precision: InputPrecision;
  /**
   * True if batches are sent one by one. Of two points with equal series and time, the target then keeps the later
   * point.
   */
  readonly ordered: boolean;
  readonly random: () => number;
}

/** Number of points to read back. The product contract fixes this number. */
const sampleSize = 1_000;
/**
 * Number of concurrent queries, one for each point. On CnosDB 2.4.3, a query for one point takes 8 ms. A query for 25
 * points, joined by OR, takes more than 30 s.
 */
const queriesInFlight = 4;
/** Largest length of a point that is sampled, bytes. The limit keeps the sample small compared to the batches. */
const maxPointBytes = 4_096;
/** Largest number of differences that the report lists. The counts in the report include all differences. */
const maxDifferences = 100;
/** Largest number of tables whose points are counted before the load. */
const maxTables = 200;

interface SampledPoint {
  readonly ordinal: number;
  readonly point: number;
  readonly sent: PointValues;
  /** Timestamp as a double, rounded by `roundedTimestampAt`. */
  readonly time: number;
  /** Sum of the bytes of the series, from `seriesSum`; null if the series contains an escape. */
  readonly seriesSum: number | null;
  /**
   * Allowed values of each field. A field has several allowed values if points with the same series and time were sent
   * in parallel. The target may keep any of these values.
   */
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

  /** Counts the points of the given tables, before the load sends points. */
  async begin(target: Target, tables: readonly string[], signal: AbortSignal): Promise<void> {
    if (!target.traits.countsPoints) return;
    for (const table of tables.slice(0, maxTables)) this.#before.set(table, await target.count(table, signal));
    this.#allCounted = tables.length <= maxTables;
  }

  /** Samples points of a batch before it is sent. */
  sample(batch: Batch): void {
    this.#sample.offer(batch.points, (point) => {
      const bytes = bodyOf(batch, point);
      if (bytes.length > maxPointBytes) return null;
      const sent = pointValues(bytes, this.#options.precision);
      const expected = new Map<string, FieldValue[]>();
      for (const [name, value] of sent.fields) expected.set(name, [value]);
      const time = roundedTimestampAt(bytes, bytes.length);
      return { ordinal: batch.ordinal, point, sent, time, seriesSum: seriesSum(bytes), expected };
    });
  }

  /**
   * Drops sampled points that were not loaded. Finds points of the batch that overwrite sampled points in the target.
   */
  settled(batch: Batch, { loaded }: Receipt): void {
    const isLoaded = (point: number): boolean => loaded.some(({ from, to }) => point >= from && point < to);
    this.#sample.drop(({ ordinal, point }) => ordinal === batch.ordinal && !isLoaded(point));
    const byTime = new Map<number, SampledPoint[]>();
    for (const sample of this.#sample.items) {
      const same = byTime.get(sample.time);
      if (same === undefined) byTime.set(sample.time, [sample]);
      else same.push(sample);
    }
    for (const range of loaded) this.#findReplacements(batch, range, byTime);
  }

  #findReplacements(
    batch: Batch,
    { from, to }: PointRange,
    byTime: ReadonlyMap<number, readonly SampledPoint[]>,
  ): void {
    for (let i = from; i < to; i += 1) {
      const same = byTime.get(roundedTimestampAt(batch.body, batch.bodyEnd(i) - 1));
      if (same !== undefined) this.#replace(batch, i, same);
    }
  }

  #replace(batch: Batch, i: number, samples: readonly SampledPoint[]): void {
    const bytes = bodyOf(batch, i);
    const sum = seriesSum(bytes); // parsing every point with the time of a sampled point would cost more than the load
    const others = samples.filter(
      (each) =>
        (each.ordinal !== batch.ordinal || each.point < i) &&
        (sum === null || each.seriesSum === null || sum === each.seriesSum),
    );
    if (others.length === 0) return;
    const later = pointValues(bytes, this.#options.precision);
    for (const sample of others) {
      if (!sameSeries(sample.sent, later)) continue;
      const certain = sample.ordinal === batch.ordinal || this.#options.ordered;
      for (const [name, value] of later.fields) {
        const before = sample.expected.get(name);
        if (before !== undefined) sample.expected.set(name, certain ? [value] : [...before, value]);
      }
    }
  }

  /**
   * Reads the sampled points back, one per query. Throws VerifyError if reading fails, and the signal's reason on
   * abort.
   */
  async report(target: Target, signal: AbortSignal): Promise<VerifyReport> {
    const samples = this.#sample.items;
    const progress = { read: 0 };
    try {
      const stored = await this.#readBack(target, signal, progress);
      const compared = stored.map((point, i) => compare(samples[i]!, point));
      return {
        sampled: samples.length,
        found: stored.filter((point) => point !== null).length,
        equal: compared.filter(({ length }) => length === 0).length,
        differences: compared.flat().slice(0, maxDifferences),
        tables: await this.#counts(target, new Set(samples.map(({ sent }) => sent.table)), signal),
      };
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof BulkLoadError)) throw error;
      throw readBackError(samples.length, progress.read, error);
    }
  }

  async #readBack(target: Target, signal: AbortSignal, progress: { read: number }): Promise<(PointValues | null)[]> {
    const limit = pLimit(queriesInFlight);
    const read = async ({ sent }: SampledPoint): Promise<PointValues | null> => {
      const [point = null] = await target.readBack([sent], signal);
      progress.read += 1;
      return point;
    };
    try {
      return await Promise.all(this.#sample.items.map((sample) => limit(read, sample)));
    } finally {
      limit.clearQueue();
    }
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

/** Builds the error for a sample that could not be read back, although the load is complete. */
function readBackError(sampled: number, read: number, { message, problem }: BulkLoadError): VerifyError {
  // Replaces the text of the query, which may be long and contain values of the user.
  const cause = excerpt((problem?.found ?? message).replace(/\(?["']?SELECT\b.*/is, 'the query').trim());
  return new VerifyError({
    tried: 'reading a sample back for --verify',
    expected: `${plural(sampled, 'point')} read back after the load`,
    found: `${plural(read, 'point')}, then this error: ${cause}`,
    fix: '',
  });
}

/** Returns the error for a report with differences; null for a report without differences. */
export function verifyError(report: VerifyReport, loaded: number): VerifyError | null {
  const wrong = report.sampled - report.equal;
  if (wrong === 0) return null;
  const [first] = report.differences;
  const where = first === undefined ? '' : `; first: ${describe(first)}`;
  const missing = report.sampled - report.found;
  return new VerifyError({
    tried: 'verifying',
    expected: `the sent values in all of ${plural(report.sampled, 'sampled point')} (${count(loaded)} were loaded)`,
    found: `${plural(wrong, 'point')} missing or with other values (${count(missing)} missing)${where}`,
    fix: 'check whether another program writes to these series; keep the inputs, because you can load them again',
  });
}

/** Formats a difference: `cpu,host=a 1640995200000000000 usage: sent 1, found 2` */
function describe({ table, time, tags, field, expected, got }: Difference): string {
  const series = [table, ...Object.entries(tags).map(([name, value]) => `${name}=${value}`)].join(',');
  return field === null
    ? `${series} ${time} is missing`
    : `${series} ${time} ${field}: sent ${expected}, found ${got ?? 'nothing'}`;
}

function bodyOf(batch: Batch, i: number): Uint8Array {
  return batch.body.subarray(i === 0 ? 0 : batch.bodyEnd(i - 1), batch.bodyEnd(i) - 1);
}

/**
 * Returns the sum of the bytes before the fields. Points of one series have equal sums, in any order of their tags.
 * Returns null if the series has an escape, because equal names may be escaped differently.
 */
function seriesSum(point: Uint8Array): number | null {
  let sum = 0;
  for (const byte of point) {
    if (byte === SPACE) return sum;
    if (byte === BACKSLASH) return null;
    sum += byte;
  }
  return null;
}

function sameSeries(a: PointValues, b: PointValues): boolean {
  if (a.table !== b.table || a.time !== b.time || a.tags.size !== b.tags.size) return false;
  return [...a.tags].every(([name, value]) => b.tags.get(name) === value);
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
