// The request bodies that the target keeps in memory: the newest of each vnode, whatever their size. Counted as they are
// acknowledged, so that smaller ones leave room as soon as they have taken the places of larger ones.

export interface RaftLogOptions {
  /** Newest bodies that a vnode keeps. */
  readonly count: number;
  /** Bytes of each body that end up on the fullest node. */
  readonly share: number;
  /** Time buckets of the inputs: each has vnodes of its own. */
  readonly buckets: number;
  /** Size of those that an earlier run may have left there. */
  readonly bodyBytes: number;
  /** Bytes of all inputs: no more is kept than that; null while unknown. */
  readonly totalBytes: number | null;
}

export class RaftLogEstimate {
  readonly #options: RaftLogOptions;
  readonly #ring: Float64Array;
  #next = 0;
  #places: number;
  #sum = 0;
  /** The most that was kept of one bucket. */
  #most = 0;
  #sent = 0;

  constructor(options: RaftLogOptions) {
    this.#options = options;
    this.#ring = new Float64Array(options.count);
    this.#places = options.count;
  }

  /** A body was acknowledged. */
  add(bytes: number): void {
    this.#sum += bytes - this.#ring[this.#next]!;
    this.#ring[this.#next] = bytes;
    this.#next = (this.#next + 1) % this.#ring.length;
    this.#places = Math.max(0, this.#places - 1);
    this.#most = Math.max(this.#most, this.#sum);
    this.#sent += bytes;
  }

  /** Of this run, on the fullest node. */
  get bytes(): number {
    const { share, buckets } = this.#options;
    return share * Math.min(this.#sent, this.#sum + (buckets - 1) * this.#most);
  }

  /** With what may lie there from before: places that this run has not filled are taken to be full. */
  get atWorst(): number {
    const { share, count, buckets, bodyBytes, totalBytes } = this.#options;
    const before = this.#places * bodyBytes;
    const others = (buckets - 1) * Math.max(this.#most, count * bodyBytes);
    return share * Math.min(totalBytes ?? Number.POSITIVE_INFINITY, this.#sum + before + others);
  }
}
