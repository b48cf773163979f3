// Opens the limits of one worker of a fleet. The loads of its pieces share these limits with the other workers.

import type { Settings } from '../../config/settings.js';
import type { Clock, FleetHooks, Notice } from '../../core/types/index.js';
import { beginLimits, FleetLimits } from '../../fleet/limits/fleet-limits.js';
import { beginTurn, FleetTurn } from '../../fleet/limits/fleet-turn.js';
import type { FleetRedis } from '../../fleet/queue/redis.js';

export interface LimitContext {
  readonly redis: Pick<FleetRedis, 'client'>;
  readonly loadId: string;
  /** Unique for each worker process. */
  readonly workerId: string;
  /** Settings of the load. Every limit applies to the whole fleet. */
  readonly settings: Settings;
  readonly clock: Clock;
  readonly notify: (notice: Notice) => void;
}

export interface WorkerLimits {
  /** Settings for loading a piece, without rate limits: the hooks limit the rates. */
  readonly settings: Settings;
  /** Begins a piece and returns its hooks. The worker loads one piece at a time. */
  hooks(piece: string): FleetHooks;
  endPiece(): void;
  /** Returns the permits of this worker. */
  close(): Promise<void>;
}

/** Returns the name of the database, equal for all workers. */
function databaseOf({ target, tenant, db }: Settings): readonly string[] {
  return [target, tenant, db];
}

/**
 * Creates the limits of a new load. Do not call it for a load that Redis has lost, because the workers of that load may
 * still send. The first of these workers creates the limits again after a pause.
 */
export async function prepareLimits({ client }: Pick<FleetRedis, 'client'>, loadId: string, settings: Settings) {
  await Promise.all([beginLimits(client, loadId), beginTurn(client, databaseOf(settings))]);
}

/** Creates the limits. Sends nothing to Redis before the first batch. */
export function openLimits(context: LimitContext): WorkerLimits {
  const { redis, loadId, workerId: id, settings, clock, notify } = context;
  const { workers, ratePoints, rateBytes } = settings;
  const { client } = redis;
  const limits = new FleetLimits({ client, loadId, id, workers, rates: { ratePoints, rateBytes }, clock, notify });
  const turn = new FleetTurn({ client, database: databaseOf(settings), id, clock, notify });
  return {
    settings: { ...settings, ratePoints: null, rateBytes: null },
    hooks: (piece) => {
      limits.rejects.begin(piece);
      return {
        memory: limits.memory,
        admit: (points, bytes, signal) => limits.admit(points, bytes, signal),
        observe: (outcome) => limits.observe(outcome),
        get elsewhere() {
          return limits.rejects.elsewhere;
        },
        report: (own) => limits.rejects.report(own),
        takeTurn: (signal) => turn.take(signal),
      };
    },
    endPiece: () => limits.rejects.end(),
    close: () => limits.close(),
  };
}
