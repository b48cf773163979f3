/** Control characters and direction marks: a terminal would act on them. */
const acting = /\p{Cc}|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Escapes everything in an outside text that a terminal would act on, line ends included: `\n`, `\x1b`, `\u202e`. */
export function printable(line: string): string {
  return line.replace(acting, (found) => {
    if (found === '\n') return '\\n';
    const code = found.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`;
  });
}
