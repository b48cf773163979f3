import type { Clock, Input, Notice } from '../../core/types/index.js';

export interface ResumeOptions {
  readonly stateDir: string;
  readonly checkpoint: boolean;
  /** True to ignore an unfinished load. */
  readonly fresh: boolean;
  readonly skipLoaded: boolean;
  readonly skipPoints: number;
  /** True to resume even if the cluster has no endpoint of the earlier run. */
  readonly sameTarget: boolean;
  readonly onChanged: 'restart' | 'refuse';
}

export interface ResumeContext {
  readonly options: ResumeOptions;
  readonly inputs: readonly Input[];
  readonly clock: Clock;
  readonly startedMs: number;
  /** Names of the load and of its database. */
  readonly names: { readonly load: string; readonly database: string };
  /** Ends waits. */
  readonly signal: AbortSignal;
  readonly notify: (notice: Notice) => void;
  /** Ends the run. */
  readonly end: (error: unknown) => void;
}
