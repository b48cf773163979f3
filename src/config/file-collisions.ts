// Files that a run writes must be different ones, and none that it reads its settings from: the last one written would be
// all that is left, with a code that says all is well.

import { realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { flagName } from './options.js';

const written = ['dryRun', 'summary', 'report', 'metricsFile'];
const read = ['config', 'passwordFile', 'ca', 'cert', 'key'];

/** Words for each file that is named for two things. @param given what was given for an option */
export function collisions(given: (key: string) => unknown): string[] {
  const first = new Map<string, string>();
  const problems: string[] = [];
  for (const key of [...read, ...written]) {
    const place = placeOf(given(key));
    if (place === null) continue;
    const before = first.get(place);
    if (before === undefined) first.set(place, key);
    else if (written.includes(key))
      problems.push(`${key}: expected a file of its own, got that of ${flagName(before)}: name another one`);
  }
  return problems;
}

/** What the name stands for in the end; null for `-`, a switch, and what is no file, such as /dev/null. */
function placeOf(name: unknown): string | null {
  if (typeof name !== 'string' || name === '' || name === '-') return null;
  const found = statSync(name, { throwIfNoEntry: false });
  if (found !== undefined) return found.isFile() ? realpathSync(name) : null;
  try {
    return join(realpathSync(dirname(resolve(name))), basename(name));
  } catch {
    return resolve(name);
  }
}
