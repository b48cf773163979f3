// The state directory, made with all above it that is missing. One level at a time: where a file system says of each
// attempt that there is nothing above (/proc does), Node's own recursive mkdir never ends.

import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/** For its owner alone. Rejects with the system's error. */
export async function makeStateDir(path: string): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (found?.isDirectory()) return;
  const above = dirname(resolve(path));
  if (above !== resolve(path) && found === null) await makeStateDir(above);
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    // Somebody else was faster.
    if (!(await stat(path).catch(() => null))?.isDirectory()) throw error;
  }
}
