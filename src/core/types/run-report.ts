// Reports of a run: samples over time, details for the report page, notices, and the summary.

import type { LimitingFactor } from '../limiting-factors.js';
import type { Outcome } from '../outcomes.js';
import type { Verdict } from './target.js';

export type Level = 'normal' | 'high' | 'critical' | 'stop';

export type Answers = Readonly<Record<Verdict['kind'], number>>;

/** One interval of a run. The interval ends `seconds` after the start of the run. */
export interface Sample {
  readonly seconds: number;
  /** Highest resident memory in the interval, bytes. */
  readonly rssBytes: number;
  readonly limitBytes: number;
  /** Points acknowledged in the interval, per second. */
  readonly pointsPerSecond: number;
  /** Number of writers allowed at the end of the interval. */
  readonly writers: number;
  /** Highest level of this process's memory use in the interval. */
  readonly level: Level;
  /** Seconds of the interval in which each factor limited the load. */
  readonly heldBack: Readonly<Record<LimitingFactor, number>>;
  /** Flush requests sent in the interval. */
  readonly flushes: number;
  /** Highest estimate of a node's memory in the interval; null without an estimate. */
  readonly nodeBytes: number | null;
  /** The first 16 endpoints, in the order of the summary. */
  readonly endpoints: readonly {
    /** Number of responses of each kind in the interval. */
    readonly answers: Answers;
    /** Highest 99th percentile of the response time in the interval, ms; 0 without a response. */
    readonly p99Ms: number;
    /** Seconds of the interval in which the circuit breaker stopped writes to the endpoint. */
    readonly openSeconds: number;
  }[];
}

/** The first items of a list, and the number of items left out. */
export interface Excerpt<T> {
  readonly shown: readonly T[];
  readonly more: number;
}

/** Figures that the report page shows beyond the summary. All lists are bounded. */
export interface RunDetails {
  /** Groups of rejected points, the largest first. `more` counts the points of groups that are left out. */
  readonly rejects: Excerpt<{
    readonly reason: string;
    /** Null if the table cannot be read from the point. */
    readonly table: string | null;
    readonly input: number;
    readonly points: number;
    readonly firstLine: number;
  }>;
  /** Tables, the largest first. `more` counts the points of tables that are left out. */
  readonly tables: Excerpt<{
    readonly table: string;
    readonly points: number;
    /** Earliest and latest time of the sampled points, ns since 1970; null without a sample. */
    readonly time: { readonly first: bigint; readonly last: bigint } | null;
  }>;
  /** True if the numbers of points in `tables` are estimates from a sample of each batch. */
  readonly sampled: boolean;
  /** Tables and columns that this load introduced. `more` counts the tables that are left out. */
  readonly introduced: Excerpt<{
    readonly table: string;
    readonly isNew: boolean;
    readonly columns: Excerpt<string>;
  }>;
  /**
   * Checkpoints from which this run does not resume, because it starts afresh, and the paths of their copies (`kept`).
   * If `input` is null, the checkpoint belongs to the whole load.
   */
  readonly abandoned: Excerpt<{ readonly input: number | null; readonly kept: string | null }>;
}

/** A message for the user during a run. */
export interface Notice {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  /** Kind of the notice. Notices of the same kind are printed at most once a minute, with their count. */
  readonly kind: string;
  readonly message: string;
}

/** The result of `--verify`. */
export interface VerifyReport {
  sampled: number;
  /** Number of sampled points that the target has. `equal` counts the points with exactly the sent values. */
  found: number;
  equal: number;
  /** A limited list of differences. If `field` is null, the target lacks the point. */
  differences: {
    table: string;
    time: string;
    tags: Record<string, string>;
    field: string | null;
    expected: string;
    got: string | null;
  }[];
  /** A count is null if the target does not provide the count. */
  tables: { table: string; countBefore: number | null; countAfter: number | null }[];
}

/** A difference that `audit` found. Field values are written as in line protocol; null for a missing field. */
export interface AuditDifference {
  /** Kind of difference. `overwritten`: the target has a value that a later line of the inputs should have replaced. */
  readonly kind: 'missing' | 'extra' | 'different' | 'overwritten';
  readonly table: string;
  /** Time of the point in RFC 3339, with nanoseconds. */
  readonly time: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Fields that differ; empty if the inputs or the target lack the whole point. */
  readonly fields: readonly {
    readonly name: string;
    readonly expected: string | null;
    readonly found: string | null;
  }[];
}

/**
 * The number of differing points for each kind of difference. `listed` has some of these points, ordered by table and
 * time.
 */
