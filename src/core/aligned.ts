// Columns for people.

/** One long cell, such as a list of endpoints, must not push all others to the right. */
const widest = 48;

/** Rows of equally many cells as lines, two blanks between columns; the first `numbers` columns are flush right. */
export function aligned(rows: readonly (readonly string[])[], numbers = 0): string[] {
  const widths = (rows[0] ?? []).map((_, i) =>
    Math.max(...rows.map((cells) => cells[i]!.length).filter((length) => length <= widest), 0),
  );
  const cell = (text: string, i: number): string => (i < numbers ? text.padStart(widths[i]!) : text.padEnd(widths[i]!));
  return rows.map((cells) => cells.map(cell).join('  ').trimEnd());
}
