// What a load needs from its caller, and what it returns.

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
  /** Canonical names from which the inputs were found; they identify the load. Default: the paths of the inputs. */
  readonly named?: readonly string[];
  readonly target: Target;
  /** Kind of the target, which identifies the load. Default: the kind of the settings. */
  readonly targetKind?: string;
  readonly clock: Clock;
  /** The part of a planned load that this run loads; absent for a whole load. */
  readonly shard?: LoadShard;
  /** What this run shares with the other workers of a fleet; absent for a run on its own. */
  readonly fleet?: FleetHooks;
  /** Stops the run: no more reading and waiting; requests in flight finish within 10 s. Its reason ends the run. */
  readonly stop: AbortSignal;
  /** Stops the run at once: requests in flight are cancelled. */
  readonly abort: AbortSignal;
  /** Returns the command that continues this load, with --skip-points unless null; null if there is no such command. */
  readonly command: ((skipPoints: number | null) => string) | null;
  readonly notify: (notice: Notice) => void;
  /** Parsers and batches of an earlier load, which this one uses and leaves to the next one. Absent for a load on its own. */
  readonly reuse?: LoadReuse;
  /** Whether worker threads parse. Default: true for large inputs. */
  readonly workerThread?: boolean;
  /**
   * Writes the results at the end. The memory watchdog lives until it has ended.
   * @param latest returns the result with the memory that it took so far
   */
  readonly writeResults?: (latest: () => LoadResult) => Promise<void>;
  /** Called once before anything is read, with the source of snapshots of the run. */
  readonly watch: (
    snapshot: () => Snapshot,
    /** Null for a fleet, of which each machine describes its own. */
    description: TargetDescription | null,
    memory: MemoryPlan | null,
  ) => void;
}

/** A part of a planned load. Its inputs are pieces. */
export interface LoadShard {
  readonly plan: string;
  /** From 1. */
  readonly index: number;
  readonly of: number;
  /** Field types of rows by table and name, as the whole inputs decide them. */
  readonly fieldTypes: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Time span and size of all inputs of the plan. */
  readonly times: TimeSample;
}

export interface LoadResult {
  readonly summary: Summary;
  /** First message of each reason of rejects. */
  readonly examples: ReadonlyMap<string, string>;
  /** Error that ended the run early, or the fault of its inputs; null for a complete run. */
  readonly error: BulkLoadError | null;
  /** What the report page shows beyond the summary; null without a report. */
  readonly details: RunDetails | null;
}
