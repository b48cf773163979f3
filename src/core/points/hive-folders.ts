// Folders such as `day=2026-11-29`, by which Hive, Spark, pyarrow and DuckDB store the value of a column for all rows below.

import type { FolderColumn } from '../types/index.js';

/** The value of rows without one. */
const noValue = '__HIVE_DEFAULT_PARTITION__';
/** Characters that cannot be part of the name of a folder, or end one. */
const special = /[\p{Cc}"#%/:=?\\{}[\]^]/gu;

/** Returns the columns in the folders above the last name of a path, in order. */
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

/** Returns the folders that `folderColumns` reads as these columns: `host=a/day=1`; empty without columns. */
export function folderPath(columns: readonly FolderColumn[]): string {
  const encode = (text: string): string => text.replace(special, encodeURIComponent);
  return columns.map(({ name, value }) => `${encode(name)}=${encode(value ?? noValue)}`).join('/');
}

/** Decodes `%20`. Text that is not encoded UTF-8 stays as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replace(/%(?![0-9a-f]{2})/gi, '%25'));
  } catch {
    return text;
  }
}
