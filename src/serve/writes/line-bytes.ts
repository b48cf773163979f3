// Checks the special bytes of line protocol, such as commas and backslashes, as CnosDB 2.4.3 does.

import { APOSTROPHE, BACKSLASH, COMMA, CR, EQUALS, LF, QUOTE, SPACE } from '../../core/ascii.js';
import { type RequestRefusal, unreadable } from '../request-refusal.js';

export function isSpace(byte: number): boolean {
  return byte === SPACE || byte === LF || byte === CR || byte === 9 || byte === 12;
}

export function unexpectedEnd(at: number): RequestRefusal {
  return unreadable(`unexpect end line start at '${at}'`);
}

function unexpectedByte(byte: number, at: number): RequestRefusal {
  return unreadable(`unexpect token '${String.fromCharCode(byte)}' at ${at}`);
}

/** Throws for a byte that may not follow a backslash in a name. */
export function checkNameEscape(bytes: Buffer, at: number, allowsEquals: boolean): void {
  const byte = bytes[at];
  if (byte === COMMA || byte === SPACE || byte === BACKSLASH || byte === QUOTE || byte === APOSTROPHE) return;
  if (byte === EQUALS && allowsEquals) return;
  if (at < bytes.length) throw unexpectedByte(byte, at);
}

/** Throws for a byte that may not follow a backslash in a field value. */
export function checkValueEscape(bytes: Buffer, at: number): void {
  const byte = bytes[at];
  if (at < bytes.length && byte !== QUOTE && byte !== BACKSLASH && byte !== APOSTROPHE) throw unexpectedByte(byte, at);
}
