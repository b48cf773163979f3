// Chooses a shard as CnosDB does: by a BKDR hash of table and sorted tags (common/utils/src/bkdr_hash.rs of version
// 2.4.3).

import type { PointValues } from '../../core/types/index.js';

const seed = 1313n;

/** Returns the shard of a point, 0 to `shards` - 1. */
export function shardOf({ table, tags }: Pick<PointValues, 'table' | 'tags'>, shards: number): number {
  if (shards <= 1) return 0;
  const sorted = [...tags].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const bytes = Buffer.from(table + sorted.map(([key, value]) => key + value).join(''));
  let hash = 0n;
  for (const byte of bytes) hash = BigInt.asUintN(64, hash * seed + BigInt(byte));
  return Number(hash % BigInt(shards));
}
