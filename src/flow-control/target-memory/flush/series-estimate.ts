// Estimates the number of series of unflushed rows. A series takes far more of the target's memory than a row: its key,
// its list of rows, and its part of the file during a flush. The estimate uses only samples of points, so that the load
// stays fast.

import type { MemoryEvent } from '../../../core/types/index.js';

/** Resident bytes of a series in the memcache of CnosDB 2.4.3.4, until its rows are flushed. */
export const seriesBytes = 1.4 * 1024;
/** Largest number of stored hashes of series. */
const maxKept = 8192;
/** Once this many series occur more than once in the samples, the estimate is accurate to within a third. */
const surelySeveral = 16;
/** Only this many bytes at the start of a series are hashed. */
const maxHashed = 1024;

/**
 * An acknowledged body. `sample`: series hashes of some points of its batch. `part`: share of the batch that
 * this body contained.
 */
export type SampledBody = Pick<Extract<MemoryEvent, { kind: 'body' }>, 'points' | 'slots' | 'sample' | 'part'>;

export interface SavedSeries {
  readonly seen: readonly (readonly [hash: number, isSeveral: boolean])[];
  readonly zeroBits: number;
  readonly points: number;
  readonly slots: number;
  readonly series: number;
}

/**
 * Estimates the number of series in all bodies since `reset`. A series in two time buckets counts twice, once for each
 * vnode.
 */
export class SeriesEstimate {
  readonly #seen = new SeriesTable();
  /**
   * Only hashes that end with this number of zero bits are stored. The number grows when too many hashes are stored.
   */
  #zeroBits = 0;
  #points = 0;
  #slots = 0;
  #series = 0;
  #count = 0;

  /** Estimated number of series. */
  get count(): number {
    return this.#count;
  }

  /** Mean number of fields of the points' tables. */
  get fields(): number {
    return this.#slots / Math.max(1, this.#points);
  }

  /**
   * Lower bound of the number of series. Counts at least `surelySeveral` series as repeated, which lowers the estimate.
   * If an input lists all series in the same order again and again, the estimate is twice the true number. So the bound
   * approaches half of the estimate as more series repeat.
   */
  get least(): number {
    const several = this.#seen.size - this.#seen.once;
    return this.#estimate(surelySeveral) / (1 + Math.min(1, several / surelySeveral));
  }

