// The options of the program: the option table with the values of the registered targets and formats.

import { createOptions } from '../config/options.js';
import { formats } from '../formats/registry.js';
import { targetKinds } from '../targets/registry.js';

export const options = createOptions({ targets: targetKinds, formats });
