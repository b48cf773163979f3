// Skips rows without parsing them, as long as every line is one row. Skipping takes a tenth of the time of parsing.

import type { ByteSource, PlainRows, Position } from '../../core/types/index.js';
import type { PieceCutter } from './piece-cutter.js';

const LF = 10;
const CR = 13;
const chunkBytes = 1024 * 1024;

/** Receives an offset in the decoded input. All rows before this offset were skipped. */
export type RowsPassed = (byteOffset: number) => void;

/**
 * Skips rows from position `from`. Stops at a row with one of the `marks` (quote and escape bytes), at a blank line, at
 * a line longer than 1 MiB, and at a last line without a line end. Returns the position at which the parser must
 * continue; null at the end of the input.
 */
export async function passPlainRows(
  source: ByteSource,
  from: Position,
  { marks }: PlainRows,
  cutter: PieceCutter,
  passed: RowsPassed,
  signal: AbortSignal,
): Promise<Position | null> {
  const memory = Buffer.allocUnsafe(chunkBytes);
  let { byteOffset: origin, line, ordinal } = from;
  for (let carried = 0; carried < chunkBytes; ) {
    const read = await source.read(memory.subarray(carried), signal);
    const bytes = memory.subarray(0, carried + read);
    const stop = Math.min(...marks.map((mark) => bytes.indexOf(mark)).map((at) => (at < 0 ? bytes.length : at)));
    let start = 0;
    let isBlank = false;
    for (let end = bytes.indexOf(LF); end >= 0 && end < stop; end = bytes.indexOf(LF, start)) {
      isBlank = end === start || (end === start + 1 && bytes[start] === CR);
      if (isBlank) break;
      cutter.pass({ byteOffset: origin + start, line, ordinal, digits: 0 });
      line += 1;
      ordinal += 1;
      start = end + 1;
    }
    origin += start;
    passed(origin);
    carried = bytes.length - start;
    if (read === 0 && carried === 0) return null;
    if (isBlank || stop < bytes.length || read === 0) break;
    memory.copyWithin(0, start, bytes.length);
  }
  return { byteOffset: origin, line, ordinal, digits: 0 };
}
