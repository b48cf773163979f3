// Names of text encodings, as the Encoding Standard of the WHATWG defines them, and the byte order mark of UTF-8.

/** The byte order mark in UTF-8. */
export const utf8Mark = [0xef, 0xbb, 0xbf] as const;

export function startsWithUtf8Mark(bytes: Uint8Array): boolean {
  return utf8Mark.every((byte, i) => bytes[i] === byte);
}

/** Encodings of the standard that Node's TextDecoder lacks. */
const further: ReadonlySet<string> = new Set(['iso-8859-16', 'x-user-defined']);

/**
 * Returns the name of the encoding that a label stands for, such as windows-1252 for latin1; null for an unknown label.
 */
export function encodingNamed(label: string): string | null {
  const name = label.trim().toLowerCase();
  if (further.has(name)) return name;
  try {
    return new TextDecoder(name).encoding;
  } catch {
    return null;
  }
}
