// The context and the result of a load.

import type { BulkLoadError } from '../core/errors.js';
import type {
  Clock,
  FleetHooks,
  Input,
  Notice,
  RunDetails,
  Summary,
  Target,
  TargetDescription,
} from '../core/types/index.js';
import type { MemoryPlan } from '../flow-control/own-memory/memory-plan.js';
import type { TimeSample } from '../inputs/sample-times.js';
import type { Snapshot } from '../reporting/figures.js';
import type { LoadReuse } from './load-reuse.js';

export interface LoadContext {
  readonly version: string;
  readonly inputs: readonly Input[];
  /** Canonical names that the inputs were found by. They identify the load. Default: the paths of the inputs. */
  readonly named?: readonly string[];
  readonly target: Target;
  /** Kind of the target, which identifies the load. Default: the kind of the settings. */
  readonly targetKind?: string;
  readonly clock: Clock;
  /** The part of a planned load that this run loads; absent for a whole load. */
  readonly shard?: LoadShard;
  /** Limits that this run shares with the other workers of a fleet; absent for a run outside of a fleet. */
  readonly fleet?: FleetHooks;
  /** Stops reading and waiting; requests in flight have 10 s to finish. The run ends with the signal's reason. */
  readonly stop: AbortSignal;
  /** Stops the run at once and cancels requests in flight. */
  readonly abort: AbortSignal;
  /**
   * Returns the command that resumes this load. `skipPoints` replaces --skip-points; null keeps it. Null if no command
   * can resume the load.
   */
  readonly command: ((skipPoints: number | null) => string) | null;
  readonly notify: (notice: Notice) => void;
  /** Parsers and batches that this load takes from an earlier load and leaves to the next one; absent for a single load. */
  readonly reuse?: LoadReuse;
  /** Whether worker threads parse. Default: true for large inputs. */
  readonly workerThread?: boolean;
  /**
   * Writes the results at the end. The memory watchdog runs until the results are written.
   * @param latest returns the result with the memory figures so far
   */
  readonly writeResults?: (latest: () => LoadResult) => Promise<void>;
  /** Called once before the inputs are read, with the function that returns snapshots of the run. */
  readonly watch: (
    snapshot: () => Snapshot,
    /** Description of the target; null for a fleet, in which each machine describes the target itself. */
    description: TargetDescription | null,
    memory: MemoryPlan | null,
  ) => void;
}

/** A part of a planned load. Its inputs are pieces. */
export interface LoadShard {
  readonly plan: string;
  /** Number of the shard, from 1. */
  readonly index: number;
  readonly of: number;
  /** Field types of rows by table and name. Planning determines them from all inputs. */
  readonly fieldTypes: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Time span and size of all inputs of the plan. */
  readonly times: TimeSample;
}

export interface LoadResult {
  readonly summary: Summary;
  /** First message of each reason of rejects. */
  readonly examples: ReadonlyMap<string, string>;
  /** Error that ended the run early, or the error of its inputs; null for a complete run. */
  readonly error: BulkLoadError | null;
  /** Details that the report page shows besides the summary; null if there is no report. */
  readonly details: RunDetails | null;
}
