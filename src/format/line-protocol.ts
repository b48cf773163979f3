// Line protocol, validated in place: bytes are read into the format's own fixed memory, and the points found there are
// handed on by offset. Two windows, so that the next chunk is read while this one is scanned and used.

import type { ByteSource, Format, Points, Shape } from '../model.js';
import { LENGTH, POINT_WORDS, START, theBeginning } from '../model.js';
import { type LineProtocolOptions, layout } from './memory.js';
import { Columns } from './scalar/columns.js';
import { Scan } from './scan.js';
import { parseShape } from './shape.js';

export type { LineProtocolOptions } from './memory.js';
export { reasonNames } from './reasons.js';

const BOM = [0xef, 0xbb, 0xbf] as const;

/** Reads inputs one after another; shape numbers stay valid over its life. */
export class LineProtocol implements Format {
  readonly name = 'lp';
  readonly memoryBytes: number;
  readonly #scan: Scan;

  constructor(options: LineProtocolOptions) {
    this.#scan = new Scan(options);
    this.memoryBytes = LineProtocol.memoryBytes(options);
  }

  /** Bytes that a format with these options takes at construction; it takes no more later. */
  static memoryBytes(options: LineProtocolOptions): number {
    return layout(options).bytes + Columns.memoryBytes;
  }

  /**
   * Runs of points, in order, of the whole input. A run is valid until the next is pulled. Complete lines are handed on
   * as soon as they have been read. Rejects with what `source.read` rejects with, after everything read before.
   * The source stays the caller's: it has to be closed before another input is begun. One input at a time.
   * @param start what the source's first byte is
   */
  async *points(source: ByteSource, signal: AbortSignal, start = theBeginning): AsyncGenerator<Points, void> {
    const scan = this.#scan;
    const { chunkBytes, windows } = scan.layout;
    const own = new AbortController();
    const stop = AbortSignal.any([signal, own.signal]);
    const read = (window: number): Promise<number> => {
      const from = windows[window]!;
      const pending = source.read(scan.bytes.subarray(from, from + chunkBytes), stop);
      pending.catch(() => {}); // looked at when its turn comes
      return pending;
    };
    scan.begin(start.line, start.digits);
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
        const mark = origin + from === 0 ? this.#byteOrderMark(from, limit) : 0;
        scan.window(from + (mark === BOM.length ? mark : 0), limit, final);
        const onlyMark = mark > 0 && mark < BOM.length && from + mark === limit && !final;
        while (!onlyMark) {
          const drained = scan.run() === 'drained';
          // A comment that goes on belongs to what follows it.
          const end = origin + scan.at - (final ? 0 : scan.openComment);
          if (scan.count > 0 || scan.rejects.length > 0 || (final && end > used)) {
            used = end;
            yield this.#run(origin, end, scan.line);
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
      own.abort();
      await pending.catch(() => {});
    }
  }

  /** Bytes of a byte order mark that [from, limit) begins with. */
  #byteOrderMark(from: number, limit: number): number {
    let length = 0;
    while (length < BOM.length && from + length < limit && this.#scan.bytes[from + length] === BOM[length]) length++;
    return length;
  }

  #run(origin: number, end: number, endLine: number): Points {
    const { bytes, index, count, rejects, firstLine, shapes } = this.#scan;
    const shape = (number: number): Shape => shapes.shape(number);
    const shapeOf = (i: number): Shape => {
      const start = index[i * POINT_WORDS + START]!;
      return parseShape(bytes.subarray(start, start + index[i * POINT_WORDS + LENGTH]!));
    };
    return { bytes, index, count, rejects, firstLine, origin, end, endLine, shape, shapeOf };
  }
}
