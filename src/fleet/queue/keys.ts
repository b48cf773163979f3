// Names of the keys that a fleet uses in Redis. All keys of one load have one hash tag, so a Redis cluster stores them on one
// node.

import { createHash } from 'node:crypto';

/** Prefix of the keys and queues of a load. BullMQ adds `:QUEUE:…`. */
export function loadPrefix(loadId: string): string {
  return `bulk-load:{${loadId}}`;
}

/** Names of the limits of a load. */
export const limitParts = ['leases', 'waiting', 'state', 'log', 'pieces', 'snapshot'] as const;

/** Returns the key of a limit. @param part one of `limitParts` */
export function limitKey(loadId: string, part: string): string {
  return loadKey(loadId, `limits:${part}`);
}

/** Returns the key of the turn to introduce columns. All loads into a database share the turn, which outlives them. */
export function turnKey(database: readonly string[]): string {
  return `bulk-load:{turns}:${createHash('sha256').update(JSON.stringify(database)).digest('hex').slice(0, 16)}`;
}

/** Returns a key of a load. @param name such as `coordinator` or `limits:log` */
export function loadKey(loadId: string, name: string): string {
  return `${loadPrefix(loadId)}:${name}`;
}
