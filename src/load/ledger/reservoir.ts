// A fair sample of a stream whose length nobody knows: every item ends up in it with the same chance, and items that do
// not are never looked at.

/**
 * Chooses at most `size` of all items offered. Algorithm L: Li, "Reservoir-Sampling Algorithms of Time Complexity
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

  /** Items offered so far. */
  get seen(): number {
    return this.#seen;
  }

  /** Offers items 0 to `count` - 1 of a group; `make` is asked for those that are chosen, and may decline with null. */
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

  /** Takes items out again, for instance because they came to nothing. */
  drop(isGone: (item: T) => boolean): void {
    const kept = this.#items.filter((item) => !isGone(item));
    this.#items.splice(0, this.#items.length, ...kept);
  }

  #skip(): number {
    this.#weight *= this.#uniform() ** (1 / this.#size);
    return Math.floor(Math.log(this.#uniform()) / Math.log1p(-this.#weight)) + 1;
  }

  /** In (0, 1]: the logarithm of 0 would never end. */
  #uniform(): number {
    return 1 - this.#random();
  }
}
