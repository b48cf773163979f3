// Runs load_cnosdb inside the test's process, and masks the parts of its output that depend on the clock.

import { loadCnosdb } from '../../../src/cli/load-cnosdb/load-cnosdb.js';
import { here, type Ran } from '../../support/programs/here.js';

export type { Ran } from '../../support/programs/here.js';

/** Runs the command in this process. `env` is its whole environment. */
export function inProcess(args: readonly string[], input: string, env: NodeJS.ProcessEnv): Promise<Ran> {
  return here(loadCnosdb, ['node', 'load_cnosdb', ...args], input, env);
}

/** Masks times and rates, and sorts the lines of workers, which end in any order. */
export function masked(stdout: string): string[] {
  const lines = stdout
    .replace(/in \d+\.\d{3}sec/g, 'in #.###sec')
    .replace(/mean rate \d+\.\d\d /g, 'mean rate #.## ')
    .replace(/of \d+\.\d{6}sec/g, 'of #.######sec')
    .replace(/to \S*RESULTS$/gm, 'to RESULTS')
    .split('\n');
  const workers = lines.filter((line) => line.startsWith('[worker')).sort();
  return [...lines.filter((line) => !line.startsWith('[worker')), ...workers];
}

/** Masks path, times and rates in a results file. */
export function maskedResults(text: string | null): string | null {
  return (
    text
      ?.replace(/("(?:StartTime|EndTime|DurationMillis)": )\d+/g, '$1#')
      .replace(/("(?:metricRate|rowRate)": )[\d.e+]+/g, '$1#')
      .replace(/"[^"]*RESULTS"/, '"RESULTS"') ?? null
  );
}
