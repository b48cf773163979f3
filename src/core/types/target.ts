// Verdicts on responses, and the contract of a target.

import type { Precision } from './input.js';
import type { ColumnType, Shape } from './shape.js';

/**
 * Meaning of one response. `mayBeApplied`: the target may have stored the points, or may still store them.
 *
 * | kind | retry | backpressure: fewer writers |
 * |---|---|---|
 * | accepted (only its latency is measured) | – | no |
 * | overloaded | yes, after at least `retryAfterMs` | yes |
 * | forming (raft groups, leaders or time buckets are not ready yet) | yes, after at least 1 s | no |
 * | unreachable (nothing was sent, or the endpoint died meanwhile) | yes, at the next endpoint | no |
 * | dropped (closed or reset after the body was sent) | yes, the same body; after two drops, half of it | yes |
 * | rejected (because of the content) | no; the body is split to find the bad points | no |
 * | refused (credentials, privilege, no such database) | during a load, for 30 s | no |
 */
export type Verdict =
  | { readonly kind: 'accepted' }
  | {
      readonly kind: 'overloaded';
      readonly reason: string;
      readonly retryAfterMs: number | null;
      readonly mayBeApplied: boolean;
      /** Whether the target reports exhausted memory. */
      readonly memory: boolean;
      /** Whether the request timed out. */
      readonly timedOut: boolean;
    }
  | { readonly kind: 'forming'; readonly reason: string; readonly mayBeApplied: boolean }
  /** `mayBeApplied`: the request was sent, and a probe found the endpoint dead before a response came. */
  | { readonly kind: 'unreachable'; readonly reason: string; readonly mayBeApplied?: true }
  | { readonly kind: 'dropped'; readonly reason: string; readonly mayBeApplied: true }
  | {
      readonly kind: 'rejected';
      /** The reason in kebab-case, as in dead-letter files: `target-parse`, `target-type`, `expired`, `too-large`, … */
      readonly reason: string;
      readonly message: string;
      /** Byte offset in the body that the message of the target contains; null for a message without an offset. */
      readonly offset: number | null;
      /** Index, from 0, of the point in the body that the message of the target names. */
      readonly point?: number | null;
      /** True for status 413: the whole body is too large and must be split. */
      readonly tooLarge: boolean;
      /** True for an unknown response. The caller retries a few times before it searches for bad points. */
      readonly unknown: boolean;
    }
  | {
      readonly kind: 'refused';
      readonly reason: string;
      /** Action that may help, for people; absent if unknown. */
      readonly advice?: string;
      /** Present if the target refuses only because the database is missing. */
      readonly missingDatabase?: true;
    };

/** One request and its verdict. */
export interface Attempt {
  readonly verdict: Verdict;
  /** URL of the endpoint, without credentials. */
  readonly endpoint: string;
  readonly latencyMs: number;
  /** Bytes of the request body on the wire. */
  readonly sentBytes: number;
}

/** A request body, compressed if compression is on. */
export interface EncodedBody {
  readonly bytes: Uint8Array;
  /** Content-Encoding; null for an uncompressed body. */
  readonly encoding: 'gzip' | 'zstd' | null;
  /** Returns the memory of the body for reuse. Called once, when the body will not be sent again. */
  readonly release?: () => void;
}

export interface DatabaseSettings {
  /** Distinguishes the database from earlier databases of the same name; absent if the target does not report an id. */
  readonly id?: string;
  readonly precision: Precision;
  /** Lifetime of points, ms; null for INF. */
  readonly ttlMs: number | null;
  readonly shard: number;
  readonly replica: number;
  /** Length of a time bucket, ms, above 0; null if one bucket contains all times. */
  readonly vnodeDurationMs: number | null;
  /** MAX_MEMCACHE_SIZE, bytes; null for a server before 2.4.2, which does not report this setting. */
  readonly maxMemcacheBytes: number | null;
  readonly strictWrite: boolean;
  /** Limits beyond which the target drops or changes points silently; absent if the target reports such points. */
  readonly limits?: StorageLimits;
}

/** Settings of a database from which a forecast computes the number, the nodes and the memory of its vnodes. */
export type VnodePlacement = Pick<DatabaseSettings, 'shard' | 'replica' | 'vnodeDurationMs' | 'maxMemcacheBytes'>;

