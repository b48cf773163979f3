// Writes large objects as JSON in small parts, so that a summary of many inputs never exists as one string.

const rowsPerPart = 100;

/**
 * Yields the text that JSON.stringify returns for a plain object. Arrays among the object's values are split into parts
 * of 100 elements.
 * @param indent 0 for one line
 */
export function* jsonParts(object: object, indent: 0 | 2): Generator<string> {
  const gap = ' '.repeat(indent);
  const lineEnd = indent === 0 ? '' : '\n';
  const colon = indent === 0 ? ':' : ': ';
  let separator = `{${lineEnd}`;
  for (const [key, value] of Object.entries(object) as [string, unknown][]) {
    if (value === undefined) continue;
    const name = `${separator}${gap}${JSON.stringify(key)}${colon}`;
    separator = `,${lineEnd}`;
    if (Array.isArray(value) && value.length > rowsPerPart) {
      yield `${name}[${lineEnd}`;
      yield* arrayParts(value, indent);
      yield `${lineEnd}${gap}]`;
    } else yield name + indented(value, indent, gap);
  }
  yield separator.startsWith('{') ? '{}' : `${lineEnd}}`;
}

function* arrayParts(rows: readonly unknown[], indent: 0 | 2): Generator<string> {
  const gap = ' '.repeat(2 * indent);
  const lineEnd = indent === 0 ? '' : '\n';
  for (let from = 0; from < rows.length; from += rowsPerPart) {
    const part = rows.slice(from, from + rowsPerPart).map((row) => gap + indented(row, indent, gap));
    yield (from === 0 ? '' : `,${lineEnd}`) + part.join(`,${lineEnd}`);
  }
}

function indented(value: unknown, indent: 0 | 2, gap: string): string {
  const text = JSON.stringify(value, null, indent);
  return indent === 0 ? text : text.replaceAll('\n', `\n${gap}`);
}
