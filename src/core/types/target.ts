// Deliver → target: what an answer means, and the contract of whoever takes batches.

import type { Precision } from './input.js';
import type { ColumnType } from './shape.js';

/**
 * What one answer means. `mayBeApplied`: the bytes may have been stored, or may still be about to be.
 *
 * | kind | retry | backpressure | RTT sample |
 * |---|---|---|---|
 * | accepted | – | no | yes |
 * | overloaded | yes, wait ≥ retryAfterMs | yes | no |
 * | forming (raft groups, leaders, time buckets) | yes, ≥ 1 s | no | no |
 * | unreachable (nothing was sent, or the endpoint died meanwhile) | yes, next endpoint | no | no |
 * | dropped (closed or reset after the body went out) | yes, same bytes; twice → halve | yes | no |
 * | rejected (this content) | no: split or bisect | no | no |
 * | refused (credentials, privilege, no such database) | mid-load for 30 s | no | no |
 */
export type Verdict =
  | { readonly kind: 'accepted' }
  | {
      readonly kind: 'overloaded';
      readonly reason: string;
      readonly retryAfterMs: number | null;
      readonly mayBeApplied: boolean;
      /** The target said that its memory is exhausted. */
      readonly memory: boolean;
      /** We gave up waiting for the answer. */
      readonly timedOut: boolean;
    }
  | { readonly kind: 'forming'; readonly reason: string; readonly mayBeApplied: boolean }
  /** `mayBeApplied`: it was sent, and the endpoint was found dead while the answer was awaited. */
  | { readonly kind: 'unreachable'; readonly reason: string; readonly mayBeApplied?: true }
  | { readonly kind: 'dropped'; readonly reason: string; readonly mayBeApplied: true }
  | {
      readonly kind: 'rejected';
      /** Kebab-case, as it goes into the dead letters: `target-parse`, `target-type`, `expired`, `too-large`, … */
      readonly reason: string;
      readonly message: string;
      /** Byte offset in the body that the target named, if it did. */
      readonly offset: number | null;
      /** The same by number: of the point in the body, from 0. */
      readonly point?: number | null;
      /** 413: the body is too large whatever is in it; split, do not bisect for a bad point. */
      readonly tooLarge: boolean;
      /** An answer we do not know: worth a few retries before points are searched. */
      readonly unknown: boolean;
    }
  | { readonly kind: 'refused'; readonly reason: string };

/** One request and what came of it. */
export interface Attempt {
  readonly verdict: Verdict;
  /** URL as shown to people: no credentials in it. */
  readonly endpoint: string;
  readonly latencyMs: number;
  /** Request body bytes on the wire. */
  readonly sentBytes: number;
}

/** A body ready for the wire. */
export interface EncodedBody {
  readonly bytes: Uint8Array;
  /** Content-Encoding; null for none. */
  readonly encoding: 'gzip' | 'zstd' | null;
  /** To be called once, when the body will not be sent (again): its memory may be used for another then. */
  readonly release?: () => void;
}

export interface DatabaseSettings {
  readonly precision: Precision;
  /** ms; null for INF. */
  readonly ttlMs: number | null;
  readonly shard: number;
  readonly replica: number;
  readonly vnodeDurationMs: number | null;
  /** Bytes; null where the server does not say (before 2.4.2). */
  readonly maxMemcacheBytes: number | null;
  readonly strictWrite: boolean;
  /** What it would lose or change without a word; absent where it says so itself. */
  readonly limits?: StorageLimits;
}

/** Settings of a database that decide how its vnodes lie on the nodes. */
export type VnodePlacement = Pick<DatabaseSettings, 'shard' | 'replica' | 'vnodeDurationMs' | 'maxMemcacheBytes'>;

/** Of a database about which there is nothing to plan: as CnosDB creates one. */
export const defaultDatabaseSettings: DatabaseSettings = {
  precision: 'ns',
  ttlMs: null,
  shard: 1,
  replica: 1,
  vnodeDurationMs: null,
  maxMemcacheBytes: null,
  strictWrite: false,
};

/** What a target that acknowledges everything stores nothing of, or not as it was sent. */
export interface StorageLimits {
  /** Oldest timestamp, ms since 1970, and how far ahead of now one may lie. */
  readonly sinceMs: number;
  readonly aheadMs: number;
  /** Whether it has a type for them. */
  readonly strings: boolean;
  /** Most tags of a point, and names of those that would send it somewhere else. */
  readonly tags: number;
  readonly ownTags: readonly string[];
  /** Longest name and value of a tag, and longest point, bytes. */
  readonly tagNameBytes: number;
  readonly tagValueBytes: number;
  readonly pointBytes: number;
}

export interface EndpointState {
  readonly url: string;
  readonly reachable: boolean;
  readonly version: string | null;
  readonly problem: string | null;
}

export interface TargetDescription {
  readonly kind: string;
  /** Lowest version among the endpoints that answered. */
  readonly version: string | null;
  readonly endpoints: readonly EndpointState[];
  readonly database: DatabaseSettings;
}

/** A column as the target has it. `type` null: one that no line-protocol value fits (GEOMETRY, …). */
export interface TargetColumn {
  readonly table: string;
  readonly name: string;
  readonly type: ColumnType | null;
}

