// Line protocol, validated in place: bytes are read into the format's memory, and points are passed on by offset.

import type { ByteSource, Format, Points } from '../../core/types/index.js';
import { INPUT_START, lineProtocolDeadLetters } from '../../core/types/index.js';
import { scanRuns } from './double-buffer.js';
import { LineScan } from './line-scan.js';
import { formatBytes, type LineProtocolOptions } from './lines-layout.js';
import { WorkerScanner } from './worker/worker-scanner.js';

export { reasonNames } from '../reasons.js';
export type { LineProtocolOptions } from './lines-layout.js';

/** Reads inputs one after another. Shape numbers stay valid for its lifetime. */
export class LineProtocol implements Format {
  readonly name = 'lp';
  readonly memoryBytes: number;
  readonly #scan: LineScan | null;
  readonly #worker: WorkerScanner | null;

  constructor(options: LineProtocolOptions) {
    this.#worker = options.workerThread === true ? new WorkerScanner(options, lineProtocolDeadLetters) : null;
    this.#scan = this.#worker === null ? new LineScan(options) : null;
    this.memoryBytes = formatBytes(options);
  }

  points(source: ByteSource, signal: AbortSignal, start = INPUT_START): AsyncGenerator<Points, void> {
    return this.#worker?.points(source, signal, start) ?? scanRuns(this.#scan!, source, signal, start);
  }

  async close(): Promise<void> {
    await this.#worker?.close();
  }
}
