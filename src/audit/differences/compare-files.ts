// Compares one file of input points with one file of target points, in memory.

import { pointText, tokenize } from '../../core/points/line-protocol.js';
import type { InputPrecision } from '../../core/types/index.js';
import { type AuditPoint, eachPoint } from '../points/audit-points.js';
import { PointHasher } from '../points/point-hash.js';
import { TableNames } from '../points/table-names.js';
import { Digest } from '../windows/digest.js';
import { millisecondsOf } from '../windows/time-buckets.js';
import type { WindowIndex } from '../windows/windows.js';
import { compareFields, type DifferenceList, type MergedFields, mergeFields } from './differences.js';
import type { RepairFile } from './repair-file.js';

/** Results of a comparison, summed up over all pairs of files. */
export interface PointComparison {
  readonly differences: DifferenceList;
  /** File that receives the points to load again; null without --repair. */
  readonly repair: RepairFile | null;
  /** Digest that the target must have in each time window, by index of the `Window`. */
  readonly expected: Map<number, Digest>;
}

/** Offsets of the input lines of one point, in the order of the inputs; one number for a point with one line. */
type LineOffsets = number | readonly number[];

export class FileComparison {
  readonly #precision: InputPrecision;
  readonly #index: WindowIndex;
  readonly #comparison: PointComparison;
  readonly #line: PointHasher;
  readonly #names = new TableNames();
  #inputs: Buffer = Buffer.alloc(0);

  constructor(precision: InputPrecision, index: WindowIndex, comparison: PointComparison) {
    this.#precision = precision;
    this.#index = index;
    this.#comparison = comparison;
    this.#line = new PointHasher(precision);
  }

  run(inputs: Buffer, target: Buffer): void {
    this.#inputs = inputs;
    const unmatched = this.#points();
    for (const offsets of unmatched.values()) this.#expect(offsets);
    eachPoint('ns', null)(target, (point) => {
      const key = keyOf(point.reader);
      this.#compare(unmatched.get(key), point);
      unmatched.delete(key);
    });
    for (const offsets of unmatched.values()) {
      const line = this.#whole(offsets);
      this.#line.read(line, 0);
      this.#comparison.differences.add('missing', line, this.#line);
      this.#comparison.repair?.add(line);
    }
  }

  /** Returns the line offsets of each input point, by the key of the point (see `keyOf`). */
  #points(): Map<string, LineOffsets> {
    const points = new Map<string, number | number[]>();
    eachPoint(this.#precision, null)(this.#inputs, ({ start, reader }) => {
      const key = keyOf(reader);
      const before = points.get(key);
      if (before === undefined) points.set(key, start);
      else if (typeof before === 'number') points.set(key, [before, start]);
      else before.push(start);
    });
    return points;
  }

  /**
   * Adds an input point to the expected digest of its time window. Inputs and target are equal in this window if the
   * target's digest equals the expected digest.
   */
  #expect(offsets: LineOffsets): void {
    const { expected, differences } = this.#comparison;
    if (typeof offsets !== 'number' && this.#merged(offsets).earlier.size > 0) differences.overwritten += 1;
    const line = this.#whole(offsets);
    const end = this.#line.read(line, 0);
    const index = this.#index.find(this.#names.of(line, this.#line), millisecondsOf(this.#line));
    const digest = expected.get(index) ?? new Digest();
    digest.add(this.#line, end);
    expected.set(index, digest);
  }

  /**
   * Compares a target point with the input lines of the same point. `offsets` is undefined if the inputs lack this
   * point.
   */
  #compare(offsets: LineOffsets | undefined, { bytes, start, end, reader }: AuditPoint): void {
    const { differences, repair } = this.#comparison;
    const stored = bytes.subarray(start, end);
    if (offsets === undefined) {
      differences.add('extra', stored, reader);
      return;
    }
    if (typeof offsets === 'number') {
      this.#line.read(this.#inputs, offsets);
      if (this.#line.hasSameValues(reader)) return;
    }
    const { kind, fields } = compareFields(this.#merged(offsets), new Map(tokenize(stored).fields));
    if (fields.length === 0) return;
    differences.add(kind, stored, reader, fields);
    repair?.add(this.#whole(offsets));
  }

  #merged(offsets: LineOffsets): MergedFields {
    return mergeFields(typeof offsets === 'number' ? [this.#lineAt(offsets)] : offsets.map((at) => this.#lineAt(at)));
  }

  /** Merges the lines of one point. Returns one line with all their fields. */
  #whole(offsets: LineOffsets): Uint8Array {
    if (typeof offsets === 'number') return this.#lineAt(offsets);
    const last = tokenize(this.#lineAt(offsets.at(-1)!));
    return Buffer.from(`${pointText({ ...last, fields: [...this.#merged(offsets).fields] })}\n`);
  }

  #lineAt(start: number): Uint8Array {
    return this.#inputs.subarray(start, this.#line.locate(this.#inputs, start));
  }
}

/** Returns a map key for the table, tags and time of a point: their 128-bit hash as eight UTF-16 units. */
function keyOf({ identity }: PointHasher): string {
  const units = new Uint16Array(identity.buffer);
  return String.fromCharCode(...units);
}
