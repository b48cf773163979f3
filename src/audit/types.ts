// What an audit needs from its caller, and the totals of its inputs.

import type { Clock, InputPrecision, Notice, TimeSpan } from '../core/types/index.js';

/** Points that were read from all inputs. Rejected points are not compared. */
export interface AuditedInputs {
  readonly points: number;
  readonly rejected: number;
  readonly byReason: Readonly<Record<string, number>>;
}

export interface AuditContext {
  /**
   * Reads all inputs in order, from their start. Calls `take` with whole points of line protocol, each ended by LF; the
   * bytes are valid until `take` returns. Throws the error that would end a load.
   */
  readonly readInputs: (take: (points: Uint8Array) => void) => Promise<AuditedInputs>;
  /** Unit of the timestamps that `readInputs` passes to `take`. */
  readonly precision: InputPrecision;
  /** Reads points back, like `Target.scan`. */
  readonly scan: (table: string, span: TimeSpan, signal: AbortSignal) => AsyncIterable<Uint8Array>;
  /** Lists the tables of the target. */
  readonly targetTables: () => Promise<readonly string[]>;
  /** Limits the rate of reading the target: takes what was read last, and resolves when reading may continue. */
  readonly admit: (points: number, bytes: number) => Promise<void>;
  /** Audited range, ns since 1970, `until` excluded; null for the first or the last time in the inputs. */
  readonly since: bigint | null;
  readonly until: bigint | null;
  /** Loads a file of points in `precision` again; null without --repair. */
  readonly repair: ((file: string) => Promise<void>) | null;
  /** Existing directory for the state of this audit alone. */
  readonly folder: string;
  /** Equal for two audits with the same target, inputs, content of the inputs, and range. */
  readonly identity: string;
  /** Memory for the comparison of points, bytes. */
  readonly memoryBytes: number;
  /** Time limit for reading one range of the target, with its retries, ms. */
  readonly retryForMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly notify: (notice: Notice) => void;
  readonly progress: (phase: AuditPhase, done: number, of: number) => void;
}

/** `windows`: the target is read window by window. `points`: windows that differ are read again. */
export type AuditPhase = 'windows' | 'points' | 'repair' | 'check';
