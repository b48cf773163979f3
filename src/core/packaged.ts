// Files that lie beside the sources: named from the package's own folder, since from src, from dist and from a bundle the
// way there differs.

import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const own = pathToFileURL(createRequire(import.meta.url).resolve('bulk-load/package.json'));

/** Where a file of this package lies; `path` from its folder on. */
export function packaged(path: string): URL {
  return new URL(path, own);
}
