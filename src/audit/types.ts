// What an audit needs from its caller, and what it finds.

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
   * bytes are valid until it returns. Throws the error that a load ends with.
   */
  readonly readInputs: (take: (points: Uint8Array) => void) => Promise<AuditedInputs>;
  /** Unit of the timestamps in what `readInputs` passes on. */
  readonly precision: InputPrecision;
  /** Reads points back, as `Target.scan` does. */
  readonly scan: (table: string, span: TimeSpan, signal: AbortSignal) => AsyncIterable<Uint8Array>;
  /** Lists the tables of the target. */
  readonly targetTables: () => Promise<readonly string[]>;
  /** Resolves when so many points and bytes more may be read from the target. */
  readonly admit: (points: number, bytes: number) => Promise<void>;
  /** Bounds of time; null for the first or the last time in the inputs. */
  readonly since: bigint | null;
  readonly until: bigint | null;
  /** Loads a file of points in `precision` again; null without --repair. */
  readonly repair: ((file: string) => Promise<void>) | null;
  /** Existing directory for the state of this audit alone. */
  readonly folder: string;
  /** What makes two audits the same: target, inputs with their content, range. */
  readonly identity: string;
  /** Memory for the comparison of points, bytes. */
  readonly memoryBytes: number;
  /** How long one range of the target is retried. */
  readonly retryForMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly notify: (notice: Notice) => void;
  readonly progress: (phase: AuditPhase, done: number, of: number) => void;
}

/** `windows`: the target is read window by window. `points`: windows that differ are read again. */
export type AuditPhase = 'windows' | 'points' | 'repair' | 'check';
