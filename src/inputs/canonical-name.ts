// Computes canonical names of inputs. By these names, bulk-load recognizes whether the same load was started before.
// Also finds the columns that `key=value` folders in an input's path add to its rows.

import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { folderColumns, folderPath } from '../core/points/hive-folders.js';
import type { FolderColumn, Input } from '../core/types/index.js';
import { isUrl, urlIdentity } from './http/url-name.js';
import { isS3 } from './s3/s3-inputs.js';

/** Names of standard input. */
export const stdinNames: readonly string[] = ['-', '/dev/stdin', '/dev/fd/0', '/proc/self/fd/0'];

/**
 * Returns the same name for all spellings of an input's name. Does not expand a pattern, so the name of a pattern stays
 * the same when the pattern matches new files.
 */
export async function canonicalName(name: string, cwd: string): Promise<string> {
  if (stdinNames.includes(name)) return '-';
  if (isS3(name)) return name;
  if (isUrl(name)) return urlIdentity(new URL(name));
  const path = await canonicalPath(resolve(cwd, name));
  const folders = folderPath(columnsIn(`${name}/`));
  // From inside the folder `host=a`, the name `part.csv` adds no column. From outside, the name `host=a/part.csv` adds
  // the column `host`. So the canonical names of the two must differ, although both mean the same file.
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
