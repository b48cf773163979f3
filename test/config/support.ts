// Options validated from values that a layer gave.

import type { SettingProblem } from '../../src/config/options.js';
import type { Settings } from '../../src/config/settings.js';
import { validate } from '../../src/config/validate.js';
import type { Problem } from '../../src/core/problem.js';
import { problemText } from '../../src/core/problem.js';
import { options } from '../../src/load/option-table.js';

const defaults = Object.fromEntries(options.rows.map((row) => [row.key, row.default]));

function validated(given: Record<string, unknown>) {
  return validate(options, { ...defaults, stateDir: '/state', db: 'd', ...given }, new Set(Object.keys(given)));
}

export function settings(given: Record<string, unknown>): Settings {
  const result = validated(given);
  if ('problems' in result) throw new Error(JSON.stringify(result.problems));
  return result.settings;
}

/** One line for each problem, after the key of its option. */
export function problems(given: Record<string, unknown>): string[] {
  const result = validated(given);
  return 'problems' in result ? result.problems.map(lineOf) : [];
}

export function lineOf({ key, ...rest }: SettingProblem): string {
  return problemText({ tried: key, ...rest } satisfies Problem);
}
