// Workers of a fleet in one process, over a real Redis. Its scripts can be run by the clock of a test.

import { Redis } from 'ioredis';
import type { Clock } from '../../src/core/types/index.js';
import type { RedisServer } from './servers/redis.js';

/** Key that holds the time of the test, ms. */
const timeKey = 'bulk-load:{test}:time';
const testTime = `(function()
  local ms = tonumber(redis.call('GET', '${timeKey}'))
  return { math.floor(ms / 1000), (ms % 1000) * 1000 }
end)()`;

/** Connects as `openRedis` does: commands wait while the server is away. */
export function connect({ port }: Pick<RedisServer, 'port'>): Redis {
  const client = new Redis({ port, maxRetriesPerRequest: null, retryStrategy: () => 50 });
  return client.on('error', () => {});
}

export interface TimedRedis {
  readonly client: Redis;
  /** Number of scripts that run. */
  readonly pending: number;
}

/** Runs scripts with the wall clock of the test as the clock of Redis. */
export function connectWithClock(server: Pick<RedisServer, 'port'>, clock: Clock): TimedRedis {
  const inner = connect(server);
  let pending = 0;
  const commands: Record<string, unknown> = {
    defineCommand: (name: string, { numberOfKeys, lua }: { numberOfKeys: number; lua: string }) => {
      inner.defineCommand(name, { numberOfKeys, lua: lua.replaceAll("redis.call('TIME')", testTime) });
      commands[name] = async (...args: string[]) => {
        pending += 1;
        try {
          // A client that disconnects fails both commands; the caller hears of one.
          inner.set(timeKey, clock.now()).catch(() => {});
          return await (inner as unknown as Record<string, (...args: string[]) => Promise<unknown>>)[name]!(...args);
        } finally {
          pending -= 1;
        }
      };
    },
    disconnect: () => inner.disconnect(),
  };
  return {
    client: commands as unknown as Redis,
    get pending() {
      return pending;
    },
  };
}
