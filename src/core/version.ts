// The version, and paths of files in this package. They start at the package folder: src, dist and bundle differ in depth.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const own = pathToFileURL(createRequire(import.meta.url).resolve('bulk-load/package.json'));

/** Returns the URL of a file of this package; `path` is relative to the package folder. */
export function packaged(path: string): URL {
  return new URL(path, own);
}

/** Returns the version from package.json. */
export function version(): string {
  return (JSON.parse(readFileSync(packaged('package.json'), 'utf8')) as { version: string }).version;
}
