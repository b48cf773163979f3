/** A longer cell, such as a list of endpoints, does not widen its column. */
const maxWidth = 48;

/** Aligns rows of equally many cells. The first `numbers` columns are aligned to the right. */
export function aligned(rows: readonly (readonly string[])[], numbers = 0): string[] {
  const widths = (rows[0] ?? []).map((_, i) =>
    Math.max(...rows.map((cells) => cells[i]!.length).filter((length) => length <= maxWidth), 0),
  );
  const cell = (text: string, i: number): string => (i < numbers ? text.padStart(widths[i]!) : text.padEnd(widths[i]!));
  return rows.map((cells) => cells.map(cell).join('  ').trimEnd());
}
