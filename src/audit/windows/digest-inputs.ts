import type { TimeSpan } from '../../core/types/index.js';
import { type AuditTime, eachPoint, isBefore, nanosecondsOf } from '../points/audit-points.js';
import type { AuditContext, AuditedInputs } from '../types.js';
import { DigestsByTime } from './time-buckets.js';
import { planWindows, type Window } from './windows.js';

/** The time windows of an audit, each with the digest of the input points in it. */
export interface AuditPlan {
  readonly windows: readonly Window[];
  /** The audited range; empty for inputs without points. */
  readonly span: TimeSpan;
  readonly totals: AuditedInputs;
}

/** All times that a signed 64-bit number of nanoseconds can represent. */
const allTime: TimeSpan = { from: -(2n ** 63n), to: 2n ** 63n - 1n };

/** Reads all inputs once, and sums up the points of each table and window to a digest. */
export async function digestInputs({ readInputs, precision, since, until }: AuditContext): Promise<AuditPlan> {
  const digests = new DigestsByTime();
  const each = eachPoint(precision, { from: since ?? allTime.from, to: until ?? allTime.to });
  let first: AuditTime | null = null;
  let last: AuditTime | null = null;
  const totals = await readInputs((block) =>
    each(block, ({ table, reader, start, end }) => {
      digests.add(table, reader, end - start);
      if (first === null || isBefore(reader, first)) first = { seconds: reader.seconds, nanos: reader.nanos };
      if (last === null || isBefore(last, reader)) last = { seconds: reader.seconds, nanos: reader.nanos };
    }),
  );
  const from = since ?? (first === null ? 0n : nanosecondsOf(first));
  const to = until ?? (last === null ? 0n : nanosecondsOf(last) + 1n);
  return { windows: planWindows(digests), span: { from, to }, totals };
}
