// The one loop in which a source is read on this thread: two windows in the format's memory, so that the next chunk is
// read while this one is scanned and used. What is found in a window is the scan's business.

import { parseShape } from '../../core/line-protocol.js';
import type { ByteSource, Points, Position, Shape } from '../../core/types/index.js';
import { LENGTH, POINT_WORDS, START } from '../../core/types/index.js';
import { ChunkScanner, type WindowScan } from './chunk-scanner.js';

/** Why what is still being read is not waited for. */
const over = new Error('the runs of this input have ended');

type ScannedWindow = Pick<
  WindowScan,
  'bytes' | 'index' | 'count' | 'rejects' | 'firstLine' | 'deadLetterFormat' | 'line' | 'shape'
>;

/** Runs of points of a whole input, as `Format.points` promises them. */
export async function* scanned(
  scan: WindowScan,
  source: ByteSource,
  signal: AbortSignal,
  start: Position,
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
  const passage = new ChunkScanner(scan);
  passage.begin(start);
  let window = 0;
  let pending = read(window);
  try {
    for (;;) {
      const length = await pending;
      signal.throwIfAborted();
      if (length > 0) pending = read(1 - window);
      passage.chunk(windows[window]!, length);
      for (;;) {
        const { worth, drained } = passage.run();
        if (worth) {
          yield pointsOf(scan, passage.origin, passage.end);
          signal.throwIfAborted();
        }
        if (drained) break;
      }
      if (length === 0) return;
      window = 1 - window;
      passage.carry(windows[window]!);
    }
  } finally {
    // A reason made for each end would cost more than a small input's points.
    own.abort(over);
    await pending.catch(() => {});
  }
}

/** What a scan holds, as a run; `end`: decoded bytes dealt with once it is. */
export function pointsOf(scan: ScannedWindow, origin: number, end: number): Points {
  const { bytes, index, count, rejects, firstLine, deadLetterFormat, line: endLine } = scan;
  const shape = (number: number): Shape => scan.shape(number);
  const shapeOf = (i: number): Shape => shapeIn(bytes, index, i);
  return { bytes, index, count, rejects, firstLine, deadLetterFormat, origin, end, endLine, shape, shapeOf };
}

/** Shape of point `i`, parsed anew. */
export function shapeIn(bytes: Uint8Array, index: Uint32Array, i: number): Shape {
  const start = index[i * POINT_WORDS + START]!;
  return parseShape(bytes.subarray(start, start + index[i * POINT_WORDS + LENGTH]!));
}
