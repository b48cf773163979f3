// What the governor is told, what it answers, and what it must be given to look at memory and to be heard.

import type { MemoryLimitError } from '../core/errors.js';
import type { Attempt, Clock, Level, Notice } from '../core/types/index.js';

export interface GovernorOptions {
  readonly limitBytes: number;
  /** `observe`: says what it would do, and does nothing. `off`: memory is not looked at. */
  readonly watchdog: 'on' | 'observe' | 'off';
  /** The most writers there may ever be. */
  readonly workers: number;
  readonly clock: Clock;
  /** Resident bytes of this process. */
  readonly probe: () => number;
  /** No batch is in flight. */
  readonly drained: () => boolean;
  /** Collects all garbage before it returns. */
  readonly collect: () => void;
  /** The number of writers is another one now. */
  readonly changed: (writers: number) => void;
  /** The limit cannot be held. Called once. */
  readonly stop: (error: MemoryLimitError) => void;
  readonly notify: (notice: Notice) => void;
}

/** What the governor did, for the summary. */
export interface PressureAccount {
  readonly peakRssBytes: number;
  readonly highSeconds: number;
  readonly criticalSeconds: number;
  readonly forcedGcs: number;
  /** Fewest writers that were allowed after the start-up, and those allowed last. */
  readonly limitMin: number;
  readonly limitFinal: number;
  /** Seconds in which more batches could have been in flight, had there been no limit below `workers`. */
  readonly throttledSeconds: number;
  /** The same seconds by cause. */
  readonly heldBack: { readonly target: number; readonly ownMemory: number };
}

export interface Governor {
  /** 1 to `workers`. */
  readonly writers: number;
  /** Whether batches may be prepared before a writer asks for them. */
  readonly readAhead: boolean;
  readonly level: Level;
  /** What holds writers back just now. */
  readonly heldBackBy: 'target' | 'ownMemory' | null;
  /** Every attempt, as soon as it is answered; `inFlight` with its own batch still counted. */
  observe(attempt: Attempt, bodyBytes: number, inFlight: number): void;
  /** A look at memory; call it before each batch. */
  sample(): void;
  account(): PressureAccount;
  close(): void;
}
