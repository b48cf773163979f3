// What inputs from afar need of a run: whom to trust, and the time.

import { clock } from '../clock.js';
import type { Options } from '../input/expand.js';
import type { Settings } from '../settings/settings.js';
import { version } from '../version.js';

export function afar({ tls }: Settings): Options['afar'] {
  return { clock, ca: tls.ca, version: version(), random: Math.random };
}