/** Default settings of a database in CnosDB. Also used for targets without such settings. */
export const defaultDatabaseSettings: DatabaseSettings = {
  precision: 'ns',
  ttlMs: null,
  shard: 1,
  replica: 1,
  vnodeDurationMs: null,
  maxMemcacheBytes: null,
  strictWrite: false,
};

/** Limits of a target that acknowledges points which it drops or changes. */
export interface StorageLimits {
  /** `sinceMs`: oldest timestamp, ms since 1970. `aheadMs`: how far timestamps may be in the future, ms. */
  readonly sinceMs: number;
  readonly aheadMs: number;
  /** Whether the target stores strings. */
  readonly strings: boolean;
  /** Largest number of tags of a point. `ownTags`: names of tags that the target reserves. */
  readonly tags: number;
  readonly ownTags: readonly string[];
  /** Longest tag name, tag value and point, bytes. */
  readonly tagNameBytes: number;
  readonly tagValueBytes: number;
  readonly pointBytes: number;
}

export interface EndpointState {
  readonly url: string;
  readonly reachable: boolean;
  readonly version: string | null;
  readonly problem: string | null;
  /** Proxy between loader and endpoint, and the setting that names the proxy; absent for a direct connection. */
  readonly proxy?: string;
}

export interface TargetDescription {
  readonly kind: string;
  /** Lowest version of all endpoints that responded. */
  readonly version: string | null;
  readonly endpoints: readonly EndpointState[];
  readonly database: DatabaseSettings;
  /** Present if this run created the database. */
  readonly isCreated?: true;
}

/** A column of the target. `type` is null for a type that line protocol cannot write, such as GEOMETRY. */
export interface TargetColumn {
  readonly table: string;
  readonly name: string;
  readonly type: ColumnType | null;
}

/** Result of a flush. `timedOut`: no response yet; the flush may still run. `blocked`: the load cancelled the flush. */
export interface FlushOutcome {
  readonly kind: 'done' | 'timedOut' | 'notPermitted' | 'failed' | 'blocked';
  readonly tookMs: number;
  /** Message of the target if the flush did not succeed; otherwise null. */
  readonly reason: string | null;
}

/**
 * Placement of the vnodes of the database on the nodes. A vnode stores one shard of one time bucket. `from: endpoints`
 * is a guess from the number of endpoints, which may give a node too many vnodes.
 */
export interface NodeLayout {
  /** Number of data nodes that hold the database. */
  readonly nodes: number;
  /** Largest number of vnodes of one time bucket on one node. */
  readonly vnodesPerNode: number;
  readonly from: 'replicas' | 'endpoints';
  /** Starts of the time buckets of the database, ms since 1970; absent if the target does not list time buckets. */
  readonly bucketStarts?: readonly number[];
}

/** A number is a float; a bigint is a signed or unsigned integer. */
export type FieldValue = number | bigint | boolean | string;

/** The values of a point. */
export interface PointValues {
  readonly table: string;
  /** Time of the point, nanoseconds since 1970. */
  readonly time: bigint;
  readonly tags: ReadonlyMap<string, string>;
  readonly fields: ReadonlyMap<string, FieldValue>;
}

/** Limits for names and series keys. A point that exceeds a limit is rejected before sending. */
export interface NameLimits {
  /** Longest series key, bytes, in the form in which the target indexes measurement and tags. */
  readonly seriesKeyBytes: number;
  /** Whether a measurement name may contain a slash. */
  readonly slashes: boolean;
  /** True if a backslash in a name or a tag value is literal when the next byte does not need an escape. */
  readonly backslashes: boolean;
  /** Whether a tag and a field may have the same name. */
  readonly sharedNames: boolean;
  /** Whether a number may begin with a decimal point: `.5`. */
  readonly leadingPoints: boolean;
}

/** Limits of CnosDB, the strictest of all targets. */
export const strictestNameLimits: NameLimits = {
  seriesKeyBytes: 511,
  slashes: false,
  backslashes: false,
  sharedNames: false,
  leadingPoints: false,
};

/** Properties of a kind of target, known before the first request. */
export interface TargetTraits {
  /** Name of the product. */
  readonly title: string;
  /** Whether a batch that introduces a table or column must be sent without other requests in flight. */
  readonly firstWriteExclusive: boolean;
  /** True if the target flushes on request and reports unflushed bytes. Then the load plans the memory of nodes. */
  readonly plansMemory: boolean;
  /** Whether the target can count the points of a table. */
  readonly countsPoints: boolean;
  /** Whether the target accepts timestamps in seconds; otherwise the load sends milliseconds. */
  readonly sendsSeconds: boolean;
  /** Present if `scan` can read whole tables. */
  readonly scans?: true;
}

