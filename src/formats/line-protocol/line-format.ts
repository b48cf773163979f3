// The line-protocol format. Inputs are read into the format's memory and validated there. Points are not copied, but
// described by offsets.

import type { ByteSource, Format, Points, Position } from '../../core/types/index.js';
import { INPUT_START, lineProtocolDeadLetters } from '../../core/types/index.js';
import { scanRuns } from './double-buffer.js';
import { LineScan } from './line-scan.js';
import { formatBytes, type LineProtocolOptions } from './lines-layout.js';
import { NO_SECTION } from './sections/export-sections.js';
import { sectionAt } from './sections/section-recall.js';
import { WorkerScanner } from './worker/worker-scanner.js';

export { reasonNames } from '../reasons.js';
export type { LineProtocolOptions } from './lines-layout.js';

/** Reads inputs one after another. Shape numbers stay valid for the lifetime of the format. */
export class LineProtocol implements Format {
  readonly name = 'lp';
  readonly memoryBytes: number;
  readonly #scan: LineScan | null;
  readonly #worker: WorkerScanner | null;
  #sections = NO_SECTION;

  constructor(options: LineProtocolOptions) {
    this.#worker = options.workerThread === true ? new WorkerScanner(options, lineProtocolDeadLetters) : null;
    this.#scan = this.#worker === null ? new LineScan(options) : null;
    this.memoryBytes = formatBytes(options);
  }

  /** Finds the section of an export to which the byte at `byteOffset` belongs. */
  async recall(head: ByteSource, { byteOffset }: Position, signal: AbortSignal): Promise<void> {
    this.#sections = await sectionAt(head, byteOffset, signal);
  }

  points(source: ByteSource, signal: AbortSignal, start = INPUT_START): AsyncGenerator<Points, void> {
    const sections = start.byteOffset === 0 ? NO_SECTION : this.#sections;
    if (this.#worker !== null) return this.#worker.points(source, signal, start, sections);
    this.#scan!.resumeIn(sections);
    return scanRuns(this.#scan!, source, signal, start);
  }

  async close(): Promise<void> {
    await this.#worker?.close();
  }
}
