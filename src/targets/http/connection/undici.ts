// Loads only the needed part of undici. Loading the whole package takes three times as long as this part, and longer
// than the start of Node itself. undici is CommonJS without `exports`, so single files of it can be loaded. Its version
// is pinned.

import type { buildConnector, Pool } from 'undici';
// @ts-expect-error Only the package's entry point has types.
import connect from 'undici/lib/core/connect.js';
// @ts-expect-error Only the package's entry point has types.
import pool from 'undici/lib/dispatcher/pool.js';

export const PoolClass = pool as unknown as typeof Pool;
export const connectorOf = connect as unknown as typeof buildConnector;
