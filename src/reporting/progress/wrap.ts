// Long lines on a terminal: broken between words, so that nobody has to put halves of them together.

const usualHang = 2;
const introducer = '\u001b';
const colour = new RegExp(`${introducer}\\[\\d+m`, 'g');

/** Characters that are seen: colours are not. */
function seen(text: string): number {
  return text.replace(colour, '').length;
}

/**
 * A line as lines of at most `width` characters, broken at blanks; those behind the first begin with `hang` blanks. A word
 * that is longer than a line stays whole: a path or an address is to be copied.
 */
export function wrapped(line: string, width: number, hang = usualHang): string[] {
  if (seen(line) <= width) return [line];
  const blanks = ' '.repeat(Math.min(hang, Math.max(0, width - 1)));
  const lead = /^ */.exec(line)![0];
  const [first = '', ...words] = line.slice(lead.length).split(' ');
  const rows: string[] = [];
  let row = lead + first;
  for (const word of words) {
    if (seen(row) + 1 + word.length <= width) row = `${row} ${word}`;
    else {
      rows.push(row.trimEnd());
      row = blanks + word;
    }
  }
  return [...rows, row];
}
