// The version, and paths of files in this package. The package folder is two levels above this file, and also two
// levels above the bundle that contains this code.

import { readFileSync } from 'node:fs';

const own = new URL('../../', import.meta.url);

/** Returns the URL of a file of this package; `path` is relative to the package folder. */
export function packaged(path: string): URL {
  return new URL(path, own);
}

/** Returns the version from package.json. */
export function version(): string {
  return (JSON.parse(readFileSync(packaged('package.json'), 'utf8')) as { version: string }).version;
}

/** Returns an npx command that runs bulk-load from its tarball and also installs `packages`. */
export function withPackages(packages: readonly string[], command: string): string {
  return ['npx', ...[`./bulk-load-${version()}.tgz`, ...packages].map((each) => `-p ${each}`), command].join(' ');
}