/** What came of asking the target to flush. `timedOut`: no answer in time, though it may go on with it. */
export interface FlushOutcome {
  readonly kind: 'done' | 'timedOut' | 'notPermitted' | 'failed';
  readonly tookMs: number;
  /** In the target's words, where it did not do it. */
  readonly reason: string | null;
}

/** How the database lies on the cluster. `from`: who says so; by the endpoints alone it is a guess on the safe side. */
export interface NodeLayout {
  /** Data nodes that hold the database. */
  readonly nodes: number;
  /** The most vnodes of it per time bucket that one node holds. */
  readonly vnodesPerNode: number;
  readonly from: 'replicas' | 'endpoints';
}

/** A number is a float, a bigint an integer, signed or not. */
export type FieldValue = number | bigint | boolean | string;

/** A point as values. */
export interface PointValues {
  readonly table: string;
  /** Nanoseconds since 1970. */
  readonly time: bigint;
  readonly tags: ReadonlyMap<string, string>;
  readonly fields: ReadonlyMap<string, FieldValue>;
}

/** What a target can keep of names; points beyond are rejected before sending. */
export interface NameLimits {
  /** Of measurement and tags as the target indexes them, bytes. */
  readonly seriesKeyBytes: number;
  /** Whether a measurement with / in its name can be found again. */
  readonly slashes: boolean;
}

/** Those of CnosDB; it has the narrowest. */
export const strictestNameLimits: NameLimits = { seriesKeyBytes: 511, slashes: false };

/** What a target is and needs, known before it is asked anything. */
export interface TargetTraits {
  /** As people call it. */
  readonly title: string;
  /** A batch that brings a table or column must have no company: see deliver/alone.ts. */
  readonly firstWriteExclusive: boolean;
  /** Its memory is what plan-target.ts reckons with; it can be asked to flush and tells what is unflushed. */
  readonly plansMemory: boolean;
  /** It can tell how many points a table has. */
  readonly countsPoints: boolean;
  /** It takes timestamps in seconds; else they go as milliseconds. */
  readonly sendsSeconds: boolean;
}

/**
 * Where batches go. Calls may overlap; the caller decides how many. Nothing here retries a write:
 * one `write` is one request to one endpoint and comes back as a value, whatever happens.
 */
export interface Target {
  readonly traits: TargetTraits;
  /**
   * Before anything is sent: waits for a first acknowledged answer of any endpoint, creates the database when
   * asked to, and reads its settings. Throws UnavailableError when the waiting time is spent, RefusedError for
   * credentials, privilege, missing tenant or database, and for a PRECISION that would merge points.
   * @param memcacheBytes the size of memcaches to create the database with, if it is created and has a choice; null: its own
   */
  describe(signal: AbortSignal, memcacheBytes?: number | null): Promise<TargetDescription>;
  /** All columns of the database, or of one table of it. An unknown table has none. Throws as `describe`. */
  columns(signal: AbortSignal, table?: string): Promise<TargetColumn[]>;
  /** Compresses, when the settings say so. The result is valid until it is released. */
  encode(body: Uint8Array): Promise<EncodedBody>;
  /**
   * One request, to the least busy endpoint believed healthy; one that is not is left alone and probed. What waits on an
   * endpoint found dead is given up while another takes writes: `unreachable` with `mayBeApplied`.
   * Never throws for anything a target or the network does; a BulkLoadError where what is written to on this machine takes
   * no more, which ends the run. When `signal` aborts the request is torn down and the
   * attempt is `dropped`. `points` is for the account of endpoints. The body must not change until this resolves.
   */
  write(body: EncodedBody, points: number, timeoutMs: number, signal: AbortSignal): Promise<Attempt>;
  /**
   * Asks the target to write its caches of the database to disk (CnosDB: COMPACT DATABASE). Never throws. The caller sees
   * to it that one ends before the next begins.
   */
  flush(timeoutMs: number, signal: AbortSignal): Promise<FlushOutcome>;
  /** Unflushed bytes of the database per endpoint, by the target's own gauge (up to 10 s old); null: not told. Never throws. */
  gauges(signal: AbortSignal): Promise<readonly (number | null)[]>;
  /** Only after `describe`. Falls back on the endpoints where it may not ask; throws `signal.reason` alone. */
  layout(signal: AbortSignal): Promise<NodeLayout>;
  /**
   * The same series and times as the target has them now, null for each that it lacks. All of one table; `fields` holds
   * at least those asked for that the target has. Throws as `describe`.
   */
  readBack(points: readonly PointValues[], signal: AbortSignal): Promise<(PointValues | null)[]>;
  /** Points of a table, each counted once; null where there is no such table, or it does not count points. Throws as `describe`. */
  count(table: string, signal: AbortSignal): Promise<number | null>;
  endpoints(): readonly EndpointTotals[];
  /** @param whole the run came to its end. Throws StateError where that cannot be made to last on this machine. */
  close(whole?: boolean): Promise<void>;
}

export interface EndpointTotals {
  readonly url: string;
  /** Points acknowledged through it. */
  readonly loaded: number;
  readonly failures: number;
  /** Seconds it was left alone: not to be reached, or losing what it was sent while others took writes. */
  readonly openSeconds: number;
  /** Monotonic ms: since when the oldest write under way there has waited. Absent where there is none. */
  readonly waitingSince?: number;
}
