// Contract of the governor (its options, decisions and figures), and figures of the target's memory.

import type { Attempt, Clock, Level, Notice } from '../core/types/index.js';
import type { Watchdog } from './own-memory/watchdog.js';

export interface GovernorOptions {
  /** Largest number of writers. */
  readonly workers: number;
  readonly clock: Clock;
  readonly watchdog: Watchdog;
  /** Receives each new number of writers. */
  readonly changed: (writers: number) => void;
  readonly notify: (notice: Notice) => void;
}

/** Figures of the governor for the summary. */
export interface PressureAccount {
  /** Smallest limit of writers after slow start. `limitFinal` is the limit at the end. */
  readonly limitMin: number;
  readonly limitFinal: number;
  /** Seconds during which the limit of writers delayed batches. */
  readonly throttledSeconds: number;
  /** The parts of `throttledSeconds` for which the target or our own memory limited the writers. */
  readonly heldBack: { readonly target: number; readonly ownMemory: number };
}

export interface Governor {
  /** Number of allowed writers, 1 to `workers`. */
  readonly writers: number;
  /** True while batches may be prepared before a writer asks for them. */
  readonly readAhead: boolean;
  readonly level: Level;
  /** Factor that limits the number of writers at this moment. */
  readonly heldBackBy: 'target' | 'ownMemory' | null;
  /**
   * Must be called for each attempt as soon as its response arrives, while `inFlight` still counts the attempt's batch.
   */
  observe(attempt: Attempt, bodyBytes: number, inFlight: number): void;
  /** Reads the memory of this process. The caller calls it after each batch. */
  sample(): void;
  account(): PressureAccount;
  close(): void;
}

/**
 * Figures of the target's memory for the summary. `estimatedBytesPerNode` is the estimate for the fullest node at this
 * moment.
 */
export interface ThrottleAccount {
  readonly planBytesPerNode: number | null;
  readonly estimatedPeakBytesPerNode: number | null;
  readonly estimatedBytesPerNode: number | null;
  readonly flushes: number;
  /** Number of time buckets whose raft caches were rinsed. */
  readonly rinses: number;
  /** Number of node deaths during the load. The usual cause is a lack of memory. */
  readonly nodeDeaths: number;
  /** Largest difference between a gauge of unflushed rows and the estimate; null if no gauge was read. */
  readonly gaugeDifferenceBytes: number | null;
  readonly advice: string | null;
  /** Seconds of waits for flushes and stages. `pacedSeconds` counts only waits for the interval between two flushes. */
  readonly flushSeconds: number;
  readonly pacedSeconds: number;
}
