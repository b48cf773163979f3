// Names of the keys that fleets use in Redis. All keys of one load contain the same hash tag, `{…}`, so that a Redis
// cluster stores them on one node.

import { createHash } from 'node:crypto';

/** Returns the prefix of the keys and queues of a load. BullMQ appends `:pieces:…`. */
export function loadPrefix(loadId: string): string {
  return `bulk-load:{${loadId}}`;
}

/** Last parts of the Redis keys that store the limits of a load. */
export const limitParts = ['leases', 'waiting', 'state', 'log', 'pieces', 'snapshot'] as const;

/**
 * Returns the Redis key of a limit.
 * @param part one of `limitParts`
 */
export function limitKey(loadId: string, part: string): string {
  return loadKey(loadId, `limits:${part}`);
}

/**
 * Returns the Redis key of the turn. A worker holds this lock while it introduces columns. All loads into one database
 * use the same key. The key remains after a load ends.
 */
export function turnKey(database: readonly string[]): string {
  return `bulk-load:{turns}:${createHash('sha256').update(JSON.stringify(database)).digest('hex').slice(0, 16)}`;
}

/**
 * Returns the Redis key under which a load stores a value.
 * @param name such as `coordinator` or `limits:log`
 */
export function loadKey(loadId: string, name: string): string {
  return `${loadPrefix(loadId)}:${name}`;
}
