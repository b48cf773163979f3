// Names of everything that a fleet keeps in Redis. What belongs to one load has one hash tag, so that a cluster keeps it on one node.

import { createHash } from 'node:crypto';

/** Prefix of the keys and queues of a load. BullMQ adds `:QUEUE:…`. */
export function loadPrefix(loadId: string): string {
  return `bulk-load:{${loadId}}`;
}

/** Names of the limits of a load. */
export const limitParts = ['leases', 'waiting', 'state', 'log', 'pieces', 'snapshot'] as const;

/** @param part of `limitParts` */
export function limitKey(loadId: string, part: string): string {
  return loadKey(loadId, `limits:${part}`);
}

/** Key of the turn to introduce columns. It outlives loads, and all loads into a database share it. */
export function turnKey(database: readonly string[]): string {
  return `bulk-load:{turns}:${createHash('sha256').update(JSON.stringify(database)).digest('hex').slice(0, 16)}`;
}

/** @param name of the key, such as `coordinator` or `limits:rate` */
export function loadKey(loadId: string, name: string): string {
  return `${loadPrefix(loadId)}:${name}`;
}
