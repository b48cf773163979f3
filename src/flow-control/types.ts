// Contract of the governor: its options, its decisions and its figures.

import type { MemoryLimitError } from '../core/errors.js';
import type { Attempt, Clock, Level, Notice } from '../core/types/index.js';

export interface GovernorOptions {
  readonly limitBytes: number;
  /** `observe` reports what `on` would do and does nothing; `off` does not read memory. */
  readonly watchdog: 'on' | 'observe' | 'off';
  /** Largest number of writers. */
  readonly workers: number;
  readonly clock: Clock;
  /** Returns the resident bytes of this process. */
  readonly probe: () => number;
  /** Returns true while no batch is in flight. */
  readonly drained: () => boolean;
  /** Collects all garbage before it returns. Returns the bytes of heap that it freed. */
  readonly collect: () => number;
  /** Receives each new number of writers. */
  readonly changed: (writers: number) => void;
  /** Receives the error once when the memory limit cannot be held. */
  readonly stop: (error: MemoryLimitError) => void;
  readonly notify: (notice: Notice) => void;
}

/** Figures of the governor for the summary. */
export interface PressureAccount {
  readonly peakRssBytes: number;
  readonly highSeconds: number;
  readonly criticalSeconds: number;
  readonly forcedGcs: number;
  /** Smallest number of writers after slow start, and the last one. */
  readonly limitMin: number;
  readonly limitFinal: number;
  /** Seconds in which a higher limit would have allowed more batches in flight. */
  readonly throttledSeconds: number;
  /** The same seconds by limiting factor. */
  readonly heldBack: { readonly target: number; readonly ownMemory: number };
}

export interface Governor {
  /** Writers allowed, 1 to `workers`. */
  readonly writers: number;
  /** True while batches may be prepared before a writer asks for them. */
  readonly readAhead: boolean;
  readonly level: Level;
  /** Factor that limits the number of writers at this moment. */
  readonly heldBackBy: 'target' | 'ownMemory' | null;
  /** Takes each attempt as soon as it is answered; `inFlight` still counts its own batch. */
  observe(attempt: Attempt, bodyBytes: number, inFlight: number): void;
  /** Reads memory; call it before each batch. */
  sample(): void;
  account(): PressureAccount;
  close(): void;
}
