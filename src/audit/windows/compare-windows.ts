// Reads the target once and compares its points with the inputs by digest. Each query reads a range that contains many
// time windows. The digests are computed and compared for each window.

import type { TimeSpan } from '../../core/types/index.js';
import type { AuditPoint } from '../points/audit-points.js';
import type { AuditContext } from '../types.js';
import { Digest } from './digest.js';
import { type PointSink, type TableSpan, TargetReader } from './target-reader.js';
import { millisecondsOf } from './time-buckets.js';
import { type Window, WindowIndex } from './windows.js';

/**
 * Largest number of points in the range of one query. A query reads whole pages of stored data for every series. So a
 * query for few points costs as much as a query for many points.
 */
const spanPoints = 500_000;
/** A query reads up to this many unwanted points between two wanted windows, because a second query would cost more. */
const maxGapPoints = 50_000;
const nanosecondsPerMs = 1_000_000n;

/**
 * Groups the wanted windows of each table into ranges within `span`, one query for each range. A range may include some
 * unwanted windows between wanted windows, because separate queries would cost more.
 */
export function tableSpans(
  windows: readonly Window[],
  span: TimeSpan,
  isWanted: (index: number) => boolean = () => true,
): TableSpan[] {
  const spans: TableSpan[] = [];
  let open = null as { readonly first: number; readonly end: number } | null;
  let points = 0;
  let gap = 0;
  const close = (): void => {
    if (open === null) return;
    const [first, last] = [windows[open.first]!, windows[open.end - 1]!];
    const range = clipped(first, last, span);
    if (range.from < range.to) spans.push({ table: first.table, span: range, ...open });
    open = null;
  };
  for (const [i, { table, digest }] of windows.entries()) {
    if (open !== null && windows[open.first]!.table !== table) close();
    if (!isWanted(i)) {
      gap += digest.points;
      continue;
    }
    if (open !== null && (gap > maxGapPoints || points + gap + digest.points > spanPoints)) close();
    points = open === null ? digest.points : points + gap + digest.points;
    gap = 0;
    open = { first: open?.first ?? i, end: i + 1 };
  }
  close();
  return spans;
}

function clipped({ fromMs }: Window, { toMs }: Window, { from, to }: TimeSpan): TimeSpan {
  const [first, end] = [BigInt(fromMs) * nanosecondsPerMs, BigInt(toMs) * nanosecondsPerMs];
  return { from: first > from ? first : from, to: end < to ? end : to };
}

/** Sums up the received points to one digest for each window. */
export class DigestSink implements PointSink {
  readonly #index: WindowIndex;
  readonly #sum = new Map<number, Digest>();
  #pending = new Map<number, Digest>();

  constructor(windows: readonly Window[]) {
    this.#index = new WindowIndex(windows);
  }

  take({ table, reader, start, end }: AuditPoint): void {
    const index = this.#index.find(table, millisecondsOf(reader));
    let digest = this.#pending.get(index);
    if (digest === undefined) {
      digest = new Digest();
      this.#pending.set(index, digest);
    }
    digest.add(reader, end - start);
  }

  commit(): void {
    for (const [index, digest] of this.#pending) {
      const sum = this.#sum.get(index);
      if (sum === undefined) this.#sum.set(index, digest);
      else sum.merge(digest);
    }
    this.rollback();
  }

  rollback(): void {
    this.#pending = new Map();
  }

  /** Removes and returns the digest of the window with this index. */
  taken(index: number): Digest {
    const digest = this.#sum.get(index) ?? new Digest();
    this.#sum.delete(index);
    return digest;
  }
}

/** Result of comparing the windows of one range. */
export interface ComparedSpan {
  /** Index after the last window of the range. */
  readonly end: number;
  readonly points: number;
  readonly values: number;
  /**
   * Windows whose digest differs between inputs and target. `bytes`: size of the window's points in the inputs or in
   * the target, whichever is larger.
   */
  readonly differing: readonly { readonly index: number; readonly bytes: number }[];
}

/**
 * Compares windows range by range.
 * @param expected returns the digest that a window must have in the target; undefined to skip the window
 */
export async function* compareWindows(
  context: AuditContext,
  windows: readonly Window[],
  spans: readonly TableSpan[],
  expected: (index: number) => Digest | undefined,
): AsyncGenerator<ComparedSpan, void> {
  const reader = new TargetReader(context);
  const sink = new DigestSink(windows);
  for (const span of spans) {
    await reader.read(span, sink);
    const differing: { index: number; bytes: number }[] = [];
    let [points, values] = [0, 0];
    for (let index = span.first; index < span.end; index += 1) {
      const found = sink.taken(index);
      points += found.points;
      values += found.values;
      const wanted = expected(index);
      if (wanted === undefined || found.equals(wanted)) continue;
      differing.push({ index, bytes: Math.max(found.bytes, windows[index]!.digest.bytes) });
    }
    yield { end: span.end, points, values, differing };
  }
}
