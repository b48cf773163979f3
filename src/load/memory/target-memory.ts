// Connects the forecast of the target's memory with the options and the inputs of a load.

import type { Settings } from '../../config/settings.js';
import {
  evenLayout,
  forecastTargetMemory,
  type InputExtent,
} from '../../flow-control/target-memory/target-forecast.js';
import { requestedPlacement } from '../../targets/cnosdb/requested-placement.js';

/** Returns MAX_MEMCACHE_SIZE for a database to be created; null if --db-options names it or nothing limits memory. */
export function memcacheToRequest(settings: Settings, extent: InputExtent): number | null {
  const { createDb, dbOptions, urls } = settings;
  if (!createDb || /MAX_MEMCACHE_SIZE/i.test(dbOptions ?? '')) return null;
  const placement = requestedPlacement(dbOptions);
  const layout = evenLayout(placement, urls.length);
  return forecastTargetMemory(settings, placement, layout, extent, true).plan.memcacheBytes;
}
