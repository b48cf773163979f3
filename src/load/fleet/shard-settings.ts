// Computes the settings of one shard. The user's limits apply to the whole load, so each shard gets a part of each
// limit.

import { readingIdentity } from '../../config/identity.js';
import type { Resolved } from '../../config/resolve.js';
import type { Settings } from '../../config/settings.js';
import { UsageError } from '../../core/errors.js';
import type { FleetPlan } from '../../fleet/plan-file.js';
import type { Shard } from '../../fleet/shards.js';
import { options as table } from '../option-table.js';
import type { LoadShard } from '../types.js';

/** Returns one text with the database and the options for reading inputs. The text must be equal for all shards. */
export function fleetIdentity(settings: Settings): string {
  const { target, tenant, db, precision } = settings;
  return JSON.stringify([target, tenant, db, precision, readingIdentity(table, settings)]);
}

/** Returns the settings of a shard. Throws UsageError if a shard's part of a limit would be less than 1. */
export function shardSettings({ settings, origins }: Pick<Resolved, 'settings' | 'origins'>, shard: Shard): Settings {
  const { of } = shard;
  const isDefault = origins.workers.source === 'default';
  const limits = { '--workers': isDefault ? null : settings.workers, '--rate-points': settings.ratePoints };
  const problems = Object.entries({ ...limits, '--rate-bytes': settings.rateBytes }).flatMap(([flag, limit]) =>
    limit === null || limit >= of
      ? []
      : [
          {
            tried: flag,
            expected: `at least 1 for each of ${of} shards`,
            found: String(limit),
            fix: 'use fewer shards',
          },
        ],
  );
  if (problems.length > 0) throw new UsageError(problems);
  const { maxRejected, stage } = settings;
  return {
    ...settings,
    workers: Math.max(1, partOf(settings.workers, shard)),
    ratePoints: settings.ratePoints && Math.floor(settings.ratePoints / of),
    rateBytes: settings.rateBytes && Math.floor(settings.rateBytes / of),
    stage: stage && Math.max(1, Math.floor(stage / of)),
    maxRejected: 'count' in maxRejected ? { count: Math.floor(maxRejected.count / of) } : maxRejected,
    // `reconcile` checks --min-points for all shards together.
    minPoints: 0,
    createDb: false,
    dbOptions: null,
  };
}

/** Returns the parts of the plan that the load of one shard uses. */
export function loadShard({ id, fieldTypes, times }: FleetPlan, shard: Shard): LoadShard {
  const spans = times.spans.map(({ first, last }) => ({ first: BigInt(first), last: BigInt(last) }));
  return { plan: id, ...shard, fieldTypes, times: { ...times, spans } };
}

/**
 * Returns the part of the number `total` that one shard gets. The parts are whole numbers, and their sum is `total`.
 */
function partOf(total: number, { index, of }: Shard): number {
  return Math.floor(total / of) + (index <= total % of ? 1 : 0);
}
