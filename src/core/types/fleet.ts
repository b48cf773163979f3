// Data that a run shares with the other workers of its fleet: requests in flight, rates, rejects, the estimate of a
// node's memory, and the permission to introduce columns.

import type { BodyPart } from './batch.js';
import type { FlushOutcome } from './target.js';

/** Numbers of points read and of points rejected. */
export interface RejectTotals {
  readonly read: number;
  readonly rejected: number;
}

/** Permission to have one request in flight. */
export interface RequestPermit {
  /** Wait before the request, ms, so that the fleet does not exceed its rate limits. */
  readonly delayMs: number;
  /** Gives the permit back. A second call has no effect. */
  end(): void;
}

/** Permission to introduce tables and columns. Only one worker at a time has this permission for a database. */
export interface HeldTurn {
  /** Tests whether the permission still lasts at the end of a request that begins now and takes 30 s. */
  isFresh(): boolean;
  release(): void;
}

/**
 * Reason for a flush of the target's caches. `planned`: otherwise the unflushed rows would exceed the planned memory.
 * `relief`: the target answers every write with exhausted memory, or no write can be sent until the target flushes.
 * `stage`: --stage demands a flush, and the load waits for its end.
 */
export type FlushCause = 'planned' | 'relief' | 'stage';

/** A change of a node's memory. All workers apply all changes in the same order. */
export type MemoryEvent =
  /**
   * An acknowledged request. `bytes` is the length of the body, 0 if the body only repeats acknowledged points. `rows`
   * is the memory that the body's rows take in the target, bytes.
   */
  | {
      readonly kind: 'body';
      readonly parts: readonly BodyPart[];
      readonly bytes: number;
      readonly rows: number;
      /** Number of entries that the target stores for the rows, as in `Batch.slots`. */
      readonly slots: number;
      /**
       * Number of points of the batch. `sample`: hashes of the series of some points. `part`: length of the body
       * divided by the length of the batch.
       */
      readonly points: number;
      readonly sample: readonly number[];
      readonly part: number;
    }
  /** An acknowledged point of each shard of a time bucket, in base64; null for a shard without a known point. */
  | {
      readonly kind: 'sample';
      readonly bucket: number;
      readonly points: readonly (string | null)[];
      /** Mean size of a row in the target's memory, bytes. */
      readonly rowBytes: number;
    }
  | { readonly kind: 'flush'; readonly cause: FlushCause }
  | { readonly kind: 'flushed'; readonly outcome: FlushOutcome };

/** Keeps one worker's estimate of a node's memory equal to the estimates of the other workers. */
export interface MemoryFollower {
  /** Applies a change. For a `flush`, `own` is true if this worker requested the flush and runs it. */
  apply(event: MemoryEvent, own: boolean): void;
  /**
   * Called while no worker flushes. If the last `flush` has no `flushed` yet, the worker that ran this flush has ended.
   * The flush then counts as failed.
   */
  flushLost(): void;
  /** Returns the estimate as JSON data, for workers that join later. */
  save(): unknown;
  restore(saved: unknown): void;
}

/** Work that only one worker of the fleet does at a time. `rinse` pushes request bodies out of a node's raft caches. */
export type ExclusiveWork = 'flush' | 'rinse';

/** The changes of a node's memory, in the same order for all workers. */
export interface MemoryLog {
  /** Appends a change. Each follower, also this worker's own, receives all changes of all workers in the same order. */
  append(event: MemoryEvent): void;
  /** Resolves once the follower has applied all changes so far. Accepts one follower at a time. */
  follow(follower: MemoryFollower): Promise<void>;
  unfollow(): void;
  /**
   * Appends a `flush` and returns true. Returns false if a flush is running, or if the last flush began less than 2 s
   * ago.
   */
  beginFlush(cause: FlushCause): Promise<boolean>;
  /** Begins a rinse and returns true. Returns false if another worker performs a rinse. */
  beginRinse(): Promise<boolean>;
  end(work: ExclusiveWork): void;
}

export interface FleetHooks {
  /**
   * Resolves when a request may be sent, after all earlier changes of the memory log are applied. At most --workers
   * requests are in flight in the whole fleet. Rejects with the signal's reason.
   */
  admit(points: number, bytes: number, signal: AbortSignal): Promise<RequestPermit>;
  /** Called for each request that the target accepted, or refused because of overload. */
  observe(outcome: 'accepted' | 'overloaded'): void;
  readonly memory: MemoryLog;
  /** Points of all other pieces of the load, from their last reports. */
  readonly elsewhere: RejectTotals;
  /** Reports the points of this piece so far. Resolves once `elsewhere` is current, or after a second. */
  report(own: RejectTotals): Promise<void>;
  /** Resolves once this worker has the permission; rejects with the signal's reason. */
  takeTurn(signal: AbortSignal): Promise<HeldTurn>;
}

/** Address of a fleet's queue in Redis, and the credentials from its URL. */
export interface QueueAddress {
  /** Nodes of a Redis cluster, or a single server. */
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  /** Index of the Redis database. */
  readonly database: number;
  readonly isTls: boolean;
  readonly user: string | null;
  readonly password: string | null;
  /** URL without credentials, for messages. */
  readonly shown: string;
}
