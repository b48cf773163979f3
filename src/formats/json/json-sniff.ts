// Detects JSON by the first bytes of an input. This module stays small, because every load imports it.

import { BACKSLASH, CLOSE_BRACE, CLOSE_BRACKET, OPEN_BRACE, OPEN_BRACKET, QUOTE } from '../../core/ascii.js';

/** Detection reads only the first bytes. So a line of at least this many characters may be incomplete. */
const longLine = 32 * 1024;

/** Tests whether a line is one object, or may be the start of one long object. */
export function isOneObject(line: string): boolean {
  const end = firstValueEnd(line);
  return line.slice(end).trim() === '' && (line.trimEnd().endsWith('}') || line.length >= longLine);
}

export function startsWithObject(text: string): boolean {
  return /^\s*\{\s*(?:["}]|$)/.test(text);
}

/** Tests whether a text begins like a response of InfluxDB 1's /query. */
export function isInfluxResponse(head: string): boolean {
  return /^\s*\{\s*"results"\s*:\s*\[\s*(?:\]|\{\s*(?:"(?:statement_id|series|messages|error)"|\}))/.test(head);
}

/** Returns the offset after the first object or list in a text; the length of the text if that value is incomplete. */
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
