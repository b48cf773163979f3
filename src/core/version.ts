// The version is said once, in package.json.

import { readFileSync } from 'node:fs';
import { packaged } from './packaged.js';

export function version(): string {
  return (JSON.parse(readFileSync(packaged('package.json'), 'utf8')) as { version: string }).version;
}
