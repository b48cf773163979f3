import type { Clock, Input, Notice } from '../../core/types/index.js';

export interface ResumeOptions {
  readonly stateDir: string;
  readonly checkpoint: boolean;
  /** True to abandon an unfinished load instead of resuming it. */
  readonly fresh: boolean;
  readonly skipLoaded: boolean;
  readonly skipPoints: number;
  /** True to resume even if no endpoint of the earlier run is in the cluster now. */
  readonly sameTarget: boolean;
  readonly onChanged: 'restart' | 'refuse';
}

export interface ResumeContext {
  readonly options: ResumeOptions;
  readonly inputs: readonly Input[];
  readonly clock: Clock;
  readonly startedMs: number;
  /** Names of the load and of its database, as hashes. */
  readonly names: { readonly load: string; readonly database: string };
  /** Ends waiting, such as for the lock. */
  readonly signal: AbortSignal;
  readonly notify: (notice: Notice) => void;
  /** Ends the run with an error. */
  readonly end: (error: unknown) => void;
}
