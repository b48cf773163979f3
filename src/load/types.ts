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
  /**
   * Names by which the user gave the inputs, such as canonical paths and patterns. These names identify the load.
   * Default: the paths of the inputs.
   */
  readonly named?: readonly string[];
  readonly target: Target;
  /** Kind of the target, which is part of the load's identity. Default: the kind in the settings. */
  readonly targetKind?: string;
  readonly clock: Clock;
  /** The shard of a planned load that this run loads; absent if the run loads everything. */
  readonly shard?: LoadShard;
  /** Limits that this run shares with the other workers of a fleet; absent for a run outside of a fleet. */
  readonly fleet?: FleetHooks;
  /** Stops reading and waiting; requests in flight have 10 s to finish. The run ends with the signal's reason. */
  readonly stop: AbortSignal;
  /** Signal that stops the run at once and cancels its requests in flight. */
  readonly abort: AbortSignal;
  /**
   * Returns the command that resumes this load. `skipPoints` replaces the value of --skip-points; null keeps the value.
   * The property is null if no command can resume the load.
   */
  readonly command: ((skipPoints: number | null) => string) | null;
  readonly notify: (notice: Notice) => void;
  /** Memory and parsers of the previous load, which this load uses and then gives back; absent for a single load. */
  readonly reuse?: LoadReuse;
  /** False if worker threads must not parse. By default, worker threads parse large inputs. */
  readonly workerThread?: boolean;
  /**
   * Writes the results of the run. The memory watchdog runs until the promise resolves.
   * @param latest returns the result with the peak of memory up to the call
   */
  readonly writeResults?: (latest: () => LoadResult) => Promise<void>;
  /**
   * Called once before the inputs are read.
   * @param snapshot returns a snapshot of the run
   */
  readonly watch: (
    snapshot: () => Snapshot,
    /** Description of the target; null in a fleet, because each machine describes the target itself. */
    description: TargetDescription | null,
    memory: MemoryPlan | null,
  ) => void;
}

/** A shard of a planned load. The inputs of a shard are pieces. */
export interface LoadShard {
  readonly plan: string;
  /** Number of the shard, from 1. */
  readonly index: number;
  readonly of: number;
  /** Type of each field, by table and field name. Planning determines the types from all inputs. */
  readonly fieldTypes: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Times and size of all inputs of the plan. */
  readonly times: TimeSample;
}

export interface LoadResult {
  readonly summary: Summary;
  /** For each reject reason, the message of the first reject. */
  readonly examples: ReadonlyMap<string, string>;
  /** Error that ended the run early, or error of an input; null without an error. */
  readonly error: BulkLoadError | null;
  /** Details that the report page shows besides the summary; null without a report. */
  readonly details: RunDetails | null;
}
