// Finds points that the target would change or refuse to store. Such points are rejected before they are sent.

import type { Bounds } from '../../batching/points/point-bounds.js';
import type { SchemaGuard } from '../../batching/schema-gate.js';
import { RefusedError } from '../../core/errors.js';
import { pointValues } from '../../core/points/line-protocol.js';
import type { Problem } from '../../core/problem.js';
import type { DatabaseSettings, InputPrecision, ShapeMatch } from '../../core/types/index.js';
import { unitsPerMs } from '../../core/units.js';
import {
  fittingPrecision,
  type TimeRange,
  unexpectedTime,
  unexpectedTimeMessage,
  usualTimes,
} from '../../formats/timestamps/expect-time.js';
import type { Catalogue } from '../../schema/catalogue.js';
import { pointConflict, shapeConflict } from '../../schema/name-limits.js';
import { timesMerged } from '../../targets/cnosdb/database-settings.js';

/**
 * Returns the limits for the time and the length of a point that the database has at the start of the run. If these
 * limits change later, the target itself rejects points.
 */
export function boundsOf(
  { ttlMs, limits, precision }: DatabaseSettings,
  { precision: inputPrecision, expectTime }: ExpectedTimeOptions,
  startedMs: number,
): Bounds {
  const units = unitsPerMs[inputPrecision];
  const unbounded = Number.NEGATIVE_INFINITY;
  return {
    expected: expectTime && {
      from: expectTime.fromMs * units,
      to: expectTime.toMs * units,
      message: (timestamp) => unexpectedTimeMessage(timestamp, inputPrecision, expectTime),
    },
    isMisread: (timestamp) => isMisread(timestamp, { expectTime }),
    oldest: Math.max(ttlMs === null ? unbounded : startedMs - ttlMs, limits?.sinceMs ?? unbounded) * units,
    newest: limits === undefined ? Number.POSITIVE_INFINITY : (startedMs + limits.aheadMs) * units,
    grain: Math.max(1, timesMerged(precision, inputPrecision)),
    longBytes: limits?.tagValueBytes ?? Number.POSITIVE_INFINITY,
    long: (point) => (limits === undefined ? null : pointConflict(point.length, pointValues(point, 'ns'), limits)),
  };
}

/** Returns the length of the target's time buckets and the start of the load, in units of the input's precision. */
export function bucketsOf(
  { vnodeDurationMs }: Pick<DatabaseSettings, 'vnodeDurationMs'>,
  { precision }: Pick<ExpectedTimeOptions, 'precision'>,
  startMs: number,
): { readonly bucketUnits: number; readonly startTime: number } {
  const units = unitsPerMs[precision];
  return { bucketUnits: (vnodeDurationMs ?? Number.POSITIVE_INFINITY) * units, startTime: startMs * units };
}

export interface ExpectedTimeOptions {
  readonly precision: InputPrecision;
  /** Range of --expect-time; null if every time is expected. */
  readonly expectTime: TimeRange | null;
}

export interface GuardOptions {
  readonly db: string;
  readonly database: DatabaseSettings;
  readonly catalogue: Catalogue;
  /** True if a batch that introduces columns must be sent while no other batch is in flight. */
  readonly exclusive: boolean;
  /** True to reject points that would introduce a table or column. */
  readonly rejectsNewColumns?: boolean;
  /** Throws MemoryLimitError if the known columns need more memory than the plan has for them. */
  readonly assertColumnsFit: () => void;
}

/** Creates the guard that compares the table and columns of points with the target. */
export function schemaGuard(options: GuardOptions): SchemaGuard {
  const { db, database, catalogue, exclusive, rejectsNewColumns = false, assertColumnsFit } = options;
  return {
    exclusive,
    match: (shape) => {
      const match = shapeConflict(shape, database.limits) ?? catalogue.match(shape);
      if (match.kind !== 'introduces') return match;
      if (rejectsNewColumns) return newColumn(shape.table);
      assertColumnsFit();
      if (database.strictWrite) throw strictWriteError(db, shape.table);
      return match;
    },
    introduction: () => catalogue.introduction(exclusive),
    fields: (table) => catalogue.fields(table),
    get columns() {
      return catalogue.size;
    },
  };
}

/** Builds the problem of an input with mostly unexpected timestamps. Names the first unexpected timestamp. */
export function unexpectedTimes(
  name: string,
  { timestamp, line }: { readonly timestamp: bigint; readonly line: number },
  { precision, expectTime }: ExpectedTimeOptions,
): Problem {
  const problem = unexpectedTime(timestamp, precision, expectTime ?? usualTimes);
  const expected =
    expectTime === null
      ? { expected: 'timestamps that servers can store: from about the year 1680 to about the year 2260' }
      : {};
  return { tried: `reading ${name}:${line}`, expected: '', found: '', fix: '', ...problem, ...expected };
}

/** Tests whether a timestamp that no server can store would be an expected time with another --precision. */
export function isMisread(timestamp: bigint, { expectTime }: Pick<ExpectedTimeOptions, 'expectTime'>): boolean {
  return fittingPrecision(timestamp, expectTime ?? usualTimes) !== null;
}

function newColumn(table: string): ShapeMatch {
  const message = `the target lacks table "${table}" or one of its columns, and a load on several machines does not create tables or columns; load the dead letters on one machine`;
  return { kind: 'conflict', reason: 'new-column', message };
}

function strictWriteError(db: string, table: string): RefusedError {
  return new RefusedError({
    tried: `loading into "${db}"`,
    expected: 'every table and field to exist, because STRICT_WRITE silently drops unknown fields',
    found: `points of table "${table}", which is missing or lacks a field`,
    fix: 'create the table or field first, or use a database without STRICT_WRITE',
  });
}
