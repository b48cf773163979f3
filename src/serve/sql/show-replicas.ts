// SHOW REPLICAS: one node holds every vnode here, so each time bucket of a database has SHARD groups of one member.

import type { Store } from '../storage/store.js';
import { type Result, resultOf } from './result.js';

const NODE = '1001';
const nsPerMs = 1e6;

export function showReplicas(store: Store): Result {
  const rows = [...store.databases.values()].flatMap(({ name, buckets, options }) =>
    [...buckets].flatMap((bucket) => {
      const [start, end] = [bucket, bucket + 1].map((each) => utc(each * options.vnodeDuration));
      return Array.from({ length: options.shard }, () => [`${NODE}*`, name, start, end] as const);
    }),
  );
  return resultOf(
    ['replica_id', 'location', 'database', 'start_time', 'end_time'],
    rows.map((row, i) => [i + 1, ...row]),
  );
}

/** `2026-01-01 00:00:00 UTC`. */
function utc(nanos: number): string {
  return `${new Date(nanos / nsPerMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