export interface AuditDifferences extends Readonly<Record<AuditDifference['kind'], number>> {
  readonly listed: readonly AuditDifference[];
}

/** The result of `audit`. */
export interface AuditReport {
  /** The audited time range, including `from` and excluding `to`; null without points. */
  readonly range: { readonly from: string; readonly to: string } | null;
  readonly inputs: {
    /** Points in the audited time range; a point may have several lines in the inputs. */
    readonly points: number;
    readonly values: number;
    /** Points that a load would reject. `audit` does not compare these points. */
    readonly rejected: number;
    readonly byReason: Readonly<Record<string, number>>;
    /** Points with a value that a later line of the inputs overwrites. */
    readonly overwritten: number;
  };
  readonly target: { readonly points: number; readonly values: number };
  readonly windows: { readonly total: number; readonly differing: number };
  readonly differences: AuditDifferences;
  /**
   * Points that --repair loaded again, and time ranges that still differ; null if `audit` did not load points again.
   */
  readonly repair: { readonly points: number; readonly differingWindows: number } | null;
  /** Tables of the target without a point in the inputs. `audit` does not compare these tables. */
  readonly otherTables: readonly string[];
}

/** The JSON of `audit --summary`, formatVersion 1. */
export interface AuditSummary extends AuditReport {
  readonly formatVersion: 1;
  readonly version: string;
  readonly outcome: Outcome;
  readonly exitCode: number;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly seconds: number;
  readonly memory: { readonly limitBytes: number; readonly peakRssBytes: number };
}

/** The JSON of `--summary`, formatVersion 1. All keys are always present. Changing a key is a breaking change. */
export interface Summary {
  formatVersion: 1;
  version: string;
  outcome: Outcome;
  exitCode: number;
  reason: string | null;
  continueWith: string | null;
  startedAt: string;
  endedAt: string;
  seconds: number;
  /** Seconds before the first point was sent, while points were sent, and while a sample was read back. */
  phases: { startSeconds: number; sendSeconds: number; verifySeconds: number };
  points: { read: number; loaded: number; rejected: number; undelivered: number };
  values: { loaded: number };
  thisRun: { read: number; loaded: number; rejected: number };
  bytes: { read: number; decoded: number; sent: number };
  rate: { pointsPerSecond: number; decodedBytesPerSecond: number };
  batches: {
    loaded: number;
    alone: number;
    cut: { points: number; bytes: number; inputEnd: number; idle: number; split: number };
  };
  requests: {
    sent: number;
    accepted: number;
    overloaded: number;
    unreachable: number;
    rejected: number;
    refused: number;
    retried: number;
  };
  latencyMs: { p50: number; p95: number; p99: number; max: number };
  memory: {
    limitBytes: number;
    limitSource: string;
    peakRssBytes: number;
    slots: number;
    slotBytes: number;
    highSeconds: number;
    criticalSeconds: number;
    forcedGcs: number;
  };
  pressure: {
    workers: number;
    limitMin: number;
    limitFinal: number;
    bodyBytesMin: number;
    bodyBytesFinal: number;
    throttledSeconds: number;
    heldBackBy: Record<LimitingFactor, number>;
  };
  target: {
    version: string | null;
    planBytesPerNode: number | null;
    estimatedPeakBytesPerNode: number | null;
    flushes: number;
    /** Number of time buckets whose request bodies were pushed out of the raft caches. */
    rinses: number;
    /** Number of nodes that died during the load, presumably for lack of memory. */
    nodeDeaths: number;
    /**
     * Largest difference between the unflushed bytes that a node reports and the estimate; null if nodes do not report
     * unflushed bytes.
     */
    gaugeDifferenceBytes: number | null;
    /** Advice about an option that would speed the load up; null without advice. */
    advice: string | null;
    newTables: number;
    newColumns: number;
  };
  inputs: {
    name: string;
    format: string;
    read: number;
    loaded: number;
    rejected: number;
    undelivered: number;
    bytes: number;
    resumedFromByte: number;
    error: string | null;
  }[];
  rejects: { byReason: Record<string, number>; deadLetters: string[] | null; reasons: string | null };
  verify: VerifyReport | null;
  endpoints: { url: string; loaded: number; failures: number; openSeconds: number }[];
  checkpoint: string | null;
  /** The shard of a planned load that this run loads, `index` from 1; null for a whole load. */
  shard: { plan: string; index: number; of: number } | null;
  /** Results of each machine of a fleet in this run; null for a load on one machine. */
  machines: { name: string; pieces: number; loaded: number; seconds: number; peakRssBytes: number }[] | null;
}
