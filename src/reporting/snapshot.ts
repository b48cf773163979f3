// The state of a run at one moment, for bar, metrics and series.

import type { LimitingFactor } from '../core/limiting-factors.js';
import type { Answers, Level, Summary } from '../core/types/index.js';

/**
 * State of a run at one moment. A snapshot must be cheap to create, because progress views and metrics often request
 * snapshots.
 */
export interface Snapshot {
  /** Time of the snapshot, ms since 1970. */
  readonly at: number;
  /** Seconds since this run began. */
  readonly seconds: number;
  readonly phase: 'starting' | 'sending' | 'verifying' | 'ending';
  /** Acknowledged share of the whole load, 0 to 100; null while the size of an input is unknown. */
  readonly percent: number | null;
  readonly points: { readonly read: number; readonly loaded: number; readonly rejected: number };
  /** Number of field values. */
  readonly values: { readonly loaded: number };
  /** File bytes: `read` so far, and in `total`. The total is null while the size of an input is unknown. */
  readonly bytes: {
    readonly read: number;
    readonly total: number | null;
    readonly decoded: number;
    readonly sent: number;
  };
  readonly inputs: { readonly done: number; readonly total: number; readonly current: string | null };
  readonly inFlight: number;
  /** Number of writers allowed at this moment (`limit`), and the largest number that may be allowed (`max`). */
  readonly writers: { readonly limit: number; readonly max: number };
  readonly memory: { readonly rssBytes: number; readonly limitBytes: number; readonly level: Level };
  readonly latencyMs: { readonly p50: number; readonly p99: number };
  readonly requests: Summary['requests'];
  /** Factor that limits the load at this moment; null if unknown. */
  readonly heldBackBy: LimitingFactor | null;
  /** Number of seconds for which each factor has limited the load so far. */
  readonly heldBack: Readonly<Record<LimitingFactor, number>>;
  readonly target: {
    /**
     * Number of flush requests. `rinses`: number of rinsed time buckets. To rinse a bucket, bulk-load sends small
     * writes to it, which push earlier request bodies out of the raft caches of the nodes.
     */
    readonly flushes: number;
    readonly rinses: number;
    /** Estimated memory of the fullest node, bytes; null before the first estimate. */
    readonly nodeBytes: number | null;
  };
  readonly endpoints: readonly EndpointStatus[];
  /** Living workers and pieces of a fleet; null for a load on one machine. */
  readonly fleet: {
    readonly workers: number;
    readonly pieces: { readonly settled: number; readonly active: number; readonly waiting: number };
  } | null;
}

/** An endpoint within a snapshot. */
export interface EndpointStatus {
  readonly url: string;
  /** Points acknowledged through the endpoint. */
  readonly loaded: number;
  /** Seconds with an open circuit so far. */
  readonly openSeconds: number;
  /** Number of responses to writes, by kind. */
  readonly answers: Answers;
  /** 99th percentile latency of acknowledged writes in the last 5 to 10 s, with about 5 % error; 0 without writes. */
  readonly p99Ms: number;
}
