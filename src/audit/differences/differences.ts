// Collects the differing points of inputs and target. Counts all differences, but lists only the first differences of
// each kind.

import { fieldType, fieldValue, tokenize } from '../../core/points/line-protocol.js';
import { isoTime } from '../../core/time/iso-time.js';
import type { AuditDifference, AuditDifferences } from '../../core/types/index.js';
import { type AuditTime, nanosecondsOf } from '../points/audit-points.js';

/** Largest number of listed differences of each kind. The counts include all differences. */
const maxListed = 250;

type Kind = AuditDifference['kind'];
type Fields = AuditDifference['fields'];

export class DifferenceList {
  readonly #counts: Record<Kind, number> = { missing: 0, extra: 0, different: 0, overwritten: 0 };
  readonly #listed: AuditDifference[] = [];
  /** Number of input points for which two lines set a field to different values; the later value counts. */
  overwritten = 0;

  /**
   * Counts a difference, and lists it if the list of its kind is not full.
   * @param point line of the point, from the inputs or the target
   */
  add(kind: Kind, point: Uint8Array, time: AuditTime, fields: Fields = []): void {
    this.#counts[kind] += 1;
    if (this.#counts[kind] > maxListed) return;
    const { table, tags } = tokenize(point);
    this.#listed.push({ kind, table, time: isoTime(nanosecondsOf(time)), tags: Object.fromEntries(tags), fields });
  }

  /** Numbers of differences by kind, and the listed differences sorted by table and time. */
  get result(): AuditDifferences {
    const key = ({ table, time, tags }: AuditDifference): string => JSON.stringify([table, time, tags]);
    const keyed = this.#listed.map((each) => [key(each), each] as const);
    const listed = keyed.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each);
    return { ...this.#counts, listed };
  }
}

/**
 * The fields of all lines of one point. If several lines contain a field, `fields` has the value of the last line.
 * `earlier` has the replaced values.
 */
export interface MergedFields {
  readonly fields: ReadonlyMap<string, string>;
  readonly earlier: ReadonlyMap<string, readonly string[]>;
}

/**
 * Merges the fields of one point.
 * @param lines lines of the point, in the order of the inputs
 */
export function mergeFields(lines: readonly Uint8Array[]): MergedFields {
  const fields = new Map<string, string>();
  const earlier = new Map<string, string[]>();
  for (const line of lines) {
    for (const [name, value] of tokenize(line).fields) {
      const before = fields.get(name);
      fields.set(name, value);
      if (before === undefined || isSameValue(before, value)) continue;
      const replaced = earlier.get(name);
      if (replaced === undefined) earlier.set(name, [before]);
      else replaced.push(before);
    }
  }
  return { fields, earlier };
}

/**
 * Returns the fields that differ between an input point and the target. The kind is `overwritten` if the target has the
 * value of an earlier line in each of these fields.
 */
export function compareFields(
  { fields, earlier }: MergedFields,
  stored: ReadonlyMap<string, string>,
): { readonly kind: Kind; readonly fields: Fields } {
  const names = [...new Set([...fields.keys(), ...stored.keys()])];
  const different = names.flatMap((name) => {
    const expected = fields.get(name) ?? null;
    const found = stored.get(name) ?? null;
    return expected !== null && found !== null && isSameValue(expected, found) ? [] : [{ name, expected, found }];
  });
  const isEarlier = ({ name, found }: Fields[number]): boolean =>
    found !== null && (earlier.get(name) ?? []).some((value) => isSameValue(value, found));
  return { kind: different.length > 0 && different.every(isEarlier) ? 'overwritten' : 'different', fields: different };
}

function isSameValue(a: string, b: string): boolean {
  return a === b || (fieldType(a) === fieldType(b) && Object.is(fieldValue(a), fieldValue(b)));
}
