// The digest of a set of points: how many there are, and the sum of the hashes of their values.

import { addTo, HASH_WORDS } from '../points/hash-128.js';
import type { PointHasher } from '../points/point-hash.js';

/** A digest as the state file holds it: points, values, bytes, and the words of the hash. */
export type StoredDigest = readonly number[];

/** Equal sets of points have equal digests, in whatever order and however often a point's fields are spread over lines. */
export class Digest {
  /** Number of lines or rows. */
  points = 0;
  values = 0;
  /** Bytes of the points as line protocol. */
  bytes = 0;
  readonly hash = new Int32Array(HASH_WORDS);

  /** Adds the point that was read last. */
  add({ count, values }: PointHasher, bytes: number): void {
    this.points += 1;
    this.values += count;
    this.bytes += bytes;
    addTo(this.hash, values);
  }

  merge({ points, values, bytes, hash }: Digest): void {
    this.points += points;
    this.values += values;
    this.bytes += bytes;
    addTo(this.hash, hash);
  }

  /** Compares the values. The number of points may differ, since a line may hold some of the fields of a point only. */
  equals({ values, hash }: Digest): boolean {
    return values === this.values && hash.every((word, i) => word === this.hash[i]);
  }

  get stored(): StoredDigest {
    return [this.points, this.values, this.bytes, ...this.hash];
  }

  static from([points = 0, values = 0, bytes = 0, ...words]: StoredDigest): Digest {
    const digest = new Digest();
    Object.assign(digest, { points, values, bytes });
    digest.hash.set(words);
    return digest;
  }
}
