// Recognises text whose writer escapes characters with a backslash, as Postgres, MySQL, ClickHouse and dsbulk do.

/** Number of bytes of the sample that are searched. */
const searchedBytes = 64 * 1024;
/** Matches escapes in cells without quotes. Other letters after a backslash suggest a path. */
const letterEscape = /\\[\\Ntnrbfv0]/;
const otherEscape = /\\[^\\Ntnrbfv0"]/;

/** Returns an example of an escape in the first rows; null if the text shows no escapes. */
export function escapeIn(sample: Uint8Array, name: 'csv' | 'tsv', delimiter: number): string | null {
  const head = Buffer.from(sample.buffer, sample.byteOffset, Math.min(sample.length, searchedBytes));
  if (!head.includes('\\')) return null;
  const text = head.toString('latin1');
  const cell = String.fromCharCode(delimiter).replace(/\W/, '\\$&');
  // At the end of a cell, `\"` may also be a backslash that belongs to the text, followed by the closing quote.
  const quote = new RegExp(`(?:^|${cell})"(?:[^"\\r\\n]|"")*\\\\"(?![\\r\\n"]|${cell}|$)`, 'm');
  if (new RegExp(`(?:^|${cell})\\\\N(?=${cell}|\\r?$)`, 'm').test(text)) return '\\N';
  if (quote.test(text)) return '\\"';
  return name === 'tsv' && !otherEscape.test(text) ? (letterEscape.exec(text)?.[0] ?? null) : null;
}
