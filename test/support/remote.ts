// What `expand` needs for names from afar, in tests.

import { clock } from '../../src/core/system-clock.js';
import type { ExpandOptions } from '../../src/inputs/expand.js';

export const afar: ExpandOptions['afar'] = {
  env: {},
  clock,
  ca: null,
  version: 'test',
  random: () => 0.01,
  notify: () => {},
};
