// Loads one piece of a fleet's load, while the worker holds the lease of the piece. Runs an ordinary load with its own
// state folder.

import { rm } from 'node:fs/promises';
import type { Settings } from '../../../config/settings.js';
import { type BulkLoadError, InputError, UsageError } from '../../../core/errors.js';
import { makeDirectory } from '../../../core/io/files.js';
import type { Clock, Input, Notice, Summary, Target } from '../../../core/types/index.js';
import { wrapObject } from '../../../core/wrap-object.js';
import type { AllowedInputs } from '../../../fleet/allowed-inputs.js';
import type { FleetLoad, PieceJob, PieceResult } from '../../../fleet/queue/messages.js';
import type { PieceLease } from '../../../fleet/queue/piece-lease.js';
import type { Snapshot } from '../../../reporting/figures.js';
import { load as runLoad } from '../../pipeline.js';
import type { WorkerLimits } from '../open-limits.js';
import { shardInputs } from '../shard-inputs.js';
import { collectLetters } from './piece-letters.js';
import type { PieceParts } from './piece-parts.js';

/** Facts and functions that the worker's process provides for all its pieces. */
export interface PieceContext {
  readonly version: string;
  /** Name of the machine for messages. */
  readonly machine: string;
  readonly workerId: string;
  readonly clock: Clock;
  readonly notify: (notice: Notice) => void;
  readonly allowed: AllowedInputs;
  /** Finds an input by path or URL. Throws UsageError. */
  readonly findInput: (path: string) => Promise<Input>;
  readonly createTarget: (settings: Settings) => Promise<Target>;
}

export interface PieceRun {
  readonly limits: WorkerLimits;
  readonly parts: PieceParts;
  readonly fleetLoad: FleetLoad;
  readonly job: PieceJob;
  readonly lease: PieceLease;
  /** Folder for the state of this attempt at the piece. */
  readonly folder: string;
  readonly stop: AbortSignal;
  readonly abort: AbortSignal;
  readonly watch: (snapshot: () => Snapshot) => void;
}

/**
 * Result of an attempt to load a piece. Dead letters that do not fit into the result remain in the attempt's folder.
 */
export interface PieceOutcome {
  readonly result: PieceResult;
  /** Error that ended the attempt; null if every point is acknowledged or rejected. */
  readonly error: BulkLoadError | null;
}

/**
 * Settings for the load of every piece. The coordinator checks the number of points, keeps the record and creates the
 * database, so the load of a piece does none of this.
 */
const pieceSettings = { checkpoint: false, report: null, minPoints: 0, createDb: false, dbOptions: null };

/** Loads a piece. Errors of the input or target are part of the result. Throws only the errors that `load` throws. */
export async function runPiece(context: PieceContext, run: PieceRun): Promise<PieceOutcome> {
  const { job, lease, limits, parts, fleetLoad, folder } = run;
  const { clock, version, notify } = context;
  let input: Input;
  try {
    input = await inputOf(context, job);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { result: failedPiece(context, error), error };
  }
  await makeDirectory(folder, 0o700);
  const target = await parts.target(limits.settings);
  const spans = fleetLoad.times.spans.map(({ first, last }) => ({ first: BigInt(first), last: BigInt(last) }));
  const { path } = job.input;
  const planned = { ...job.input, name: path, error: null, pieces: [] };
  const { summary, examples, error } = await runLoad(
    { ...limits.settings, ...pieceSettings, stateDir: folder },
    {
      ...{ version, clock, notify, command: null, stop: run.stop, abort: AbortSignal.any([run.abort, lease.lost]) },
      inputs: shardInputs([{ input: planned, piece: job.piece }], () => input),
      named: [fleetLoad.plan, lease.id],
      target: underLease(target, lease),
      shard: {
        ...{ plan: fleetLoad.plan, index: 1, of: 1, fieldTypes: fleetLoad.fieldTypes },
        times: { ...fleetLoad.times, spans },
      },
      fleet: limits.hooks(lease.id),
      reuse: parts.reuse,
      watch: (snapshot) => run.watch(snapshot),
    },
  ).finally(() => limits.endPiece());
  const { newTables, newColumns } = summary.target;
  await parts.endPiece(error === null, newTables + newColumns > 0);
  // Without the trait `firstWriteExclusive`, several workers may report the same new column. Planning has already
  // counted the new tables and columns.
  if (!target.traits.firstWriteExclusive) Object.assign(summary.target, { newTables: 0, newColumns: 0 });
  return { result: await resultOf(context, summary, examples, folder), error };
}

/** Removes the folder of an attempt. */
export async function removeAttempt(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

/** Returns a result with an error and without figures, for a piece that was not loaded. */
export function failedPiece({ workerId, machine }: PieceContext, error: BulkLoadError): PieceResult {
  const { message, outcome } = error;
  return {
    ...{ formatVersion: 1, machine, worker: workerId, outcome, reason: message, format: '', error: message },
    ...{ inputBytes: 0, figures: null, rejects: {}, letters: null },
  };
}

/** Finds a job's input on this machine. Throws InputError if the input is missing or --allow-input excludes it. */
async function inputOf({ allowed, findInput }: PieceContext, { input: { path, size } }: PieceJob): Promise<Input> {
  const paths = await allowed.pathsOf(path);
  const found: Input[] = [];
  for (const each of paths) {
    try {
      found.push(await findInput(each));
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      throw new InputError(error.message, { cause: error });
    }
  }
  const input = found.find((each) => each.size === size) ?? found[0];
  if (input !== undefined) return input;
  throw new InputError({
    tried: `reading ${path}`,
    expected: 'an existing input that --allow-input of the worker allows',
    found: 'no such input',
    fix: 'mount the inputs on every machine, and name their folder with --allow-input',
  });
}

/** Wraps a target. Each request first checks the lease, and throws BusyError if the worker has lost the lease. */
function underLease(target: Target, lease: PieceLease): Target {
  return wrapObject(target, {
    write: async (...args: Parameters<Target['write']>) => {
      lease.assertHeld();
      return await target.write(...args);
    },
  });
}

async function resultOf(
  { workerId, machine }: PieceContext,
  summary: Summary,
  examples: ReadonlyMap<string, string>,
  folder: string,
): Promise<PieceResult> {
  const { seconds, phases, points, values, thisRun, bytes, batches, requests, latencyMs } = summary;
  const { memory, pressure, target, outcome, reason } = summary;
  const { format, error, bytes: inputBytes } = summary.inputs[0]!;
  return {
    ...{ formatVersion: 1, machine, worker: workerId, outcome, reason },
    ...{ format, error, inputBytes },
    figures: {
      ...{ seconds, phases, points, values, thisRun, bytes, batches, requests, latencyMs },
      ...{ memory, pressure, target },
    },
    rejects: Object.fromEntries(
      Object.entries(summary.rejects.byReason).map(([each, n]) => [each, { points: n, example: examples.get(each)! }]),
    ),
    letters: await collectLetters(summary, folder),
  };
}

/** Builds the error for a piece that is not loaded again, because too many workers died while they loaded it. */
export function deadlyPiece({ input: { path }, piece: { from } }: PieceJob, deaths: number): InputError {
  return new InputError({
    tried: `loading ${path} from line ${from.line}`,
    expected: 'a worker that loads the piece to its end',
    found: `${deaths} workers that died while they loaded the piece`,
    fix: 'look at the logs of the workers, and load this input on one machine',
  });
}
