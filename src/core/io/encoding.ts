// Names of text encodings, as the Encoding Standard of the WHATWG defines them.

/** Encodings of the standard that TextDecoder of Node lacks. */
const further: ReadonlySet<string> = new Set(['iso-8859-16', 'x-user-defined']);

/** Returns the name of the encoding that a label stands for, such as windows-1252 for latin1; null for an unknown label. */
export function encodingNamed(label: string): string | null {
  const name = label.trim().toLowerCase();
  if (further.has(name)) return name;
  try {
    return new TextDecoder(name).encoding;
  } catch {
    return null;
  }
}
