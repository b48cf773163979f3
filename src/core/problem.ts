// Formats every error message from four phrases: what was tried, what was expected, what was found, and what to do.

/** The four phrases of an error message. A phrase begins in lower case and ends without a period. */
export interface Problem {
  /** The action that failed, such as `reading a.csv`. */
  readonly tried: string;
  /** The expected state or value, such as `a column named time`. */
  readonly expected: string;
  /** The actual state or value, such as `columns ts and value`. */
  readonly found: string;
  /** Advice such as `name it with --time-column ts`; empty without useful advice. */
  readonly fix: string;
}

/**
 * Formats a problem as one line: `reading a.csv: expected a column named time, found columns ts and value. Name it with
 * --time-column ts.`
 */
export function problemText({ tried, expected, found, fix }: Problem): string {
  const advice = fix === '' ? '' : ` ${fix.charAt(0).toUpperCase()}${fix.slice(1)}${/[.?!]$/.test(fix) ? '' : '.'}`;
  return `${tried}: expected ${expected}, found ${found}.${advice}`;
}

/** Returns a problem as four short lines for a terminal, without line ends; three lines if `fix` is empty. */
export function problemLines({ tried, expected, found, fix }: Problem): string[] {
  const rows = [
    ['tried', tried],
    ['expected', expected],
    ['found', found],
    ['do', fix],
  ] as const;
  return rows.filter(([, text]) => text !== '').map(([name, text]) => `  ${name.padEnd(8)}  ${text}`);
}
