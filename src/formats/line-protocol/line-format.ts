// Line protocol, validated in place: bytes are read into the format's own fixed memory, and the points found there are
// handed on by offset.

import type { ByteSource, Format, Points } from '../../core/types/index.js';
import { INPUT_START, lineProtocolDeadLetters } from '../../core/types/index.js';
import { scanned } from './double-buffer.js';
import { ColumnSet } from './exact/column-set.js';
import { Scan } from './line-scan.js';
import { type LineProtocolOptions, layout } from './lines-layout.js';
import { threadBytes, WorkerScanner } from './worker/worker-scanner.js';

export { reasonNames } from '../reasons.js';
export type { LineProtocolOptions } from './lines-layout.js';

/** Reads inputs one after another; shape numbers stay valid over its life. */
export class LineProtocol implements Format {
  readonly name = 'lp';
  readonly memoryBytes: number;
  readonly #scan: Scan | null;
  readonly #apart: WorkerScanner | null;

  constructor(options: LineProtocolOptions) {
    this.#apart = options.apart === true ? new WorkerScanner(options, lineProtocolDeadLetters) : null;
    this.#scan = this.#apart === null ? new Scan(options) : null;
    this.memoryBytes = LineProtocol.memoryBytes(options);
  }

  /** Bytes that a format with these options takes at construction; it takes no more later. */
  static memoryBytes(options: LineProtocolOptions): number {
    return layout(options).bytes + ColumnSet.memoryBytes + (options.apart === true ? threadBytes : 0);
  }

  points(source: ByteSource, signal: AbortSignal, start = INPUT_START): AsyncGenerator<Points, void> {
    return this.#apart?.points(source, signal, start) ?? scanned(this.#scan!, source, signal, start);
  }

  async close(): Promise<void> {
    await this.#apart?.close();
  }
}
