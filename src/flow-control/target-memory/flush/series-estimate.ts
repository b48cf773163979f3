// Estimate of the series behind unflushed rows. Each series costs the target far more than a row of it: its key, its list
// of rows, and its part of the file while it is flushed. Points are sampled, so no point of the load waits for it.

import type { MemoryEvent } from '../../../core/types/index.js';
import { type SampledPoints, sampledPoints } from './sampled-points.js';

/** Bytes of a series until it is flushed: 1.4 KiB of keys and rows, and 2.4 KiB while a flush writes it (2.4.3.4). */
export const seriesBytes = 3.3 * 1024;
/** Bytes of the rows of one series in one body, which are collected before they join the others. */
const groupBytes = 512;
/** Series kept. */
const maxKept = 8192;
/** Longest beginning of a series that is hashed, bytes. */
const maxHashed = 1024;

/** An acknowledged body. `sample`: hashes of the series of some points of its batch; `part`: share of the batch. */
export type SampledBody = Pick<Extract<MemoryEvent, { kind: 'body' }>, 'points' | 'sample' | 'part'>;

export interface SavedSeries {
  readonly seen: readonly (readonly [hash: number, isSeveral: boolean])[];
  readonly zeroBits: number;
  readonly points: number;
  readonly series: number;
}

/** Series since the last flush began. */
export class SeriesEstimate {
  /** Sampled series: hash, and whether several samples belong to it. */
  #seen = new Map<number, boolean>();
  /** How many of them were seen once. */
  #once = 0;
  /** Only hashes that end with this number of zero bits are kept. */
  #zeroBits = 0;
  #points = 0;
  #series = 0;

  /** Begins again with the rows that follow the begin of a flush. */
  reset(): void {
    this.#seen = new Map();
    [this.#once, this.#zeroBits, this.#points, this.#series] = [0, 0, 0, 0];
  }

  /** Counts a body. Returns the bytes that its series take in the target beside its rows. */
  add({ points, sample, part }: SampledBody): number {
    this.#points += points;
    for (const hash of sample) this.#keep(hash);
    const before = this.#series;
    this.#series = Math.max(
      before,
      Math.min(this.#points, richness(this.#once, this.#seen.size - this.#once) * 2 ** this.#zeroBits),
    );
    const groups = Math.min(this.#series, groupsOf(sample, points));
    return part * (groupBytes * groups + seriesBytes * (this.#series - before));
  }

  /** Returns the state as JSON can hold it. */
  save(): SavedSeries {
    return { seen: [...this.#seen], zeroBits: this.#zeroBits, points: this.#points, series: this.#series };
  }

  restore({ seen, zeroBits, points, series }: SavedSeries): void {
    this.#seen = new Map(seen);
    this.#once = seen.filter(([, isSeveral]) => !isSeveral).length;
    [this.#zeroBits, this.#points, this.#series] = [zeroBits, points, series];
  }

  #keep(hash: number): void {
    if (!endsWithZeros(hash, this.#zeroBits)) return;
    const isSeveral = this.#seen.get(hash);
    if (isSeveral === undefined) this.#once += 1;
    else if (!isSeveral) this.#once -= 1;
    this.#seen.set(hash, isSeveral !== undefined);
    if (this.#seen.size <= maxKept) return;
    this.#zeroBits += 1;
    for (const [each, known] of this.#seen) {
      if (endsWithZeros(each, this.#zeroBits)) continue;
      this.#seen.delete(each);
      if (!known) this.#once -= 1;
    }
  }
}

function endsWithZeros(hash: number, bits: number): boolean {
  return (hash & (2 ** bits - 1)) === 0;
}

/** Estimates how many series exist from those seen once and more often (Chao 1984). */
function richness(once: number, more: number): number {
  return once + more + (once * (once - 1)) / (2 * (more + 1));
}

/** Estimates the series of a body from the pairs of samples that belong to the same series. */
function groupsOf(hashes: readonly number[], points: number): number {
  const counts = new Map<number, number>();
  for (const hash of hashes) counts.set(hash, (counts.get(hash) ?? 0) + 1);
  let same = 0;
  for (const count of counts.values()) same += (count * (count - 1)) / 2;
  const pairs = (hashes.length * (hashes.length - 1)) / 2;
  return same === 0 ? points : Math.min(points, Math.max(counts.size, pairs / same));
}

/** Returns hashes of the series of points at equal distances. */
export function sampledSeries(batch: SampledPoints): number[] {
  return sampledPoints(batch).map((point) => seriesHash(point));
}

/** Hashes the text up to the first space that no backslash escapes (FNV-1a). */
function seriesHash(point: Uint8Array): number {
  let hash = 0x81_1c_9d_c5;
  for (let i = 0; i < Math.min(point.length, maxHashed); i += 1) {
    const byte = point[i]!;
    if (byte === 0x20 && point[i - 1] !== 0x5c) break;
    hash = Math.imul(hash ^ byte, 0x01_00_01_93);
  }
  return Math.imul(hash ^ (hash >>> 15), 0x2c_1b_3c_6d) >>> 0;
}
