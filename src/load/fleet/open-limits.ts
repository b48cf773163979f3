// The limits of one worker of a fleet: what its loads of pieces share with the other workers.

import type { Settings } from '../../config/settings.js';
import type { Clock, FleetHooks, Notice, Target } from '../../core/types/index.js';
import { beginLimits, FleetLimits } from '../../fleet/limits/fleet-limits.js';
import { beginTurn, FleetTurn } from '../../fleet/limits/fleet-turn.js';
import type { FleetRedis } from '../../fleet/queue/redis.js';

/** Time for an endpoint to answer before an introduction goes on without it, ms. */
const waitForEndpointMs = 2_000;

export interface LimitContext {
  readonly redis: Pick<FleetRedis, 'client'>;
  readonly loadId: string;
  /** Unique for each worker process. */
  readonly workerId: string;
  /** Those of the load: every limit is the fleet's. */
  readonly settings: Settings;
  readonly createTarget: (settings: Settings) => Promise<Target>;
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
  const { redis, loadId, workerId: id, settings, createTarget, clock, notify } = context;
  const { workers, ratePoints, rateBytes, urls } = settings;
  const { client } = redis;
  const limits = new FleetLimits({ client, loadId, id, workers, rates: { ratePoints, rateBytes }, clock, notify });
  const turn = new FleetTurn({ client, database: databaseOf(settings), id, clock, notify });
  const endpoints = urls.map((url) => {
    const own = { ...settings, urls: [url], waitForTargetMs: waitForEndpointMs };
    let target: Promise<Target> | null = null;
    return {
      columns: async (signal: AbortSignal, table?: string) => {
        target ??= createTarget(own);
        return await (await target).columns(signal, table);
      },
      close: async () => await (await target)?.close(),
    };
  });
  return {
    settings: { ...settings, ratePoints: null, rateBytes: null },
    hooks: (piece) => {
      limits.rejects.begin(piece);
      return {
        ...{ memory: limits.memory, endpoints },
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
    close: async () => {
      await limits.close();
      await Promise.all(endpoints.map((each) => each.close().catch(() => {})));
    },
  };
}
