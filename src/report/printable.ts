// Text from outside (a server's message, a file's name) on its way to a terminal: it may be shown, never obeyed.

/** Control characters other than LF as `\x1b`; a terminal would act on them. */
export function printable(text: string): string {
  return text.replace(/(?!\n)\p{Cc}/gu, (found) => {
    return `\\x${found.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}
