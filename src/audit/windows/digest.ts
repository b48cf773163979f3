// The digest of a set of points: the numbers of points and values, and the sum of the hashes of the values.

import type { PointHasher } from '../points/point-hash.js';

/** A digest in the state file: points, values, bytes, and the words of the hash. */
export type StoredDigest = readonly number[];

/**
 * A digest of points. A digest depends neither on the order of points nor on the distribution of a point's fields over
 * lines.
 */
export class Digest {
  /** Number of added points. A point that the inputs spread over several lines counts once per line. */
  points = 0;
  values = 0;
  /** Size of the points as line protocol, bytes. */
  bytes = 0;
  // An audit stores many digests. Four integers need 32 B; an array of four integers needs 150 B.
  #a = 0;
  #b = 0;
  #c = 0;
  #d = 0;

  /** Adds the point that the hasher has just read. `bytes` is the length of the point's line. */
  add({ count, values }: PointHasher, bytes: number): void {
    this.points += 1;
    this.values += count;
    this.bytes += bytes;
    this.#addWords(values[0]!, values[1]!, values[2]!, values[3]!);
  }

  merge(digest: Digest): void {
    this.points += digest.points;
    this.values += digest.values;
    this.bytes += digest.bytes;
    this.#addWords(digest.#a, digest.#b, digest.#c, digest.#d);
  }

  #addWords(a: number, b: number, c: number, d: number): void {
    this.#a = (this.#a + a) | 0;
    this.#b = (this.#b + b) | 0;
    this.#c = (this.#c + c) | 0;
    this.#d = (this.#d + d) | 0;
  }

  /**
   * Tests whether both digests have the same values. Does not compare the numbers of points, because the fields of one
   * point may be spread over several lines, and each line counts as a point.
   */
  equals(digest: Digest): boolean {
    const isSameHash = digest.#a === this.#a && digest.#b === this.#b && digest.#c === this.#c && digest.#d === this.#d;
    return isSameHash && digest.values === this.values;
  }

  get stored(): StoredDigest {
    return [this.points, this.values, this.bytes, this.#a, this.#b, this.#c, this.#d];
  }

  static from([points = 0, values = 0, bytes = 0, a = 0, b = 0, c = 0, d = 0]: StoredDigest): Digest {
    const digest = new Digest();
    Object.assign(digest, { points, values, bytes });
    digest.#addWords(a, b, c, d);
    return digest;
  }
}
