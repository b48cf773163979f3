// The problems that a command prints below its headline.

/** Joins the four lines of each problem to one: `--workers: expected a whole number, found "x". Do: use 8.` */
export function problemsIn(stderr: string): string {
  return stderr.replace(
    /^ {2}tried {5}(.*)\n {2}expected {2}(.*)\n {2}found {5}(.*)\n(?: {2}do {8}(.*)\n)?/gm,
    (_, tried: string, expected: string, found: string, fix: string | undefined) =>
      `${tried}: expected ${expected}, found ${found}.${fix === undefined ? '' : ` Do: ${fix}.`}\n`,
  );
}
