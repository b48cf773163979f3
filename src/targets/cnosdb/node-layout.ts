// Finds the nodes that store the database, from SHOW REPLICAS. The URLs may name a load balancer instead of the nodes.

import type { NodeLayout } from '../../core/types/index.js';
import type { SqlRow } from './sql.js';

export interface KnownLayout {
  readonly shard: number;
  readonly replica: number;
  readonly endpoints: number;
}

/**
 * Derives the layout. For a database without time buckets, assumes that its vnodes will use as many nodes as the other
 * databases, or as many as there are endpoints, if this number is larger.
 * @param listed rows of `replica_id, location, database, start_time, end_time`, one for each raft group; null if the
 * user may not list them. `location` is a list of node ids such as `1001*,1002`, with a star at the leader.
 */
export function layoutOf(listed: readonly SqlRow[] | null, db: string, known: KnownLayout): NodeLayout {
  const rows = listed ?? [];
  const own = rows.filter((row) => row.database === db);
  const existing = listed === null ? {} : { bucketStarts: bucketStarts(own) };
  if (own.length > 0)
    return { nodes: nodesOf(own).size, vnodesPerNode: maxInOneBucket(own), from: 'replicas', ...existing };
  const seen = nodesOf(rows).size;
  const vnodes = known.shard * known.replica;
  const nodes = Math.max(1, Math.min(vnodes, Math.max(seen, known.endpoints)));
  return {
    nodes,
    vnodesPerNode: Math.ceil(vnodes / nodes),
    from: seen >= nodes ? 'replicas' : 'endpoints',
    ...existing,
  };
}

function nodesOf(rows: readonly SqlRow[]): Set<string> {
  return new Set(rows.flatMap(locations));
}

function locations({ location }: SqlRow): string[] {
  return [...String(location).matchAll(/\d+/g)].map(([node]) => node);
}

/** Returns the distinct start times of buckets, ms since 1970. Parses `2024-01-01 00:00:00 UTC`. */
function bucketStarts(own: readonly SqlRow[]): number[] {
  const starts = own.map(({ start_time: start }) => Date.parse(String(start).replace(/ UTC$/, 'Z').replace(' ', 'T')));
  return [...new Set(starts.filter((start) => !Number.isNaN(start)))];
}

function maxInOneBucket(rows: readonly SqlRow[]): number {
  const vnodes = new Map<string, number>();
  for (const row of rows) {
    for (const node of locations(row)) {
      const key = `${node} ${String(row.start_time)}`;
      vnodes.set(key, (vnodes.get(key) ?? 0) + 1);
    }
  }
  return Math.max(1, ...vnodes.values());
}
