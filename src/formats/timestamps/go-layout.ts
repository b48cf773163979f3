// Translates time layouts of Go and Telegraf, such as `2006-01-02 15:04:05`, into strptime patterns.

/**
 * The elements of a layout with their strptime equivalents; null for an unsupported element. Longer elements come
 * first, because `2` also begins `2006`.
 */
const parts: readonly (readonly [layout: string, pattern: string | null])[] = [
  ['January', '%B'],
  ['Monday', null],
  ['Z07:00', '%z'],
  ['-07:00', '%z'],
  ['Z0700', '%z'],
  ['-0700', '%z'],
  ['2006', '%Y'],
  ['Jan', '%b'],
  ['Mon', null],
  ['MST', null],
  ['-07', '%z'],
  ['002', '%j'],
  ['01', '%m'],
  ['02', '%d'],
  ['03', '%I'],
  ['04', '%M'],
  ['05', '%S'],
  ['06', '%y'],
  ['15', '%H'],
  ['_2', '%e'],
  ['PM', '%p'],
  ['pm', '%p'],
  ['1', '%m'],
  ['2', '%d'],
  ['3', '%I'],
  ['4', '%M'],
  ['5', '%S'],
  ['%', '%%'],
];

/** Returns the strptime pattern of a layout; null if the layout has an unsupported element or no date. */
export function strptimeOf(layout: string): string | null {
  let pattern = '';
  for (let at = 0; at < layout.length; ) {
    const rest = layout.slice(at);
    const fraction = /^([.,])(0+|9+)(?!\d)/.exec(rest);
    const part = parts.find(([each]) => rest.startsWith(each));
    if (fraction !== null) pattern += `${fraction[1]}%f`;
    else if (part !== undefined) {
      if (part[1] === null) return null;
      pattern += part[1];
    } else pattern += rest[0];
    at += fraction?.[0].length ?? part?.[0].length ?? 1;
  }
  const date = /%[Yy]/.test(pattern) && (/%j/.test(pattern) || (/%[mbB]/.test(pattern) && /%[de]/.test(pattern)));
  return date ? pattern : null;
}
