// Measures the latencies of the last 5 to 10 seconds. Two histograms count latencies by size, each for a period of 5
// seconds. After each period, a new histogram replaces the older one.

const windowMs = 5_000;
/**
 * Growth of the histogram's buckets: each bucket is a tenth wider than the bucket before. The first bucket ends at 0.1
 * ms; the last bucket begins at about 10 minutes.
 */
const growth = 1.1;
const firstMs = 0.1;
const buckets = 165;

export class RecentLatency {
  #now = new Uint32Array(buckets);
  #before = new Uint32Array(buckets);
  #since = Number.NEGATIVE_INFINITY;

  /** @param at present time, monotonic ms */
  record(ms: number, at: number): void {
    this.#turn(at);
    this.#now[bucketOf(ms)]! += 1;
  }

  /**
   * Returns the 99th percentile, ms, with an error of about 5 %. Returns 0 if the last 5 to 10 seconds had no latency.
   */
  p99(at: number): number {
    this.#turn(at);
    let left = Math.floor(this.#count() * 0.01);
    for (let i = buckets - 1; i >= 0; i -= 1) {
      left -= this.#now[i]! + this.#before[i]!;
      if (left < 0) return firstMs * growth ** (i - 0.5);
    }
    return 0;
  }

  #count(): number {
    let count = 0;
    for (let i = 0; i < buckets; i += 1) count += this.#now[i]! + this.#before[i]!;
    return count;
  }

  #turn(at: number): void {
    if (at - this.#since < windowMs) return;
    const old = at - this.#since >= 2 * windowMs;
    [this.#now, this.#before] = [this.#before, this.#now];
    this.#now.fill(0);
    if (old) this.#before.fill(0);
    this.#since = at;
  }
}

function bucketOf(ms: number): number {
  if (!(ms > firstMs)) return 0;
  return Math.min(buckets - 1, Math.ceil(Math.log(ms / firstMs) / Math.log(growth)));
}
