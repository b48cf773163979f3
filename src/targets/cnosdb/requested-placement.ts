// Reads from the text of --db-options how CnosDB will place the vnodes of a database that does not exist yet.

import type { VnodePlacement } from '../../core/types/index.js';
import { durationMs, sizeBytes } from '../http/server-values.js';

/** CnosDB's default VNODE_DURATION, '1year'. */
const yearMs = 365.25 * 86_400_000;

/**
 * Returns the placement of a database that CREATE DATABASE creates with these options. An absent option has CnosDB's
 * default.
 */
export function requestedPlacement(dbOptions: string | null): VnodePlacement {
  const option = (name: string): string | null =>
    new RegExp(`\\b${name}\\s*=?\\s*(?:'([^']*)'|(\\d+))`, 'i')
      .exec(dbOptions ?? '')
      ?.slice(1)
      .find(Boolean) ?? null;
  const duration = option('VNODE_DURATION');
  return {
    shard: Math.max(1, Number(option('SHARD') ?? 1)),
    replica: Math.max(1, Number(option('REPLICA') ?? 1)),
    vnodeDurationMs: duration === null ? yearMs : readable(duration),
    maxMemcacheBytes: sizeBytes(option('MAX_MEMCACHE_SIZE') ?? ''),
  };
}

/** Parses a duration into ms; returns null for a duration that the server would refuse. */
function readable(duration: string): number | null {
  try {
    return durationMs(duration) || null;
  } catch {
    return null;
  }
}
