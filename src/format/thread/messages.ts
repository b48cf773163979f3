// What passes between the two threads of a scan. Memory is handed over, never shared: a pane belongs to whoever got it last.

import type { FormatReject, Place, Shape } from '../../model.js';
import type { LineProtocolOptions } from '../memory.js';

/** For the thread when it is made. */
export interface Task {
  readonly options: LineProtocolOptions;
  /** One word, the only memory both see: number of the input whose windows are still wanted. */
  readonly wanted: Int32Array;
}

/**
 * To the thread. A pane is laid out as the scan's own memory, so that offsets mean the same in both. `begin`: another
 * input. `window`: `length` bytes were read into the pane; 0 end the input. `more`: the run is used up, the window is not.
 */
export type Ask =
  | { readonly do: 'begin'; readonly input: number; readonly start: Place }
  | { readonly do: 'window'; readonly input: number; readonly pane: ArrayBuffer; readonly length: number }
  | { readonly do: 'more'; readonly input: number; readonly pane: ArrayBuffer };

/** From the thread, one for each pane it was given; `run` null: there was nothing in it, or it is no longer wanted. */
export interface Answer {
  readonly input: number;
  readonly pane: ArrayBuffer;
  readonly drained: boolean;
  readonly run: Run | null;
}

/** A run of points whose bytes and index are in the pane. */
export interface Run {
  readonly count: number;
  readonly rejects: readonly FormatReject[];
  readonly firstLine: number;
  readonly endLine: number;
  readonly origin: number;
  readonly end: number;
  /** Those numbered since the run before, in the order of their numbers. */
  readonly shapes: readonly Shape[];
}
