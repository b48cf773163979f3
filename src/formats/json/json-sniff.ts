// Detection of JSON by its first bytes. This module stays small, because detection loads it for every input.

import { BACKSLASH, CLOSE_BRACE, CLOSE_BRACKET, OPEN_BRACE, OPEN_BRACKET, QUOTE } from '../../core/ascii.js';

/** Length from which a line may be cut off, because detection reads only the first bytes. In characters. */
const longLine = 32 * 1024;

/** Tests whether a line is one object, or may be the start of a long object. */
export function isOneObject(line: string): boolean {
  const end = firstValueEnd(line);
  return line.slice(end).trim() === '' && (line.trimEnd().endsWith('}') || line.length >= longLine);
}

export function startsWithObject(text: string): boolean {
  return /^\s*\{\s*(?:["}]|$)/.test(text);
}

/** Recognises a response of InfluxDB 1's /query. */
export function isInfluxResponse(head: string): boolean {
  return /^\s*\{\s*"results"\s*:\s*\[\s*(?:\]|\{\s*(?:"(?:statement_id|series|messages|error)"|\}))/.test(head);
}

/** Returns the offset after the first object or list of a text; the text's length if this value does not end. */
export function firstValueEnd(text: string): number {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const byte = text.charCodeAt(i);
    if (inString) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
    else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --depth <= 0) return i + 1;
  }
  return text.length;
}
