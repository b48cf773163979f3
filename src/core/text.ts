// Formats figures and texts for people: grouped digits, binary sizes, durations, excerpts, tables, quoting.

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/**
 * Formats a number as `1,234,567`. Does not use Intl.NumberFormat: creating the first one takes a tenth of a short run.
 */
export function count(value: number): string {
  return value.toFixed(0).replace(/\B(?=(\d{3})+$)/g, ',');
}

/**
 * Formats a number with its noun: `1 point`, `2 points`. Pass `many` if the plural is not `one` plus `s`: `2 flushes`.
 */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** Joins texts with commas. After 20 texts, the list ends with the number of all texts. */
export function someOf(texts: readonly string[]): string {
  const shown = texts.slice(0, 20).join(', ');
  return texts.length > 20 ? `${shown}, … (${texts.length} in all)` : shown;
}

/** Joins alternatives: `a`, `a or b`, `a, b or c`. */
export function alternatives(texts: readonly string[]): string {
  return texts.join(', ').replace(/, ([^,]*)$/, ' or $1');
}

/** Longest excerpt of a text from a server or an input, bytes of UTF-8. */
const excerptBytes = 300;

/** Returns a table's entry for a word from a user or server. Ignores inherited members such as `constructor`. */
export function entryOf<T>(table: Readonly<Record<string, T>>, word: string): T | undefined {
  return Object.hasOwn(table, word) ? table[word] : undefined;
}

/** Cuts a text from a server or an input to `maxBytes` of valid UTF-8. A cut text ends with `…`. */
export function excerpt(text: string, maxBytes = excerptBytes): string {
  // A UTF-16 unit becomes at least one byte, so this slice is long enough. The copy lets V8 free the original text.
  const bytes = Buffer.from(text.slice(0, maxBytes + 1));
  if (bytes.length <= maxBytes && text.length <= maxBytes) return bytes.toString();
  let end = maxBytes - 3;
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end -= 1;
  return `${bytes.toString('utf8', 0, end)}…`;
}

/** Formats a number of bytes: `17 B`, `4.5 KiB`, `231 MiB`, `2 GiB`. A fractional value below 100 gets one decimal. */
export function size(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  // 1023.6 KiB would print as "1024 KiB", which is 1 MiB.
  if (value >= 1023.5 && power < units.length - 1) return `1 ${units[power + 1]}`;
  const digits = power === 0 || value >= 99.95 || Number.isInteger(value) ? 0 : 1;
  return `${value.toFixed(digits)} ${units[power]}`;
}

/** Formats a size for an option, rounded up to whole MiB: `112MiB`. */
export function sizeOption(bytes: number): string {
  return `${Math.ceil(bytes / 1024 ** 2)}MiB`;
}

/** Formats a part of a size: `231/512 MiB`. The second number decides the unit of both numbers. */
export function share(bytes: number, of: number): string {
  const power = of < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(of) / 10));
  const digits = of / 1024 ** power < 10 ? 1 : 0;
  return `${(bytes / 1024 ** power).toFixed(digits)}/${(of / 1024 ** power).toFixed(digits)} ${units[power]}`;
}

/** Formats seconds: `0.4s`, `42s`, `3m 05s`, `2h 07m`, `3d 04h`. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)}s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${pad(whole % 60)}s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)}h ${pad(minutes % 60)}m`;
  const hours = Math.round(minutes / 60);
  return `${Math.floor(hours / 24)}d ${pad(hours % 24)}h`;
}

/** Formats milliseconds: `0.4 ms`, `12 ms`, `1.3s`. */
export function latency(ms: number): string {
  if (ms >= 1000) return duration(ms / 1000);
  return `${ms < 9.95 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
}

/** Largest width of a column, characters. A longer cell, such as a list of endpoints, does not widen its column. */
const maxWidth = 48;

/** Aligns rows with the same number of cells. The first `numbers` columns are aligned to the right. */
export function aligned(rows: readonly (readonly string[])[], numbers = 0): string[] {
  const widths = (rows[0] ?? []).map((_, i) =>
    Math.max(...rows.map((cells) => cells[i]!.length).filter((length) => length <= maxWidth), 0),
  );
  const cell = (text: string, i: number): string => (i < numbers ? text.padStart(widths[i]!) : text.padEnd(widths[i]!));
  return rows.map((cells) => cells.map(cell).join('  ').trimEnd());
}

/** Control characters and direction marks, which change the output of a terminal. */
const acting = /\p{Cc}|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Escapes control characters, line ends and direction marks in text from outside: `\n`, `\x1b`, `\u202e`. */
export function printable(line: string): string {
  return line.replace(acting, (found) => {
    if (found === '\n') return '\\n';
    const code = found.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`;
  });
}

/** Quotes a word for a POSIX shell. Returns a word of plain characters unchanged. */
export function shellQuote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}

/**
 * Tests whether a word of at least three letters is a likely misspelling of another word: one letter is added, missing
 * or wrong, or two letters are swapped.
 */
export function isNear(word: string, meant: string): boolean {
  const changes = word.length > 2 ? distance(word, meant) : 0;
  const letters = (text: string): string => text.split('').sort().join('');
  return changes === 1 || (changes === 2 && letters(word) === letters(meant));
}

/** Computes the Levenshtein distance. */
export function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length];
}

/**
 * Compares versions by their numbers, for sorting. Does not use `localeCompare`, which would load the collation tables
 * in 10 ms.
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split(/\D+/).filter(Boolean).map(Number)) as [
    number[],
    number[],
  ];
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const difference = (left[i] ?? -1) - (right[i] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
}
