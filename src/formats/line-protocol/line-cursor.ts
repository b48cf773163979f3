// Moves past lines without a point to load: blank lines, comments, and the lines of an export's skipped sections.

import { CR, HASH, LF, SPACE } from '../../core/ascii.js';
import type { Problem } from '../../core/problem.js';
import { type ExportSections, NO_SECTION, type SectionState } from './sections/export-sections.js';

/** Longest line that may name a section of an InfluxDB export, in bytes. */
const maxSectionLine = 1024;

export abstract class LineCursor {
  readonly bytes: Uint8Array;
  /** Offset and physical line number of the next line to read. */
  at = 0;
  line = 1;
  /** Reason why the rest of the input cannot be loaded; otherwise null. */
  refusal: Problem | null = null;
  protected limit = 0;
  protected final = false;
  protected inComment = false;
  protected readonly sections: ExportSections;
  #commentBytes = 0;
  /** True if the bytes at `at` are the rest of a skipped line. The beginning of this line is no longer in memory. */
  #inSkippedLine = false;
  #start = NO_SECTION;

  constructor(bytes: Uint8Array, sections: ExportSections) {
    this.bytes = bytes;
    this.sections = sections;
  }

  /** Sets the section of an export in which the next input begins. */
  resumeIn(sections: SectionState): void {
    this.#start = sections;
  }

  /**
   * Number of bytes before `at` that belong to an unfinished comment. A resumed load must read these bytes again,
   * because it would read the rest of the comment alone as a point.
   */
  get held(): number {
    return this.inComment ? this.#commentBytes : 0;
  }

  protected beginLines(line: number): void {
    this.line = line;
    this.refusal = null;
    this.inComment = false;
    this.#inSkippedLine = false;
    this.sections.begin(this.#start);
  }

  /**
   * Moves past spaces and empty lines. If a comment follows, sets `inComment`. Returns true if the cursor moved or a
   * comment follows.
   */
  protected passBlanks(): boolean {
    const { bytes, at: from, limit } = this;
    let p = from;
    for (; p < limit; p++) {
      if (bytes[p] === LF) this.line++;
      else if (bytes[p] !== SPACE && bytes[p] !== CR) break;
    }
    if (p < limit && bytes[p] === HASH) {
      this.inComment = true;
      this.#commentBytes = 0;
    }
    this.at = p;
    return p > from || this.inComment;
  }

  /** Moves past a comment. Returns false if more bytes of a short comment are needed, because it may name a section. */
  protected passComment(): boolean {
    const end = this.bytes.indexOf(LF, this.at);
    const isOpen = end >= this.limit;
    if (this.#commentBytes === 0 && end - this.at <= maxSectionLine) {
      if (isOpen && !this.final) return false;
      this.refusal = this.sections.comment(this.#text(end));
    }
    this.inComment = isOpen;
    this.#commentBytes += this.limit - this.at;
    this.endLine(end);
    return true;
  }

  /** Moves past a line that is not a point to load. Returns false if more bytes of the line are needed. */
  protected passSkippedLine(): boolean {
    if (!this.#inSkippedLine && this.passBlanks()) return true;
    this.refusal = this.sections.unmapped;
    if (this.refusal !== null) return true;
    const end = this.bytes.indexOf(LF, this.at);
    const isOpen = end >= this.limit && !this.final;
    if (!this.#inSkippedLine && end - this.at <= maxSectionLine) {
      if (isOpen) return false;
      if (this.sections.state.inDefinitions) this.sections.definition(this.#text(end));
    }
    this.#inSkippedLine = isOpen;
    this.endLine(end);
    return true;
  }

  /** Continues after the LF at `end`. An LF at `limit` only ends searches and is not part of the input. */
  protected endLine(end: number): void {
    if (end < this.limit) this.line++;
    this.at = Math.min(end + 1, this.limit);
  }

  #text(end: number): string {
    return Buffer.from(this.bytes.subarray(this.at, end)).toString();
  }
}
