// The memory of the fullest node, from what a load has sent so far.

import { SeriesEstimate, seriesBytes } from './flush/series-estimate.js';
import { baseOf, baseSoFar, nodeBase, type WrittenBuckets } from './node-base.js';
import type { TargetPlan } from './target-plan.js';

/**
 * The plan reserves memory for the vnodes of this many new time buckets. Such buckets may begin before the next flush
 * or rinse frees memory.
 */
const bucketsAhead = 4;

export class NodeSoFar {
  /** Estimates the number of series of the whole load. */
  readonly series = new SeriesEstimate();
  /** Bytes of all acknowledged rows of this process: resident bytes, and bytes that gauges count. */
  readonly rows = { resident: 0, gauged: 0 };
  /** Bytes of all acknowledged bodies of this process: bytes of their points, and bytes that vnodes retained. */
  readonly bodies = { text: 0, retained: 0 };
  readonly #plan: TargetPlan;
  readonly #buckets: WrittenBuckets;
  readonly #deaths: { readonly count: number };

  /** @param deaths number of times that a node has died */
  constructor(plan: TargetPlan, buckets: WrittenBuckets, deaths: { readonly count: number }) {
    this.#plan = plan;
    this.#buckets = buckets;
    this.#deaths = deaths;
  }

  /**
   * The plan. If vnodes have retained more bytes of the bodies than planned, this plan has smaller bodies than the
   * original.
   */
  get plan(): TargetPlan {
    const { retainedPerByte: planned, sustainedBytes } = this.#plan;
    const retainedPerByte = Math.max(planned, this.bodies.retained / Math.max(1, this.bodies.text));
    return { ...this.#plan, retainedPerByte, sustainedBytes: (sustainedBytes * planned) / retainedPerByte };
  }

  /** Resident bytes of rows per byte that a gauge counts. */
  get perGauged(): number {
    const { resident, gauged } = this.rows;
    return gauged === 0 ? 1 : resident / gauged;
  }

  /** Resident bytes of a vnode's rows at which the target flushes the vnode by itself. */
  get cacheRows(): number {
    return this.#plan.vnodeCacheBytes * this.perGauged;
  }

  /**
   * Upper limit of a vnode's unflushed rows, bytes: `cacheRows` for wide rows, which take many times the bytes of their
   * text. Infinity for other rows, because only the memory of the node limits these rows.
   */
  get rowCap(): number {
    return this.#plan.isWide ? this.cacheRows : Number.POSITIVE_INFINITY;
  }

  /** Memory of the time buckets and series so far, without rows and without request bodies. */
  get base(): number {
    return baseSoFar(this.#plan, this.#buckets, this.series);
  }

  /**
   * Bytes that rows and bodies cannot use: idle node, vnodes so far and of the next buckets, reserve after node deaths.
   */
  get plannedBase(): number {
    const { baseBytes, limitBytes, vnodesPerBucket, perBucket } = this.#plan;
    const next = this.base + baseOf(vnodesPerBucket, perBucket, bucketsAhead) - nodeBase(0);
    const base = Math.max(this.base, Math.min(baseBytes, next));
    return base + Math.max(0, (limitBytes ?? base) - base) * (1 - 0.5 ** this.#deaths.count);
  }

  /** Mean bytes of the rows of a time bucket with their series. */
  get rowsPerBucket(): number {
    const all = this.rows.resident + seriesBytes * this.series.count;
    return (this.#plan.share * all) / Math.max(1, this.#buckets.bucketCount);
  }
}
