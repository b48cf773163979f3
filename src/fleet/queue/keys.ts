// Names of everything that a fleet keeps in Redis. What belongs to one load has one hash tag, so that a cluster keeps it on one node.

/** Prefix of the keys and queues of a load. BullMQ adds `:QUEUE:…`. */
export function loadPrefix(loadId: string): string {
  return `bulk-load:{${loadId}}`;
}

/** @param name of the key, such as `coordinator` or `limits:rate` */
export function loadKey(loadId: string, name: string): string {
  return `${loadPrefix(loadId)}:${name}`;
}
