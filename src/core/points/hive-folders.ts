// Folders such as `day=2026-11-29`. Hive, Spark, pyarrow and DuckDB store a column's value in the name of such a
// folder.

import type { FolderColumn } from '../types/index.js';

/** The value in a folder's name that stands for null. */
const noValue = '__HIVE_DEFAULT_PARTITION__';
/** Characters that `folderPath` percent-encodes. */
const special = /[\p{Cc}"#%/:=?\\{}[\]^]/gu;

/** Returns the columns in the folders of a path, in order. Ignores the last part of the path, the file's name. */
export function folderColumns(path: string): FolderColumn[] {
  return path
    .split('/')
    .slice(0, -1)
    .flatMap((folder) => {
      const at = folder.indexOf('=');
      if (at <= 0) return [];
      const value = decoded(folder.slice(at + 1));
      return [{ name: decoded(folder.slice(0, at)), value: value === '' || value === noValue ? null : value }];
    });
}

/** Formats columns as a path of folders such as `host=a/day=1`: the inverse of `folderColumns`. */
export function folderPath(columns: readonly FolderColumn[]): string {
  const encode = (text: string): string => text.replace(special, encodeURIComponent);
  return columns.map(({ name, value }) => `${encode(name)}=${encode(value ?? noValue)}`).join('/');
}

/** Decodes percent-encoding such as `%20`. Returns the text unchanged if the decoded bytes are not UTF-8. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replace(/%(?![0-9a-f]{2})/gi, '%25'));
  } catch {
    return text;
  }
}
