// load_cnosdb run within the test's own process, and what is equal in two outputs of it whatever the clock said.

import { loadCnosdb } from '../../../src/cli/load-cnosdb/load-cnosdb.js';
import { here, type Ran } from '../../support/here.js';

export type { Ran } from '../../support/here.js';

/** As the command, without a process of its own. `env` is all the environment there is. */
export function inProcess(args: readonly string[], input: string, env: NodeJS.ProcessEnv): Promise<Ran> {
  return here(loadCnosdb, ['node', 'load_cnosdb', ...args], input, env);
}

/** Times and rates are the clock's, and workers end in any order. */
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

/** A results file, byte for byte but for its path, times and rates. */
export function maskedResults(text: string | null): string | null {
  return (
    text
      ?.replace(/("(?:StartTime|EndTime|DurationMillis)": )\d+/g, '$1#')
      .replace(/("(?:metricRate|rowRate)": )[\d.e+]+/g, '$1#')
      .replace(/"[^"]*RESULTS"/, '"RESULTS"') ?? null
  );
}
