// What `expand` needs for remote names, in tests.

import { clock } from '../../../src/core/time/system-clock.js';
import type { ExpandOptions } from '../../../src/inputs/expand.js';

export const remote: ExpandOptions['remote'] = {
  env: {},
  clock,
  ca: null,
  version: 'test',
  random: () => 0.01,
  notify: () => {},
};
