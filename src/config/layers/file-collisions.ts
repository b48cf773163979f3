// Files that a run writes must differ from each other and from the files it reads. Otherwise one file would silently
// overwrite another.

import { realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { flagName, type SettingProblem } from '../options.js';

const written = ['dryRun', 'summary', 'report', 'metricsFile'];
const read = ['config', 'passwordFile', 'tokenFile', 'ca', 'cert', 'key'];

/**
 * Finds files that two options name.
 * @param given returns the given value of an option
 */
export function collisions(given: (key: string) => unknown): SettingProblem[] {
  const first = new Map<string, string>();
  const problems: SettingProblem[] = [];
  for (const key of [...read, ...written]) {
    const path = canonicalPath(given(key));
    if (path === null) continue;
    const before = first.get(path);
    if (before === undefined) first.set(path, key);
    else if (written.includes(key)) {
      const found = `the file of ${flagName(before)}`;
      problems.push({ key, expected: 'a file that no other option names', found, fix: 'name another file' });
    }
  }
  return problems;
}

/** Returns the path with links resolved; null for `-`, a switch without a file, a directory, a pipe or a device. */
function canonicalPath(name: unknown): string | null {
  if (typeof name !== 'string' || name === '' || name === '-') return null;
  try {
    const found = statSync(name, { throwIfNoEntry: false });
    if (found !== undefined) return found.isFile() ? realpathSync(name) : null;
    return join(realpathSync(dirname(resolve(name))), basename(name));
  } catch {
    // The name is too long or its directory is missing. Another check reports this problem.
    return name;
  }
}
