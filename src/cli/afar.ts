// What inputs from afar need of a run: whom to trust, the time, and what AWS's tools read of the environment.

import { clock } from '../clock.js';
import type { Options } from '../input/expand.js';
import type { Notice } from '../model.js';
import type { Settings } from '../settings/settings.js';
import { version } from '../version.js';
import type { Process } from './process.js';

export function afar({ tls }: Settings, { env }: Process, notify: (notice: Notice) => void): Options['afar'] {
  return { env, clock, ca: tls.ca, version: version(), random: Math.random, notify };
}
