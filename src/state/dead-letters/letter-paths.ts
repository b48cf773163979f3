// Builds the paths of the dead-letter files from the load's id, a name and a suffix. Folders of an input such as
// `host=a/` may add columns to its points. The rejected points of such an input are written to folders of the same
// names. So the points have the same columns when they are loaded again. The suffix begins with these folders.

import { readdir } from 'node:fs/promises';
import { join, parse } from 'node:path';

/**
 * Returns the path of a dead-letter file.
 * @param suffix such as `.lp` or `host=a/.csv`
 */
export function letterPath(stateDir: string, load: string, name: string, suffix: string): string {
  const { dir, base } = parse(suffix);
  return join(stateDir, dir, `${load}.${name}${base}`);
}

/**
 * Lists the suffixes of the dead-letter files whose names begin with `<load>.<name>.`, such as `.lp` or `host=a/.csv`.
 * Omits the temporary files of long points.
 */
export async function letterSuffixes(stateDir: string, load: string, name: string): Promise<string[]> {
  const prefix = `${load}.${name}.`;
  const isLetters = (file: string): boolean => file.startsWith(prefix) && !file.startsWith(`${prefix}part`);
  const suffixesIn = async (folder: string): Promise<string[]> => {
    const entries = await readdir(join(stateDir, folder), { withFileTypes: true });
    const files = entries.filter((entry) => isLetters(entry.name));
    const below = entries.filter((entry) => entry.isDirectory() && entry.name.includes('='));
    const deeper = await Promise.all(below.map((entry) => suffixesIn(`${folder}${entry.name}/`)));
    return [...files.map((file) => `${folder}${file.name.slice(prefix.length - 1)}`), ...deeper.flat()];
  };
  return (await suffixesIn('')).sort();
}
