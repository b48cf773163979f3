// Types of an audit: what the caller of an audit provides, and the totals of the inputs.

import type { Clock, InputPrecision, Notice, TimeSpan } from '../core/types/index.js';

/** Totals of the points of all inputs. Rejected points are not compared. */
export interface AuditedInputs {
  readonly points: number;
  readonly rejected: number;
  readonly byReason: Readonly<Record<string, number>>;
}

export interface AuditContext {
  /**
   * Reads all inputs in order, from their start. Calls `take` with whole points of line protocol, each ended by LF; the
   * bytes are valid until `take` returns. Throws the error that ends reading, as in a load.
   */
  readonly readInputs: (take: (points: Uint8Array) => void) => Promise<AuditedInputs>;
  /** Unit of the timestamps that `readInputs` passes to `take`. */
  readonly precision: InputPrecision;
  /** Reads points back, like `Target.scan`. */
  readonly scan: (table: string, span: TimeSpan, signal: AbortSignal) => AsyncIterable<Uint8Array>;
  /** Lists the tables of the target. */
  readonly targetTables: () => Promise<readonly string[]>;
  /** Limits the rate of reading the target. Takes the points and bytes read last, and resolves when reading may continue. */
  readonly admit: (points: number, bytes: number) => Promise<void>;
  /** Audited range, ns since 1970, `until` excluded; null for the first or the last time in the inputs. */
  readonly since: bigint | null;
  readonly until: bigint | null;
  /** Loads a file of points in `precision` again; null without --repair. */
  readonly repair: ((file: string) => Promise<void>) | null;
  /** Existing directory that holds the state of this audit and nothing else. */
  readonly folder: string;
  /** Identity of the audit. Audits with the same target, inputs, input content and range have the same identity. */
  readonly identity: string;
  /** Memory for the comparison of points, bytes. */
  readonly memoryBytes: number;
  /** Time limit for reading one range of the target, including retries, ms. */
  readonly retryForMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly notify: (notice: Notice) => void;
  readonly progress: (phase: AuditPhase, done: number, of: number) => void;
}

/**
 * Phase of an audit. `windows` reads the whole target. `points` reads differing windows again. `repair` loads points.
 * `check` reads the repaired windows.
 */
export type AuditPhase = 'windows' | 'points' | 'repair' | 'check';
