// Draws a fair sample from a stream of unknown length. Every item of the stream has the same chance. Only items that
// enter the sample are created.

/**
 * Sample of up to `size` of all offered items. Algorithm L: Li, "Reservoir-Sampling Algorithms of Time Complexity
 * O(n(1 + log(N/n)))", ACM TOMS 20(4), 1994.
 */
export class Reservoir<T> {
  readonly #size: number;
  readonly #random: () => number;
  readonly #items: T[] = [];
  #seen = 0;
  #next = 0;
  #weight = 1;

  constructor(size: number, random: () => number) {
    this.#size = size;
    this.#random = random;
  }

  get items(): readonly T[] {
    return this.#items;
  }

  /** Number of items offered so far. */
  get seen(): number {
    return this.#seen;
  }

  /**
   * Offers `count` items. If item `i` of these (counted from 0) enters the sample, calls `make(i)`. `make` returns the
   * item, or null to leave this item out.
   */
  offer(count: number, make: (i: number) => T | null): void {
    const first = this.#seen;
    this.#seen += count;
    while (this.#next < this.#seen) {
      const item = make(this.#next - first);
      const full = this.#items.length === this.#size;
      if (item !== null) this.#items[full ? Math.floor(this.#random() * this.#size) : this.#items.length] = item;
      this.#next += full || this.#items.length === this.#size ? this.#skip() : 1;
    }
  }

  drop(isDropped: (item: T) => boolean): void {
    const kept = this.#items.filter((item) => !isDropped(item));
    this.#items.splice(0, this.#items.length, ...kept);
  }

  #skip(): number {
    this.#weight *= this.#uniform() ** (1 / this.#size);
    return Math.floor(Math.log(this.#uniform()) / Math.log1p(-this.#weight)) + 1;
  }

  /** Returns a random number above 0 and up to 1. The number is never 0, because the logarithm of 0 is infinite. */
  #uniform(): number {
    return 1 - this.#random();
  }
}
