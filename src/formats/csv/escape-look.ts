// Recognises text whose writer escapes characters with a backslash, as Postgres, MySQL, ClickHouse and dsbulk do.

/** Number of bytes at the start of the sample that are searched. */
const searchedBytes = 64 * 1024;
/** Matches escapes such as `\n`. Another letter after a backslash, as in `C:\Users`, suggests a path. */
const letterEscape = /\\[\\Ntnrbfv0]/;
const otherEscape = /\\[^\\Ntnrbfv0"]/;

/** Returns an escape that the sample contains, such as `\N`; null if the sample shows no escapes. */
export function escapeIn(sample: Uint8Array, name: 'csv' | 'tsv', delimiter: number): string | null {
  const head = Buffer.from(sample.buffer, sample.byteOffset, Math.min(sample.length, searchedBytes));
  if (!head.includes('\\')) return null;
  const text = head.toString('latin1');
  const cell = String.fromCharCode(delimiter).replace(/\W/, '\\$&');
  // Matches `\"` inside a quoted cell. At the end of the cell, `\"` does not count: the backslash may be text, and the
  // quote may close the cell.
  const quote = new RegExp(`(?:^|${cell})"(?:[^"\\r\\n]|"")*\\\\"(?![\\r\\n"]|${cell}|$)`, 'm');
  if (new RegExp(`(?:^|${cell})\\\\N(?=${cell}|\\r?$)`, 'm').test(text)) return '\\N';
  if (quote.test(text)) return '\\"';
  return name === 'tsv' && !otherEscape.test(text) ? (letterEscape.exec(text)?.[0] ?? null) : null;
}
