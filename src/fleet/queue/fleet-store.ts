// Stores in Redis the state of all fleets: the loads, the lock of each load's coordinator, stop requests, and the
// status of the workers. The pieces are jobs of a queue (`piece-queue.ts`).

import { z } from 'zod';
import { limitKey, limitParts, loadKey } from './keys.js';
import { type FleetLoad, parseFleetLoad, parseHolder, parseWorkerStatus, type WorkerStatus } from './messages.js';
import { answerOf } from './queue-errors.js';
import type { FleetRedis } from './redis.js';

const loadIds = 'bulk-load:{loads}:ids';
const workerIds = 'bulk-load:{workers}:ids';
const workerKey = (id: string): string => `bulk-load:{workers}:${id}`;

const texts = z.array(z.string());
const text = z.string().nullable();

/** A worker counts as dead if it has sent no status for this time, ms. */
const workerMs = 30_000;
/** Time without renewal after which the lock of a coordinator expires, ms. The coordinator renews it each second. */
export const coordinatorMs = 15_000;

/**
 * Sets the lock and returns 1 if the lock is free or already has this token. Returns 0 if the lock has another token.
 */
const holdScript = `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`;

const releaseScript = `if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end return 1`;

export class FleetStore {
  readonly #redis: FleetRedis;

  constructor(redis: FleetRedis) {
    this.#redis = redis;
  }

  /** Stores the description of a load, so that workers find it. */
  async announce(load: FleetLoad): Promise<void> {
    const { client } = this.#redis;
    await client.set(loadKey(load.id, 'load'), JSON.stringify(load));
    await client.zadd(loadIds, 'NX', String(Date.parse(load.startedAt)), load.id);
  }

  /**
   * Returns the description of a load; null if it is missing in Redis, or if this version of bulk-load cannot parse it.
   */
  async load(id: string): Promise<FleetLoad | null> {
    const json = await answerOf(text, this.#redis.client.get(loadKey(id, 'load')));
    return json === null ? null : parseFleetLoad(json);
  }

  /** Returns the ids of all loads; the oldest load is first. */
  async loadIds(): Promise<string[]> {
    const ids = await answerOf(texts, this.#redis.client.zrange(loadIds, '0', '-1'));
    return ids.filter((id) => /^[0-9a-f]{12}$/.test(id));
  }

  /** Removes all keys of a load except its pieces and the lock of its coordinator. */
  async removeLoad(id: string): Promise<void> {
    const { client } = this.#redis;
    await client.zrem(loadIds, id);
    for (const name of ['load', 'stop', 'booked', 'offers']) await client.del(loadKey(id, name));
    for (const part of limitParts) await client.del(limitKey(id, part));
  }

  /**
   * Takes or renews the lock of the load's coordinator. Returns false if another coordinator holds it.
   * @param token JSON that names the holder
   */
  async coordinate(id: string, token: string): Promise<boolean> {
    const key = loadKey(id, 'coordinator');
    return (await this.#redis.client.eval(holdScript, 1, key, token, String(coordinatorMs))) === 1;
  }

  /** Returns the holder of the lock and the time until the lock expires, ms; null if the lock is free. */
  async coordinator(
    id: string,
  ): Promise<{ readonly machine: string; readonly pid: number | string; readonly leftMs: number } | null> {
    const { client } = this.#redis;
    const key = loadKey(id, 'coordinator');
    const token = await answerOf(text, client.get(key));
    if (token === null) return null;
    const leftMs = await answerOf(z.number(), client.pttl(key));
    return { ...(parseHolder(token) ?? { machine: '?', pid: '?' }), leftMs };
  }

  async endCoordination(id: string, token: string): Promise<void> {
    await this.#redis.client.eval(releaseScript, 1, loadKey(id, 'coordinator'), token);
  }

  /** Asks the workers of a load to return their pieces (true), or allows the workers to continue (false). */
  async setStopped(id: string, isStopped: boolean): Promise<void> {
    const key = loadKey(id, 'stop');
    await (isStopped ? this.#redis.client.set(key, '1') : this.#redis.client.del(key));
  }

  async isStopped(id: string): Promise<boolean> {
    return (await this.#redis.client.exists(loadKey(id, 'stop'))) === 1;
  }

  /**
   * Stores results that the coordinator has added to the totals of the load. A later coordinator on another machine
   * reads these results.
   */
  async keepBooked(id: string, results: readonly (readonly [piece: string, json: string])[]): Promise<void> {
    if (results.length > 0) await this.#redis.client.hset(loadKey(id, 'booked'), ...results.flat());
  }

  /**
   * Yields the results that an earlier coordinator has added to its totals: the id of each piece, and its result as
   * JSON.
   */
  async *booked(id: string): AsyncGenerator<readonly [piece: string, json: string], void> {
    for (let cursor = '0', isFirst = true; isFirst || cursor !== '0'; isFirst = false) {
      const scan = this.#redis.client.hscan(loadKey(id, 'booked'), cursor, 'COUNT', 500);
      const [next, found] = await answerOf(z.tuple([z.string(), texts]), scan);
      cursor = next;
      for (let i = 0; i + 1 < found.length; i += 2) yield [found[i]!, found[i + 1]!];
    }
  }

  async bookedCount(id: string): Promise<number> {
    return await answerOf(z.number(), this.#redis.client.hlen(loadKey(id, 'booked')));
  }

  async forgetBooked(id: string, pieces: readonly string[]): Promise<void> {
    if (pieces.length > 0) await this.#redis.client.hdel(loadKey(id, 'booked'), ...pieces);
  }

  /**
   * Sends results to the coordinator once more, because Redis may have lost them. A result is a pair: the id of the
   * piece, and the result as JSON.
   */
  async offer(id: string, results: readonly (readonly [piece: string, json: string])[]): Promise<void> {
    if (results.length > 0) await this.#redis.client.hset(loadKey(id, 'offers'), ...results.flat());
  }

  /** Returns the results that `offer` stored, and removes them from Redis. */
  async takeOffers(id: string): Promise<Record<string, string>> {
    const found = await answerOf(z.record(z.string(), z.string()), this.#redis.client.hgetall(loadKey(id, 'offers')));
    await this.#redis.client.del(loadKey(id, 'offers'));
    return found;
  }

  /** Stores the status of a worker. The status expires after `workerMs`. */
  async beat(status: WorkerStatus): Promise<void> {
    const { client } = this.#redis;
    await client.set(workerKey(status.id), JSON.stringify(status), 'PX', workerMs);
    await client.sadd(workerIds, status.id);
  }

  async removeWorker(id: string): Promise<void> {
    await this.#redis.client.del(workerKey(id));
    await this.#redis.client.srem(workerIds, id);
  }

  /** Returns the status of each worker whose status has not expired. */
  async workers(): Promise<WorkerStatus[]> {
    const { client } = this.#redis;
    const ids = await answerOf(texts, client.smembers(workerIds));
    if (ids.length === 0) return [];
    const found = await answerOf(z.array(text), client.mget(...ids.map(workerKey)));
    const gone = ids.filter((_, i) => found[i] === null);
    if (gone.length > 0) await client.srem(workerIds, ...gone);
    return found.flatMap((json) => {
      const status = json == null ? null : parseWorkerStatus(json);
      return status === null ? [] : [status];
    });
  }
}
