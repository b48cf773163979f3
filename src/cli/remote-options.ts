// What remote inputs need of a run: whom to trust, the time, and what AWS's tools read of the environment.

import type { Settings } from '../config/settings.js';
import { clock } from '../core/system-clock.js';
import type { Notice } from '../core/types/index.js';
import { version } from '../core/version.js';
import type { ExpandOptions } from '../inputs/expand.js';
import type { Process } from './process.js';

export function remoteOptions(
  { tls }: Settings,
  { env }: Process,
  notify: (notice: Notice) => void,
): ExpandOptions['remote'] {
  return { env, clock, ca: tls.ca, version: version(), random: Math.random, notify };
}
