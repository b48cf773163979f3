// Computes canonical names of inputs, by which a run recognizes earlier runs of the same load. Also finds the columns
// in an input's path.

import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { folderColumns, folderPath } from '../core/points/hive-folders.js';
import type { FolderColumn, Input } from '../core/types/index.js';
import { isUrl, urlIdentity } from './http/url-name.js';
import { isS3 } from './s3/s3-inputs.js';

/** Names of standard input. */
export const stdinNames: readonly string[] = ['-', '/dev/stdin', '/dev/fd/0', '/proc/self/fd/0'];

/**
 * Returns the same name for all spellings of an input's name. A pattern is not expanded, so its name stays the same
 * when new files match.
 */
export async function canonicalName(name: string, cwd: string): Promise<string> {
  if (stdinNames.includes(name)) return '-';
  if (isS3(name)) return name;
  if (isUrl(name)) return urlIdentity(new URL(name));
  const path = await canonicalPath(resolve(cwd, name));
  const folders = folderPath(columnsIn(`${name}/`));
  // Even in the folder `host=a`, the name `part.csv` does not give a column `host`. So its canonical name must differ
  // from the canonical name of `host=a/part.csv`.
  return folders === folderPath(folderColumns(`${path}/`)) ? path : `${path} with ${folders || 'no folders'}`;
}

export async function canonicalPath(path: string): Promise<string> {
  return await realpath(path).catch(() => path);
}

/** Adds the columns of the `key=value` folders in an input's name to the input. */
export function withFolderColumns(input: Input): Input {
  const columns = columnsIn(input.name);
  return columns.length === 0 ? input : { ...input, folderColumns: columns };
}

function columnsIn(name: string): FolderColumn[] {
  if (!name.includes('=')) return [];
  if (!isUrl(name)) return folderColumns(name);
  const decode = (part: string): string => decodeURIComponent(part).replaceAll('/', '%2F');
  try {
    return folderColumns(new URL(name).pathname.split('/').map(decode).join('/'));
  } catch {
    return [];
  }
}
