// Builds the paths of the files of rejected points: the load's id, a name and an ending. Folders of an input may add
// columns (`host=a/`). The rejected points of such an input are written to folders of the same names, and the ending
// begins with these folders. So loading the rejected points again gives the same points.

import { readdir } from 'node:fs/promises';
import { join, parse } from 'node:path';

/**
 * Returns the path of a file of rejected points.
 * @param ending such as `.lp` or `host=a/.csv`
 */
export function letterPath(stateDir: string, load: string, name: string, ending: string): string {
  const { dir, base } = parse(ending);
  return join(stateDir, dir, `${load}.${name}${base}`);
}

/** Lists the endings of the files with this load and name. Omits the temporary files of long points. */
export async function letterEndings(stateDir: string, load: string, name: string): Promise<string[]> {
  const prefix = `${load}.${name}.`;
  const isLetters = (file: string): boolean => file.startsWith(prefix) && !file.startsWith(`${prefix}part`);
  const endingsIn = async (folder: string): Promise<string[]> => {
    const entries = await readdir(join(stateDir, folder), { withFileTypes: true });
    const files = entries.filter((entry) => isLetters(entry.name));
    const below = entries.filter((entry) => entry.isDirectory() && entry.name.includes('='));
    const deeper = await Promise.all(below.map((entry) => endingsIn(`${folder}${entry.name}/`)));
    return [...files.map((file) => `${folder}${file.name.slice(prefix.length - 1)}`), ...deeper.flat()];
  };
  return (await endingsIn('')).sort();
}
