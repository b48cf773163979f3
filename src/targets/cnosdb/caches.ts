// Flushes and measures CnosDB's memory caches. COMPACT DATABASE writes the caches to disk. The gauge
// `vnode_cache_size_total` on the Prometheus page shows their size; CnosDB updates the gauge every 10 s.

import type { FlushOutcome } from '../../core/types/index.js';
import type { QueryClient } from '../http/query-client.js';
import { samples } from '../http/response-text.js';
import { quoted, sqlRequest } from './sql.js';

const maxFlushResponseBytes = 64 * 1024;
/**
 * Largest Prometheus page that bulk-load reads, bytes. A node with 2,000 vnodes, the most that it supports, sends about
 * this many bytes.
 */
const maxMetricsBytes = 8 * 1024 * 1024;
const metricsTimeoutMs = 5_000;
const denied = /Insufficient privileges|Access denied/i;

/**
 * Sends COMPACT DATABASE to the first endpoint that can be reached. The node of this endpoint forwards the statement to
 * all nodes of the database. The response may arrive more than 10 s after the flush has succeeded. Never throws.
 */
export async function flush(query: QueryClient, scope: string, db: string, timeoutMs: number): Promise<FlushOutcome> {
  const since = query.clock.monotonic();
  const request = sqlRequest(scope, `COMPACT DATABASE ${quoted(db)}`);
  let reason = 'no endpoint could be reached';
  for (const index of query.order) {
    const left = timeoutMs - (query.clock.monotonic() - since);
    if (left <= 0) break;
    const limits = { timeoutMs: left, maxResponseBytes: maxFlushResponseBytes };
    const outcome = await query.once(index, request, limits).catch(() => ({ kind: 'aborted', sent: true }) as const);
    const tookMs = query.clock.monotonic() - since;
    if (outcome.kind === 'response' && outcome.response.status === 200) return { kind: 'done', tookMs, reason: null };
    const verdict = query.verdictOf(outcome, left);
    if (verdict.kind !== 'accepted') reason = verdict.kind === 'rejected' ? verdict.message : verdict.reason;
    if (verdict.kind === 'unreachable') continue;
    const kind = outcome.kind === 'timedOut' ? 'timedOut' : denied.test(reason) ? 'notPermitted' : 'failed';
    return { kind, tookMs, reason };
  }
  return { kind: 'failed', tookMs: query.clock.monotonic() - since, reason };
}

/**
 * Asks the node of one endpoint how many bytes of a database it has not flushed. Returns null if the node does not
 * report this number. Never throws.
 */
export async function gauge(
  query: QueryClient,
  index: number,
  { tenant, db }: { readonly tenant: string; readonly db: string },
): Promise<number | null> {
  const limits = { timeoutMs: metricsTimeoutMs, maxResponseBytes: maxMetricsBytes };
  const outcome = await query.once(index, { path: '/metrics' }, limits).catch(() => null);
  if (outcome?.kind !== 'response' || outcome.response.status !== 200 || outcome.truncated) return null;
  return cacheBytes(outcome.response.body, tenant, db);
}

/**
 * Returns the cache size that a Prometheus page shows for all vnodes of a database together, bytes; null if the page
 * shows no cache sizes.
 */
export function cacheBytes(page: string, tenant: string, db: string): number | null {
  if (!page.includes('vnode_cache_size_total')) return null;
  const wanted = [`tenant="${escaped(tenant)}"`, `database="${escaped(db)}"`];
  let bytes = 0;
  for (const { labels, value } of samples(page, 'vnode_cache_size_total')) {
    const amount = Number(value);
    if (Number.isFinite(amount) && wanted.every((label) => `,${labels},`.includes(`,${label},`))) bytes += amount;
  }
  return bytes;
}

/** Escapes a label value as the Prometheus text format does. */
function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
