// Bytes with a meaning in line protocol, as CnosDB 2.4.3 treats them.

import { type RequestRefusal, unreadable } from '../request-refusal.js';

export const LF = 10;
export const CR = 13;
export const SPACE = 32;
export const QUOTE = 34;
export const HASH = 35;
const APOSTROPHE = 39;
export const COMMA = 44;
export const EQUALS = 61;
export const BACKSLASH = 92;

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
