// Counts the rows of request bodies on their way. A body of sparse rows takes many times its bytes in the target's memory, so
// rows must fit into their room before their body is sent.

import { type Flushing, type FlushMarks, unflushedBytes } from './flushing.js';

/** Largest share of the room for rows that the rows of one body may fill. */
const bodyShare = 1 / 4;
/** Smallest body that rows are limited to, bytes. */
const minBody = 32 * 1024;

export class RowsInFlight {
  readonly #counts: boolean;
  #bodyBytes = 0;
  /** Bytes of rows per byte of the body acknowledged last. */
  #rowsPerByte = 0;

  /** @param counts if false, the load has no limit */
  constructor(counts: boolean) {
    this.#counts = counts;
  }

  admitted(bodyBytes: number): void {
    this.#bodyBytes += bodyBytes;
  }

  /** Counts a body out, whatever became of it. */
  settled(bodyBytes: number): void {
    this.#bodyBytes = Math.max(0, this.#bodyBytes - bodyBytes);
  }

  acknowledged(bodyBytes: number, rowBytes: number): void {
    this.#rowsPerByte = rowBytes / bodyBytes;
  }

  /** Returns the largest body, bytes. @param marks null for no limit */
  largestBody(marks: FlushMarks | null): number {
    if (marks === null || !this.#counts) return Number.POSITIVE_INFINITY;
    return Math.max(minBody, (marks.holdBytes * bodyShare) / this.#rowsPerByte);
  }

  /**
   * Returns true if a body must wait for a flush or for responses to other bodies. A body with more rows than the room is sent
   * alone, once no flush is due.
   */
  exceedsRoom(marks: FlushMarks | null, flushing: Flushing, bodyBytes: number): boolean {
    if (marks === null || !this.#counts || flushing.givenUp !== null || flushing.notPermitted) return false;
    const unflushed = unflushedBytes(flushing);
    const rows = (this.#bodyBytes + bodyBytes) * this.#rowsPerByte;
    return unflushed + rows > marks.holdBytes && (this.#bodyBytes > 0 || unflushed >= marks.dueBytes);
  }
}
