// Which nodes hold the database, from SHOW REPLICAS. URLs cannot tell: one may be a load balancer before many nodes.

import type { NodeLayout } from '../../core/types/index.js';
import type { SettingsRow } from './database-settings.js';

/** What is known without asking. */
export interface Known {
  readonly shard: number;
  readonly replica: number;
  readonly endpoints: number;
}

/**
 * Rows of `replica_id, location, database, start_time, end_time`, one per raft group; `location` is `1001*,1002`, the
 * star on the leader. A database that has no bucket yet is spread over the nodes that hold others, but never over fewer
 * than there are endpoints.
 */
export function layoutOf(rows: readonly SettingsRow[], db: string, known: Known): NodeLayout {
  const own = rows.filter((row) => row.database === db);
  if (own.length > 0) {
    return { nodes: nodesOf(own).size, vnodesPerNode: mostInOneBucket(own), from: 'replicas' };
  }
  const seen = nodesOf(rows).size;
  const vnodes = known.shard * known.replica;
  const nodes = Math.max(1, Math.min(vnodes, Math.max(seen, known.endpoints)));
  return { nodes, vnodesPerNode: Math.ceil(vnodes / nodes), from: seen >= nodes ? 'replicas' : 'endpoints' };
}

function nodesOf(rows: readonly SettingsRow[]): Set<string> {
  return new Set(rows.flatMap(locations));
}

function locations({ location }: SettingsRow): string[] {
  return [...String(location).matchAll(/\d+/g)].map(([node]) => node);
}

function mostInOneBucket(rows: readonly SettingsRow[]): number {
  const held = new Map<string, number>();
  for (const row of rows) {
    for (const node of locations(row)) {
      const key = `${node} ${String(row.start_time)}`;
      held.set(key, (held.get(key) ?? 0) + 1);
    }
  }
  return Math.max(1, ...held.values());
}
