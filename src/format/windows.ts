// The one loop in which a source is read: two windows in the format's memory, so that the next chunk is read while this
// one is scanned and used. What is found in a window is the scan's business.

import type { ByteSource, FormatReject, Letterhead, Place, Points, Shape } from '../model.js';
import { LENGTH, POINT_WORDS, START } from '../model.js';
import { parseShape } from './shape.js';

/** Why what is still being read is not waited for. */
const over = new Error('the runs of this input have ended');

/** How a scan ended: the run is full, or the window holds nothing further that can be told. */
export type Stop = 'full' | 'drained';

/** From the bytes of a window to a run of points, one synchronous pass at a time. */
export interface WindowScan {
  readonly bytes: Uint8Array;
  readonly layout: { readonly windows: readonly [number, number]; readonly chunkBytes: number };
  readonly index: Uint32Array;
  readonly count: number;
  readonly rejects: readonly FormatReject[];
  readonly firstLine: number;
  readonly letterhead: Letterhead;
  /** Where the next run begins, and its physical line. */
  readonly at: number;
  readonly line: number;
  /** Bytes before `at` that belong to what follows them. */
  readonly held: number;
  /** To be called before the first window of an input. */
  begin(start: Place): void;
  /**
   * Bytes [from, limit) are to be scanned next, those from `fresh` on for the first time; with `final` they end the input.
   * The byte at `limit` is overwritten.
   */
  window(from: number, limit: number, final: boolean, fresh: number): void;
  /** Fills the index with the next run. What the run before held is gone. */
  run(): Stop;
  /** Shape of a number from the index. */
  shape(number: number): Shape;
}

type Found = Pick<WindowScan, 'bytes' | 'index' | 'count' | 'rejects' | 'firstLine' | 'letterhead' | 'line' | 'shape'>;

const BOM = [0xef, 0xbb, 0xbf] as const;

/** Runs of points of a whole input, as `Format.points` promises them. */
export async function* scanned(
  scan: WindowScan,
  source: ByteSource,
  signal: AbortSignal,
  start: Place,
): AsyncGenerator<Points, void> {
  const { chunkBytes, windows } = scan.layout;
  const own = new AbortController();
  const stop = AbortSignal.any([signal, own.signal]);
  const read = (window: number): Promise<number> => {
    const from = windows[window]!;
    const pending = source.read(scan.bytes.subarray(from, from + chunkBytes), stop);
    pending.catch(() => {}); // looked at when its turn comes
    return pending;
  };
  scan.begin(start);
  let window = 0;
  let pending = read(window);
  let decoded = start.byteOffset; // input bytes before the window's chunk
  let used = decoded;
  let carried = 0;
  try {
    for (;;) {
      const length = await pending;
      signal.throwIfAborted();
      const chunk = windows[window]!;
      const limit = chunk + length;
      const final = length === 0;
      if (!final) pending = read(1 - window);
      const origin = decoded - chunk;
      const from = chunk - carried;
      const mark = origin + from === 0 ? byteOrderMark(scan.bytes, from, limit) : 0;
      scan.window(from + (mark === BOM.length ? mark : 0), limit, final, chunk);
      const onlyMark = mark > 0 && mark < BOM.length && from + mark === limit && !final;
      while (!onlyMark) {
        const drained = scan.run() === 'drained';
        const end = origin + scan.at - (final ? 0 : scan.held);
        if (scan.count > 0 || scan.rejects.length > 0 || (final && end > used)) {
          used = end;
          yield pointsOf(scan, origin, end);
          signal.throwIfAborted();
        }
        if (drained) break;
      }
      if (final) return;
      decoded += length;
      window = 1 - window;
      carried = limit - scan.at;
      scan.bytes.copyWithin(windows[window]! - carried, scan.at, limit);
    }
  } finally {
    // A reason made for each end would cost more than a small input's points.
    own.abort(over);
    await pending.catch(() => {});
  }
}

/** Bytes of a byte order mark that [from, limit) begins with. */
function byteOrderMark(bytes: Uint8Array, from: number, limit: number): number {
  let length = 0;
  while (length < BOM.length && from + length < limit && bytes[from + length] === BOM[length]) length++;
  return length;
}

/** What a scan holds, as a run; `end`: decoded bytes dealt with once it is. */
export function pointsOf(scan: Found, origin: number, end: number): Points {
  const { bytes, index, count, rejects, firstLine, letterhead, line: endLine } = scan;
  const shape = (number: number): Shape => scan.shape(number);
  const shapeOf = (i: number): Shape => {
    const start = index[i * POINT_WORDS + START]!;
    return parseShape(bytes.subarray(start, start + index[i * POINT_WORDS + LENGTH]!));
  };
  return { bytes, index, count, rejects, firstLine, letterhead, origin, end, endLine, shape, shapeOf };
}
