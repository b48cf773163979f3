// Finds the section of an export to which an offset belongs, so that a load can resume there. Reads the comments before
// this offset.

import { HASH, LF } from '../../../core/ascii.js';
import type { ByteSource } from '../../../core/types/index.js';
import { ExportSections, NO_SECTION, type SectionState } from './export-sections.js';

/** Longest line that may name a section, in bytes. */
const sectionBytes = 1024;
const chunkBytes = 256 * 1024;

/**
 * Returns the section at offset `to`. An input that does not begin with a comment is not an export, so only its first
 * chunk is read.
 */
export async function sectionAt(source: ByteSource, to: number, signal: AbortSignal): Promise<SectionState> {
  const sections = new ExportSections(null);
  const buffer = new Uint8Array(chunkBytes);
  let carried = 0;
  let left = to;
  for (let first = true; left > 0; first = false) {
    const read = await source.read(buffer.subarray(carried, carried + Math.min(left, chunkBytes - carried)), signal);
    if (read === 0) break;
    left -= read;
    const bytes = buffer.subarray(0, carried + read);
    if (first && !/^(?:\xef\xbb\xbf)?\s*#/.test(Buffer.from(bytes.subarray(0, 64)).toString('latin1')))
      return NO_SECTION;
    const rest = takeLines(sections, bytes);
    // This unfinished line is too long to name a section. Without `#` as the first byte, it is not read as a comment.
    if (rest.length > sectionBytes) rest[0] = 0;
    carried = Math.min(rest.length, sectionBytes + 1);
    buffer.copyWithin(0, rest.byteOffset, rest.byteOffset + carried);
  }
  return sections.state;
}

/** Reads the comments and definitions in the complete lines. @returns the bytes of the unfinished line */
function takeLines(sections: ExportSections, bytes: Uint8Array): Uint8Array {
  let from = 0;
  for (let end = bytes.indexOf(LF); end >= 0; end = bytes.indexOf(LF, from)) {
    const isComment = bytes[from] === HASH;
    if ((isComment || sections.state.inDefinitions) && end - from <= sectionBytes) {
      const text = Buffer.from(bytes.subarray(from, end)).toString();
      if (isComment) sections.comment(text);
      else sections.definition(text);
    }
    from = end + 1;
  }
  return bytes.subarray(from);
}
