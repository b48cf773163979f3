// Estimate of the request bodies that the target retains in memory. Each vnode keeps its newest bodies, whatever their
// size. Bodies are counted as they are acknowledged, so smaller ones free memory once they replace larger ones.

export interface RaftLogOptions {
  /** Newest bodies that a vnode keeps. */
  readonly count: number;
  /** Share of each body that reaches the fullest node. */
  readonly share: number;
  /** Time buckets of the inputs. Each bucket has its own vnodes. */
  readonly buckets: number;
  /** Size of the bodies that an earlier run may have left. */
  readonly bodyBytes: number;
  /** Bytes of all inputs, an upper bound of what is retained; null while unknown. */
  readonly totalBytes: number | null;
}

export class RaftLogEstimate {
  readonly #options: RaftLogOptions;
  readonly #ring: Float64Array;
  #next = 0;
  /** Places that may still hold bodies of an earlier run. */
  #unfilled: number;
  #sum = 0;
  /** Largest sum of one bucket so far. */
  #max = 0;
  #sent = 0;

  constructor(options: RaftLogOptions) {
    this.#options = options;
    this.#ring = new Float64Array(options.count);
    this.#unfilled = options.count;
  }

  /** Counts an acknowledged body. */
  add(bytes: number): void {
    this.#sum += bytes - this.#ring[this.#next]!;
    this.#ring[this.#next] = bytes;
    this.#next = (this.#next + 1) % this.#ring.length;
    this.#unfilled = Math.max(0, this.#unfilled - 1);
    this.#max = Math.max(this.#max, this.#sum);
    this.#sent += bytes;
  }

  /** Bytes of this run on the fullest node. */
  get bytes(): number {
    const { share, buckets } = this.#options;
    return share * Math.min(this.#sent, this.#sum + (buckets - 1) * this.#max);
  }

  /** The same, if an earlier run left full-sized bodies in all places that this run has not filled. */
  get atWorst(): number {
    const { share, count, buckets, bodyBytes, totalBytes } = this.#options;
    const before = this.#unfilled * bodyBytes;
    const others = (buckets - 1) * Math.max(this.#max, count * bodyBytes);
    return share * Math.min(totalBytes ?? Number.POSITIVE_INFINITY, this.#sum + before + others);
  }
}
