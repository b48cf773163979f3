// Classes of bytes inside names and strings, and the check of UTF-8 sequences.

export const ORDINARY = 0;
export const STOP = 1;
export const BACKSLASH = 2;
export const HIGH = 3;
export const CONTROL = 4;
export const SLASH = 5;
/** Class of an equals sign that belongs to the name. */
export const EQUALS = 6;

function table(special: Record<string, number>): Uint8Array {
  const classes = new Uint8Array(256);
  classes.fill(CONTROL, 0, 0x20).fill(CONTROL, 0x7f, 0x80).fill(HIGH, 0x80);
  const all = { '\n': STOP, '\r': STOP, ' ': STOP, ',': STOP, '\\': BACKSLASH, ...special };
  for (const [character, meaning] of Object.entries(all)) classes[character.charCodeAt(0)] = meaning;
  return classes;
}

export const measurementClasses = table({ '=': EQUALS, '/': SLASH });
/** Class of each byte of a table name, for targets that accept a slash in table names. */
export const slashClasses = table({ '=': EQUALS });
export const keyClasses = table({ '=': STOP });
export const tagValueClasses = table({ '=': EQUALS });

/**
 * Class of each byte of a string. Control characters other than NUL are ordinary. A string may contain an LF, but LF
 * has the class STOP, because the reader counts lines.
 */
export const stringClasses = new Uint8Array(256).fill(HIGH, 0x80);
stringClasses[0x00] = CONTROL;
stringClasses[0x0a] = STOP;
stringClasses[0x22] = STOP;
stringClasses[0x5c] = BACKSLASH;

/**
 * Checks the multi-byte UTF-8 sequence at `p` (RFC 3629). The server rejects invalid sequences.
 * @returns the offset after the sequence, or `-1 - q` where q is the offset of the first invalid byte
 */
export function sequenceEnd(bytes: Uint8Array, p: number): number {
  const lead = bytes[p]!;
  const length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (length === 0) return -1 - p;
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  const second = bytes[p + 1]!;
  if (second < low || second > high) return -2 - p;
  for (let q = p + 2; q < p + length; q++) {
    if ((bytes[q]! & 0xc0) !== 0x80) return -1 - q;
  }
  return p + length;
}
