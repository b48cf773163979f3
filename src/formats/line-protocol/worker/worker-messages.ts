// Messages between the main thread and the worker thread that parses line protocol. Both threads share one memory,
// which is divided into windows. Only the thread that received the last message about a window may use it. Transferring
// buffers instead would create an object of megabytes for each message, and the garbage collector would run ten times a
// second.

import type { Problem } from '../../../core/problem.js';
import type { FormatReject, Position, Shape } from '../../../core/types/index.js';
import type { WasmMemory } from '../../../core/wasm.js';
import type { LineProtocolOptions } from '../lines-layout.js';
import type { SectionState } from '../sections/export-sections.js';

/** Data with which the worker thread starts. */
export interface WorkerTask {
  readonly options: LineProtocolOptions;
  readonly memory: WasmMemory;
  /** Array of one word: the number of the input whose points are still needed; 0 if no points are needed. */
  readonly wanted: Int32Array;
}

/**
 * Requests to the worker. `begin` starts to read an input at an offset; `crc` is the checksum of all bytes before that
 * offset. `window` hands over a window with `length` new bytes, or with 0 bytes at the end of the input. The worker
 * adds the last `unsummed` bytes of the window to the checksum. `more` asks for further points of a window that still
 * contains unread points.
 */
export type WorkerRequest =
  | {
      readonly do: 'begin';
      readonly input: number;
      readonly start: Position;
      readonly sections: SectionState;
      readonly crc: number;
    }
  | {
      readonly do: 'window';
      readonly input: number;
      readonly window: number;
      readonly length: number;
      readonly unsummed: number;
    }
  | { readonly do: 'more'; readonly input: number; readonly window: number };

/**
 * The response to a request `window` or `more`. `run` is null if no points were found, or if the input is no longer
 * needed.
 */
export interface WorkerResponse {
  readonly input: number;
  readonly window: number;
  readonly drained: boolean;
  readonly run: PointRun | null;
  /**
   * Checksum of the input up to the end of this window. Only the first response for a window contains the checksum.
   * Null in later responses, or if the window does not change the checksum.
   */
  readonly crc: number | null;
  /** Reason why the rest of the input cannot be loaded; otherwise null. */
  readonly refusal: Problem | null;
}

/** Points of a window. The bytes and the index of the points are in the shared memory. */
export interface PointRun {
  readonly count: number;
  readonly rejects: readonly FormatReject[];
  readonly firstLine: number;
  readonly endLine: number;
  readonly origin: number;
  readonly end: number;
  /** Shapes that received a number since the previous `PointRun`, in the order of their numbers. */
  readonly shapes: readonly Shape[];
}
