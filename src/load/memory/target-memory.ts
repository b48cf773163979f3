// Computes values that the forecast of the target's memory needs, from the options and the inputs of a load.

import type { Settings } from '../../config/settings.js';
import { pointValues } from '../../core/points/line-protocol.js';
import type { DatabaseSettings, InputPrecision } from '../../core/types/index.js';
import {
  evenLayout,
  forecastTargetMemory,
  type InputExtent,
} from '../../flow-control/target-memory/target-forecast.js';
import { requestedPlacement } from '../../targets/cnosdb/requested-placement.js';
import { shardOf } from '../../targets/cnosdb/series-hash.js';

/**
 * Returns the MAX_MEMCACHE_SIZE to request for a new database, bytes. Returns null without --create-db, if --db-options
 * sets MAX_MEMCACHE_SIZE, or if the memory of the target is unlimited.
 */
export function memcacheToRequest(settings: Settings, extent: InputExtent): number | null {
  const { createDb, dbOptions, urls } = settings;
  if (!createDb || /MAX_MEMCACHE_SIZE/i.test(dbOptions ?? '')) return null;
  const placement = requestedPlacement(dbOptions);
  const layout = evenLayout(placement, urls.length);
  return forecastTargetMemory(settings, placement, layout, extent, true).plan.memcacheBytes;
}

/**
 * Returns a function that computes where CnosDB stores a point: the time bucket and the shard of the database.
 * @param precision precision of the timestamps in request bodies
 */
export function pointPlace(
  precision: InputPrecision,
  { vnodeDurationMs, shard }: Pick<DatabaseSettings, 'vnodeDurationMs' | 'shard'>,
): (point: Uint8Array) => { readonly bucket: number; readonly shard: number } {
  return (point) => {
    const values = pointValues(point, precision);
    const bucket = vnodeDurationMs === null ? 0 : Math.floor(Number(values.time) / 1e6 / vnodeDurationMs);
    return { bucket, shard: shardOf(values, shard) };
  };
}
