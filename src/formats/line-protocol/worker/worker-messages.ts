// Messages between the two threads of a scan. Both see one memory. A window belongs to the thread that received the last
// message about it. Transferring buffers instead would create an object per message and make the garbage collector count
// megabytes for each: it then ran ten times a second.

import type { Problem } from '../../../core/problem.js';
import type { FormatReject, Position, Shape } from '../../../core/types/index.js';
import type { WasmMemory } from '../../../core/wasm.js';
import type { LineProtocolOptions } from '../lines-layout.js';
import type { SectionState } from '../sections/export-sections.js';

/** What the worker thread starts with. */
export interface WorkerTask {
  readonly options: LineProtocolOptions;
  readonly memory: WasmMemory;
  /** One word: the number of the input whose windows are still wanted. */
  readonly wanted: Int32Array;
}

/**
 * Requests to the worker. `begin` starts an input whose checksum continues `crc`. `window` passes `length` bytes in a window;
 * 0 bytes end the input; the last `unsummed` bytes join the checksum. `more` asks for the next run of a window that is not
 * drained.
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

/** The answer to each `window` and `more`. `run` is null when nothing was found or the input is no longer wanted. */
export interface WorkerResponse {
  readonly input: number;
  readonly window: number;
  readonly drained: boolean;
  readonly run: PointRun | null;
  /** Checksum up to the end of the window, in its first response; null where the window adds nothing to it. */
  readonly crc: number | null;
  /** Why the input cannot be loaded any further. */
  readonly refusal: Problem | null;
}

/** A run of points. Bytes and index are in the shared memory. */
export interface PointRun {
  readonly count: number;
  readonly rejects: readonly FormatReject[];
  readonly firstLine: number;
  readonly endLine: number;
  readonly origin: number;
  readonly end: number;
  /** Shapes numbered since the run before, in the order of their numbers. */
  readonly shapes: readonly Shape[];
}
