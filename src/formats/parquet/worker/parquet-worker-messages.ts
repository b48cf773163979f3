// Messages between the main thread and the worker thread that reads Parquet.

import { BugError, BulkLoadError, InputError, MemoryLimitError, UsageError } from '../../../core/errors.js';
import type { Problem } from '../../../core/problem.js';
import type { FolderColumn, Points, Position, RunSummary, Shape } from '../../../core/types/index.js';
import type { WasmMemory } from '../../../core/wasm.js';
import type { RowOptions } from '../../rows/rows.js';
import type { KnownFieldTypes } from '../../rows/values/field-types.js';
import { RowGroupError } from '../memory-estimate.js';

/**
 * Data that the thread receives at its start. `isOneOfSeveral` is true if the load has several inputs, whose columns
 * may differ.
 */
export interface ParquetTask {
  readonly options: RowOptions;
  readonly isOneOfSeveral: boolean;
  readonly memory: WasmMemory;
}

/**
 * Requests to the thread. `begin` starts an input, `free` allows the thread to overwrite an area, and `stop` ends the
 * input early.
 */
export type ParquetRequest =
  | {
      readonly do: 'begin';
      readonly name: string;
      readonly descriptor: number;
      readonly size: number;
      /** Largest memory for the pages of a row group, bytes. */
      readonly budgetBytes: number;
      readonly folderColumns: readonly FolderColumn[];
      readonly fieldTypes: KnownFieldTypes;
      readonly start: Position;
    }
  | { readonly do: 'free'; readonly area: number }
  | { readonly do: 'stop' };

/**
 * Response of the thread: a run of points (`Points`), or the end of the input. `bytesRead` counts the bytes read from
 * the file since the last response.
 */
export type ParquetResponse = ParquetRun | ParquetEnd;

export interface ParquetRun extends Pick<Points, 'count' | 'rejects' | 'firstLine' | 'endLine' | 'origin' | 'end'> {
  readonly area: number;
  /** Column sets (`Shape`) that are new since the previous run of points, in the order of their numbers. */
  readonly shapes: readonly Shape[];
  readonly summary: RunSummary | null;
  readonly bytesRead: number;
}

export interface ParquetEnd {
  readonly error: ErrorParts | null;
  readonly fieldTypes: KnownFieldTypes;
  readonly bytesRead: number;
}

/**
 * An error in a form that can be sent to another thread. `group` is set for a RowGroupError: only the main thread can
 * compose its message.
 */
export interface ErrorParts {
  readonly outcome: string;
  readonly parts: readonly (string | Problem)[];
  readonly group: { readonly number: number; readonly bytes: number } | null;
  /** Message of the error's cause; null if the error has no cause. */
  readonly cause: string | null;
}

/** Converts an error to a form that can be sent. */
export function partsOf(error: unknown): ErrorParts {
  const group = error instanceof RowGroupError ? { number: error.group, bytes: error.bytes } : null;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : null;
  if (error instanceof UsageError) return { outcome: error.outcome, parts: error.parts, group, cause };
  if (error instanceof BulkLoadError)
    return { outcome: error.outcome, parts: [error.problem ?? error.message], group, cause };
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { outcome: 'bug', parts: [text], group, cause };
}

/** Converts the sent form back to an error. The caller handles a RowGroupError itself. */
export function errorOf({ outcome, parts, cause }: ErrorParts): BulkLoadError {
  const [first = ''] = parts;
  const options = cause === null ? {} : { cause: new Error(cause) };
  if (outcome === 'usage') return new UsageError(parts, options);
  if (outcome === 'input') return new InputError(first, options);
  if (outcome === 'memory') return new MemoryLimitError(first, options);
  return new BugError(`the worker thread that reads Parquet has failed: ${JSON.stringify(first)}`);
}