  /** Resets the estimate when a flush begins, so that it covers only later rows. */
  reset(): void {
    this.#seen.clear();
    [this.#zeroBits, this.#points, this.#slots, this.#series, this.#count] = [0, 0, 0, 0, 0];
  }

  /** Counts a body. Returns the bytes that its new series take in the target, without the rows. */
  add({ points, slots, sample, part }: SampledBody): number {
    this.#points += points;
    this.#slots += slots;
    for (const hash of sample) this.#keep(hash);
    this.#count = this.#estimate(0);
    const before = this.#series;
    this.#series = Math.max(before, this.#count);
    return part * seriesBytes * (this.#series - before);
  }

  /** Returns the state as JSON data. */
  save(): SavedSeries {
    const [zeroBits, points, slots, series] = [this.#zeroBits, this.#points, this.#slots, this.#series];
    return { seen: this.#seen.entries(), zeroBits, points, slots, series };
  }

  restore({ seen, zeroBits, points, slots, series }: SavedSeries): void {
    this.#seen.clear();
    for (const [hash, isSeveral] of seen) this.#seen.set(hash, isSeveral);
    [this.#zeroBits, this.#points, this.#slots] = [zeroBits, points, slots];
    [this.#series, this.#count] = [series, series];
  }

  #estimate(minSeveral: number): number {
    const { once, size } = this.#seen;
    return Math.min(this.#points, richness(once, size - once, minSeveral) * 2 ** this.#zeroBits);
  }

  #keep(hash: number): void {
    if (!endsWithZeros(hash, this.#zeroBits)) return;
    this.#seen.add(hash);
    if (this.#seen.size <= maxKept) return;
    this.#zeroBits += 1;
    const kept = this.#seen.entries().filter(([each]) => endsWithZeros(each, this.#zeroBits));
    this.#seen.clear();
    for (const [each, isSeveral] of kept) this.#seen.set(each, isSeveral);
  }
}

/** The hash table has 2 to the power of this number of entries. At most half of the entries are used. */
const tableBits = 14;
const tableSlots = 2 ** tableBits;
/** Replaces the hash 0, because 0 marks a free slot. */
const noHash = 2 ** 31;

/**
 * Hash table of the sampled series. Stores for each hash whether it was sampled more than once. A Map would take five
 * times as long.
 */
class SeriesTable {
  /** Hash in each slot; 0 in a free slot. */
  readonly #hashes = new Uint32Array(tableSlots);
  readonly #isSeveral = new Uint8Array(tableSlots);
  size = 0;
  /** Number of hashes that were added exactly once. */
  once = 0;

  clear(): void {
    this.#hashes.fill(0);
    [this.size, this.once] = [0, 0];
  }

  entries(): [hash: number, isSeveral: boolean][] {
    return [...this.#hashes].flatMap((hash, slot) => (hash === 0 ? [] : [[hash, this.#isSeveral[slot] === 1]]));
  }

  set(hash: number, isSeveral: boolean): void {
    this.add(hash);
    if (isSeveral) this.add(hash);
  }

  add(hash: number): void {
    const wanted = hash || noHash;
    let slot = Math.imul(wanted, 0x9e_37_79_b1) >>> (32 - tableBits);
    while (this.#hashes[slot] !== 0 && this.#hashes[slot] !== wanted) slot = (slot + 1) % tableSlots;
    if (this.#hashes[slot] === 0) {
      this.#hashes[slot] = wanted;
      this.#isSeveral[slot] = 0;
      this.size += 1;
      this.once += 1;
    } else if (this.#isSeveral[slot] === 0) {
      this.#isSeveral[slot] = 1;
      this.once -= 1;
    }
  }
}

function endsWithZeros(hash: number, bits: number): boolean {
  return (hash & (2 ** bits - 1)) === 0;
}

/**
 * Estimates the number of all series from a sample (Chao 1984). `once`: number of series sampled once. `more`: number
 * of series sampled more often. Values of `more` below `minSeveral` are too uncertain, so the estimate then uses
 * `minSeveral`.
 */
function richness(once: number, more: number, minSeveral = 0): number {
  return once + more + (once * (once - 1)) / (2 * (Math.max(more, minSeveral) + 1));
}

/** Estimates the number of series in a body from the hashes of its sample. */
export function groupsOf(hashes: readonly number[]): number {
  const several = new Map<number, boolean>();
  for (const hash of hashes) several.set(hash, several.has(hash));
  const more = [...several.values()].filter((each) => each).length;
  return richness(several.size - more, more);
}

/**
 * Returns one hash for each sampled point: the hash of its series and its time bucket.
 * @param bucketOf returns the time bucket of a point
 */
export function sampledSeries(points: readonly Uint8Array[], bucketOf: (point: Uint8Array) => number): number[] {
  return points.map((point) => (seriesHash(point) ^ Math.imul(bucketOf(point), 0x9e_37_79_b1)) >>> 0);
}

/** Hashes the series of a point (FNV-1a): the text before the first unescaped space. */
function seriesHash(point: Uint8Array): number {
  let hash = 0x81_1c_9d_c5;
  for (let i = 0; i < Math.min(point.length, maxHashed); i += 1) {
    const byte = point[i]!;
    if (byte === 0x20 && point[i - 1] !== 0x5c) break;
    hash = Math.imul(hash ^ byte, 0x01_00_01_93);
  }
  return Math.imul(hash ^ (hash >>> 15), 0x2c_1b_3c_6d) >>> 0;
}
