// Detects the format of an input. Unmistakable first bytes decide first, then the file name, then first bytes that
// merely suggest a format.

import { type FormatName, formats } from './registry.js';
import type { Detection, FormatDescriptor, InputHead } from './types.js';

/** Largest number of bytes that detection reads to find the end of the first line. */
export const headBytes = 64 * 1024;

/** Returns the format of an input from its first bytes and its name. `head` contains at least the first line. */
export function detect(head: Uint8Array, name: string): FormatName {
  const text = Buffer.from(head.buffer, head.byteOffset, head.length)
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '');
  const input = { text, firstLine: firstLine(text) };
  const found = byContent(input, 'certain') ?? byName(name) ?? byText(input) ?? formats.at(-1)!;
  return found.name as FormatName;
}

function byContent(head: InputHead, wanted: Detection): FormatDescriptor | undefined {
  return formats.find((each) => each.sniff(head) === wanted);
}

function byText(head: InputHead): FormatDescriptor | undefined {
  return isBinary(head.text) ? undefined : byContent(head, 'possible');
}

/** Control characters that occur in text files. NUL occurs in UTF-16. */
const textControls = '\0\t\n\v\f\r\u001b';

function isBinary(text: string): boolean {
  return [...text.matchAll(/\p{Cc}/gu)].some(([sign]) => sign < ' ' && !textControls.includes(sign));
}

function byName(name: string): FormatDescriptor | undefined {
  const extension = /\.([a-z]+)(?:\.(?:gz|zst|zstd))?$/i.exec(name)?.[1]?.toLowerCase() ?? '';
  return formats.find(({ extensions }: FormatDescriptor) => extensions.includes(extension));
}

function firstLine(text: string): string {
  return /^[ \r]*([^\s#].*)$/m.exec(text)?.[1] ?? '';
}
