// Wraps long lines between words, for terminals.

const defaultHang = 2;
const introducer = '\u001b';
const colour = new RegExp(`${introducer}\\[\\d+m`, 'g');

/** Counts the visible characters; colour codes are invisible. */
function visibleLength(text: string): number {
  return text.replace(colour, '').length;
}

/**
 * Breaks a line at spaces into rows of at most `width` characters. Rows after the first begin with `hang` spaces. A
 * word longer than the width stays whole, so that paths and addresses can be copied.
 */
export function wrapped(line: string, width: number, hang = defaultHang): string[] {
  if (visibleLength(line) <= width) return [line];
  const indent = ' '.repeat(Math.min(hang, Math.max(0, width - 1)));
  const lead = /^ */.exec(line)![0];
  const [first = '', ...words] = line.slice(lead.length).split(' ');
  const rows: string[] = [];
  let row = lead + first;
  for (const word of words) {
    if (visibleLength(row) + 1 + word.length <= width) row = `${row} ${word}`;
    else {
      rows.push(row.trimEnd());
      row = indent + word;
    }
  }
  return [...rows, row];
}