/** Half-open range of time, nanoseconds since 1970. */
export interface TimeSpan {
  readonly from: bigint;
  readonly to: bigint;
}

/**
 * A destination of batches. Calls may overlap. A target never retries: one call of `write` sends one request to one
 * endpoint, and returns the outcome as a value.
 */
export interface Target {
  readonly traits: TargetTraits;
  /**
   * Waits for a response from any endpoint, creates the database with `--create-db`, and reads its settings. Throws
   * UnavailableError if the endpoints do not respond within `--wait-for-target`. Throws RefusedError for wrong
   * credentials, missing privileges, a missing tenant or database, and a PRECISION that would merge points.
   * @param beforeChange called before a database is created or dropped; an error prevents the change. Resolves with
   * MAX_MEMCACHE_SIZE for a new database, bytes; null means the server's default
   */
  describe(signal: AbortSignal, beforeChange?: () => Promise<number | null>): Promise<TargetDescription>;
  /**
   * Lists those columns of the database, or of one table, that all reachable endpoints show. Throws as `describe` does.
   */
  columns(signal: AbortSignal, table?: string): Promise<TargetColumn[]>;
  /** False if the target showed a table without columns, as mocks do. The load then does not wait for new columns. */
  readonly listsColumns?: boolean;
  /**
   * Creates a table with these columns unless it exists. Returns false if the target refuses. Never adds columns to a
   * table. Absent for targets without such a statement.
   */
  createTable?(shape: Shape, signal: AbortSignal): Promise<boolean>;
  /** Compresses the body if compression is on. The result is valid until its release. */
  encode(body: Uint8Array): Promise<EncodedBody>;
  /**
   * Sends one request to the least busy healthy endpoint. An unhealthy endpoint has an open circuit and is only probed.
   * If the endpoint is found dead while another endpoint accepts writes, a waiting request ends as `unreachable` with
   * `mayBeApplied`. Reports failures of the target or the network as verdicts. Throws BulkLoadError if a local file
   * cannot be written. An aborted `signal` cancels the request, which ends as `dropped`. `points` is added to the
   * totals of the endpoint. The body must not change until the promise resolves.
   */
  write(body: EncodedBody, points: number, timeoutMs: number, signal: AbortSignal): Promise<Attempt>;
  /**
   * Makes the target write the caches of the database to disk (CnosDB: COMPACT DATABASE). Never throws. The caller
   * never overlaps two flushes.
   */
  flush(timeoutMs: number, signal: AbortSignal): Promise<FlushOutcome>;
  /** Returns unflushed bytes of the database per endpoint, up to 10 s old; null for an unknown value. Never throws. */
  gauges(signal: AbortSignal): Promise<readonly (number | null)[]>;
  /** Reads the placement of vnodes after `describe`; estimates it if not permitted. Throws only `signal.reason`. */
  layout(signal: AbortSignal): Promise<NodeLayout>;
  /**
   * Reads points of one table back; null for each point that the target lacks. A returned point has all requested
   * fields that the target stores, or more fields. Throws as `describe` does.
   */
  readBack(points: readonly PointValues[], signal: AbortSignal): Promise<(PointValues | null)[]>;
  /**
   * Reads all points of a table in a range of time, in any order; present with the trait `scans`. Yields whole points
   * as line protocol with timestamps in nanoseconds, each ended by LF, as they arrive. Yields nothing for an unknown
   * table. Throws the errors of `describe`, and UnavailableError if the response breaks off.
   */
  scan?(table: string, span: TimeSpan, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Counts the points of a table; null if the table is missing or not countable. Throws as `describe` does. */
  count(table: string, signal: AbortSignal): Promise<number | null>;
  endpoints(): readonly EndpointTotals[];
  /** Closes the target; `whole` is true for a completed run. Throws StateError if a local file cannot be completed. */
  close(whole?: boolean): Promise<void>;
}

export interface EndpointTotals {
  readonly url: string;
  /** Points that the endpoint acknowledged. */
  readonly loaded: number;
  readonly failures: number;
  /** Seconds with an open circuit breaker: the endpoint was unreachable, or lost writes while another one worked. */
  readonly openSeconds: number;
  /** Start of the oldest pending write, monotonic ms; absent without a pending write. */
  readonly waitingSince?: number;
}
