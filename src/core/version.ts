// The version, and paths of files in this package. They start at the package folder, two levels above this file and above
// the bundle that contains it.

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

/** Returns a command that runs with packages beside bulk-load. It installs bulk-load from its tarball: no registry has it. */
export function withPackages(packages: readonly string[], command: string): string {
  return ['npx', ...[`./bulk-load-${version()}.tgz`, ...packages].map((each) => `-p ${each}`), command].join(' ');
}
