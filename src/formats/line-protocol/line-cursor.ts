// Moves past the lines of a window that are not points: blank lines, comments, and sections of an export that are not loaded.

import { CR, HASH, LF, SPACE } from '../../core/ascii.js';
import type { Problem } from '../../core/problem.js';
import { type ExportSections, NO_SECTION, type SectionState } from './sections/export-sections.js';

/** Longest line that may name a section, in bytes. */
const maxSectionLine = 1024;

export abstract class LineCursor {
  readonly bytes: Uint8Array;
  /** Offset of the next line to read, and its physical line. */
  at = 0;
  line = 1;
  /** Why the rest of the input cannot be loaded; null while it can. */
  refusal: Problem | null = null;
  protected limit = 0;
  protected final = false;
  protected inComment = false;
  protected readonly sections: ExportSections;
  #commentBytes = 0;
  /** True within a skipped line that began in an earlier window. */
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

  /** Bytes of an open comment before `at`: without them, a reader would take the rest of the comment for a point. */
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

  /** Moves past spaces, empty lines and the start of a comment. Returns false if there are none at `at`. */
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

  /** Moves past a comment. Returns false if a short comment needs more bytes, because it may name a section. */
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

  /** Moves past a line that is not a point of this load. Returns false if the line needs more bytes. */
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

  /** Continues after the LF at `end`. At `limit`, this LF only marks the end of the window. */
  protected endLine(end: number): void {
    if (end < this.limit) this.line++;
    this.at = Math.min(end + 1, this.limit);
  }

  #text(end: number): string {
    return Buffer.from(this.bytes.subarray(this.at, end)).toString();
  }
}
