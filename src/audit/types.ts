// Types of an audit: the context that the caller provides, and the totals of the inputs.

import type { Clock, InputPrecision, Notice, TimeSpan } from '../core/types/index.js';

/** Numbers of points, over all inputs. Rejected points are not compared. */
export interface AuditedInputs {
  readonly points: number;
  readonly rejected: number;
  readonly byReason: Readonly<Record<string, number>>;
}

export interface AuditContext {
  /**
   * Reads all inputs in order, from their start. Calls `take` with complete points of line protocol, each ended by LF.
   * The bytes are valid only until `take` returns. Throws the same errors as reading the inputs of a load.
   */
  readonly readInputs: (take: (points: Uint8Array) => void) => Promise<AuditedInputs>;
  /** Unit of the timestamps that `readInputs` passes to `take`. */
  readonly precision: InputPrecision;
  /** Reads stored points from the target, like `Target.scan`. */
  readonly scan: (table: string, span: TimeSpan, signal: AbortSignal) => AsyncIterable<Uint8Array>;
  /** Lists the tables of the target. */
  readonly targetTables: () => Promise<readonly string[]>;
  /**
   * Limits the rate of reading the target. Receives the numbers of points and bytes that were just read. Resolves when
   * the next read may begin.
   */
  readonly admit: (points: number, bytes: number) => Promise<void>;
  /**
   * Audited range of times, ns since 1970. The range begins at `since` and ends before `until`. If `since` is null, the
   * range begins with the first point of the inputs; if `until` is null, the range ends just after the last point.
   */
  readonly since: bigint | null;
  readonly until: bigint | null;
  /** Loads the points of a file again, with timestamps in `precision`; null without --repair. */
  readonly repair: ((file: string) => Promise<void>) | null;
  /** Existing directory that contains only the state of this audit. */
  readonly folder: string;
  /** Identity of the audit. Audits with the same target, inputs, input content and range have the same identity. */
  readonly identity: string;
  /** Memory for comparing points, bytes. */
  readonly memoryBytes: number;
  /** Time after which the audit no longer retries a failed read of one range of the target, ms. */
  readonly retryForMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly notify: (notice: Notice) => void;
  readonly progress: (phase: AuditPhase, done: number, of: number) => void;
}

/**
 * Phase of an audit. `windows` reads the audited range of the target. `points` reads windows with differences again.
 * `repair` loads points. `check` reads the repaired windows.
 */
export type AuditPhase = 'windows' | 'points' | 'repair' | 'check';
