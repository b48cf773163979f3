// Text from outside (a server's message, a file's name) on its way to a terminal: it may be shown, never obeyed.

/** Control characters, and those that turn the direction of writing: a terminal would act on them. */
const acting = /\p{Cc}|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** One line: whatever a terminal would act on, line ends too, as `\n`, `\x1b` or `\u202e`. */
export function printable(line: string): string {
  return line.replace(acting, (found) => {
    if (found === '\n') return '\\n';
    const code = found.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`;
  });
}
