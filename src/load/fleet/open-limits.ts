// The limits of one worker of a fleet: what its loads of pieces share with the other workers.

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
  /** Those of the load: every limit is the fleet's. */
  readonly settings: Settings;
  readonly clock: Clock;
  readonly notify: (notice: Notice) => void;
}

export interface WorkerLimits {
  /** Settings of the load of a piece. Its rates are kept by the hooks. */
  readonly settings: Settings;
  /** Begins a piece; one at a time. */
  hooks(piece: string): FleetHooks;
  /** Ends the piece. */
  endPiece(): void;
  /** Returns what this worker holds. */
  close(): Promise<void>;
}

/** Names the database for all workers. */
function databaseOf({ target, tenant, db }: Settings): readonly string[] {
  return [target, tenant, db];
}

/**
 * Begins the limits of a load that did not exist before. A load that Redis has forgotten must not be begun: its limits come
 * back by themselves after a pause, since workers may still send.
 */
export async function prepareLimits({ client }: Pick<FleetRedis, 'client'>, loadId: string, settings: Settings) {
  await Promise.all([beginLimits(client, loadId), beginTurn(client, databaseOf(settings))]);
}

/** Connects to nothing yet: Redis hears of the worker with its first batch. */
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
