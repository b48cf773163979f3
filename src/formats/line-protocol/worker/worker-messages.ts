// What passes between the two threads of a scan. Both see one memory; a window of it, and what is found there, belong to
// whoever was told of it last. To hand memory over instead would make an object of it with every message, and as many
// megabytes known to the garbage collector: it then ran ten times a second.

import type { FormatReject, Position, Shape } from '../../../core/types/index.js';
import type { WasmMemory } from '../../kernel/wasm.js';
import type { LineProtocolOptions } from '../lines-layout.js';

/** For the thread when it is made. */
export interface Task {
  readonly options: LineProtocolOptions;
  readonly memory: WasmMemory;
  /** One word: number of the input whose windows are still wanted. */
  readonly wanted: Int32Array;
}

/**
 * To the thread. `begin`: another input. `window`: `length` bytes were read into the window of that number; 0 end the input.
 * `more`: the run is used up, the window is not.
 */
export type WorkerRequest =
  | { readonly do: 'begin'; readonly input: number; readonly start: Position }
  | { readonly do: 'window'; readonly input: number; readonly window: number; readonly length: number }
  | { readonly do: 'more'; readonly input: number; readonly window: number };

/** From the thread, one for each window it was told of; `run` null: there was nothing in it, or it is no longer wanted. */
export interface WorkerResponse {
  readonly input: number;
  readonly window: number;
  readonly drained: boolean;
  readonly run: PointRun | null;
}

/** A run of points; bytes and index are in the memory. */
export interface PointRun {
  readonly count: number;
  readonly rejects: readonly FormatReject[];
  readonly firstLine: number;
  readonly endLine: number;
  readonly origin: number;
  readonly end: number;
  /** Those numbered since the run before, in the order of their numbers. */
  readonly shapes: readonly Shape[];
}
