// Counts the rows of request bodies in flight. In the target's memory, rows with many unset fields take many times the
// bytes of their body. So a body is sent only when the planned memory has room for its rows.

import { type Flushing, type FlushMarks, unflushedBytes } from './flushing.js';

/** The rows of one body may take up to this share of the room for rows. */
const bodyShare = 1 / 4;
/** The rows never limit a body to less than this size, bytes. */
const minBody = 32 * 1024;

export class RowsInFlight {
  readonly #counts: boolean;
  #bodyBytes = 0;
  /** Bytes of rows for each byte of the body acknowledged last. */
  #rowsPerByte = 0;

  /** @param counts false if the rows in flight are unlimited */
  constructor(counts: boolean) {
    this.#counts = counts;
  }

  admitted(bodyBytes: number): void {
    this.#bodyBytes += bodyBytes;
  }

  /** Removes a body from the count, whether the target acknowledged the body or not. */
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
   * Returns true if a body must wait for a flush or for responses to other bodies. A body whose rows can never fit is
   * sent alone, once no flush is due.
   */
  exceedsRoom(marks: FlushMarks | null, flushing: Flushing, bodyBytes: number): boolean {
    if (marks === null || !this.#counts || flushing.givenUp !== null || flushing.notPermitted) return false;
    const unflushed = unflushedBytes(flushing);
    const rows = (this.#bodyBytes + bodyBytes) * this.#rowsPerByte;
    return unflushed + rows > marks.holdBytes && (this.#bodyBytes > 0 || unflushed >= marks.dueBytes);
  }
}
