// Opens the limits that the workers of a fleet share. The loads of all pieces of one worker use these limits.

import type { Settings } from '../../config/settings.js';
import type { Clock, FleetHooks, Notice } from '../../core/types/index.js';
import { beginLimits, FleetLimits } from '../../fleet/limits/fleet-limits.js';
import { beginTurn, FleetTurn } from '../../fleet/limits/fleet-turn.js';
import type { FleetRedis } from '../../fleet/queue/redis.js';

export interface LimitContext {
  readonly redis: Pick<FleetRedis, 'client'>;
  readonly loadId: string;
  /** Identifier of the worker, unique for each worker process. */
  readonly workerId: string;
  /** Settings of the whole load. The limits in these settings apply to all workers together. */
  readonly settings: Settings;
  readonly clock: Clock;
  readonly notify: (notice: Notice) => void;
}

export interface WorkerLimits {
  /**
   * Settings for loading a piece. The rate limits are removed from these settings, because `FleetHooks.admit` limits
   * the rates.
   */
  readonly settings: Settings;
  /**
   * Begins a piece, and returns the hooks for the load of this piece. The worker calls `endPiece` before it begins the
   * next piece.
   */
  hooks(piece: string): FleetHooks;
  endPiece(): void;
  /** Waits for the end of a flush that this worker has started. Then gives the permits of the worker back to Redis. */
  close(): Promise<void>;
}

/** Returns the parts of a key for the database. The key is the same for all workers. */
function databaseOf({ target, tenant, db }: Settings): readonly string[] {
  return [target, tenant, db];
}

/**
 * Creates the limits of a new load in Redis. Do not call this function after Redis has lost the data of a load, because
 * workers of this load may still send. Instead, the first of these workers that reconnects creates the limits again.
 * Redis then waits before it grants permits.
 */
export async function prepareLimits({ client }: Pick<FleetRedis, 'client'>, loadId: string, settings: Settings) {
  await Promise.all([beginLimits(client, loadId), beginTurn(client, databaseOf(settings))]);
}

/** Opens the limits of a worker. Sends nothing to Redis before the first batch. */
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
