// Reads a source into two parts of the format's memory: the next chunk is read into one part while the other part is
// parsed.

import { UsageError } from '../../core/errors.js';
import { parseShape } from '../../core/points/line-protocol.js';
import { abortWith } from '../../core/time/wait-stats.js';
import type { ByteSource, Points, Position, Shape } from '../../core/types/index.js';
import { LENGTH, POINT_WORDS, START } from '../../core/types/index.js';
import { ChunkScanner, type WindowScan } from './chunk-scanner.js';

/** Reason for aborting a read that is no longer needed. */
const inputEnded = new Error('this input has ended');

type ScannedWindow = Pick<
  WindowScan,
  'bytes' | 'index' | 'count' | 'rejects' | 'firstLine' | 'deadLetterFormat' | 'line' | 'shape'
>;

/** Yields all points of an input, one run of points at a time, as `Format.points` does. */
export async function* scanRuns(
  scan: WindowScan,
  source: ByteSource,
  signal: AbortSignal,
  start: Position,
): AsyncGenerator<Points, void> {
  const { chunkBytes, windows } = scan.layout;
  const own = abortWith(signal);
  const read = (window: number): Promise<number> => {
    const from = windows[window]!;
    const pending = source.read(scan.bytes.subarray(from, from + chunkBytes), own.signal);
    pending.catch(() => {}); // the loop below awaits this read
    return pending;
  };
  const scanner = new ChunkScanner(scan);
  scanner.begin(start);
  let window = 0;
  let pending = read(window);
  try {
    for (;;) {
      const length = await pending;
      signal.throwIfAborted();
      if (length > 0) pending = read(1 - window);
      scanner.chunk(windows[window]!, length);
      for (;;) {
        const { isWorth, drained } = scanner.run();
        if (isWorth) {
          yield pointsOf(scan, scanner.origin, scanner.end);
          signal.throwIfAborted();
        }
        if (scan.refusal !== null) throw new UsageError([scan.refusal]);
        if (drained) break;
      }
      if (length === 0) return;
      window = 1 - window;
      scanner.carry(windows[window]!);
    }
  } finally {
    // All inputs share one abort reason. Creating an error for each input would cost more than reading a small input.
    own.abort(inputEnded);
    await pending.catch(() => {});
  }
}

/** Returns a `Points` object with the points that the scan has just found. */
export function pointsOf(scan: ScannedWindow, origin: number, end: number): Points {
  const { bytes, index, count, rejects, firstLine, deadLetterFormat, line: endLine } = scan;
  const shape = (number: number): Shape => scan.shape(number);
  const shapeOf = (i: number): Shape => shapeIn(bytes, index, i);
  return { bytes, index, count, rejects, firstLine, deadLetterFormat, origin, end, endLine, shape, shapeOf };
}

/** Parses the shape of point `i` from its bytes. */
export function shapeIn(bytes: Uint8Array, index: Uint32Array, i: number): Shape {
  const start = index[i * POINT_WORDS + START]!;
  return parseShape(bytes.subarray(start, start + index[i * POINT_WORDS + LENGTH]!));
}
