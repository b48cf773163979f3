// The table of all options, including the names of all registered targets and formats as values.

import { createOptions } from '../config/options.js';
import { formats } from '../formats/registry.js';
import { targetKinds } from '../targets/registry.js';

export const options = createOptions({ targets: targetKinds, formats });
