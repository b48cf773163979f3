// Describes a column that is required but missing, and suggests a fix.

import type { Problem } from '../../../core/problem.js';
import { alternatives, isNear } from '../../../core/text.js';

/** Describes a missing column. `fix` is empty if an option already names this column, but the input lacks it. */
export type MissingColumn = Pick<Problem, 'expected' | 'fix'>;

export const missingTime: MissingColumn = {
  expected: 'a time column',
  fix: 'choose the time column with --time-column; if no column holds the time, use --missing-timestamp now',
};
export const missingTable: MissingColumn = {
  expected: 'a table for the rows',
  fix: 'name the table with --measurement NAME, or take the name from a column: --measurement {column}',
};

/**
 * Suggests a fix: a column with a similar name, the probable delimiter if there is only one column, or the option that
 * names the column.
 * @param names columns of the input
 * @param wanted columns that the options name
 */
export function missingFix({ fix }: MissingColumn, names: readonly string[], wanted: readonly string[]): string {
  const meant = wanted.flatMap((want) => (names.includes(want) ? [] : names.filter((name) => isNear(want, name))));
  if (meant.length > 0) return `did you mean ${alternatives(meant)}?`;
  const delimiter = names.length === 1 ? /[;|]/.exec(names[0]!)?.[0] : undefined;
  if (delimiter !== undefined) return `split the rows with --delimiter '${delimiter}'`;
  return fix || 'check --delimiter, --skip-lines and the names in --tags, --fields and --time-column';
}
