// What a node says of its own caches: the gauge `vnode_cache_size_total` of its Prometheus page, refreshed every 10 s.

import type { CnosdbClient } from './cnosdb-client.js';

const timeoutMs = 5_000;
const sample = /^vnode_cache_size_total\{([^\n]*)\} ([0-9.e+]+)$/gm;

/** Unflushed bytes of a database on one endpoint's node; null where it does not say. Never throws. */
export async function gauge(
  wire: CnosdbClient,
  index: number,
  of: { readonly tenant: string; readonly db: string },
  signal: AbortSignal,
): Promise<number | null> {
  const outcome = await wire.metrics(index, timeoutMs, signal);
  if (outcome.kind !== 'answer' || outcome.answer.status !== 200 || outcome.cut) return null;
  return cacheBytes(outcome.answer.body, of.tenant, of.db);
}

/** Sums the gauge over the vnodes of a database; null when the page does not have it at all. */
export function cacheBytes(page: string, tenant: string, db: string): number | null {
  if (!page.includes('vnode_cache_size_total')) return null;
  const wanted = [`tenant="${escaped(tenant)}"`, `database="${escaped(db)}"`];
  let bytes = 0;
  for (const [, labels = '', value] of page.matchAll(sample)) {
    if (wanted.every((label) => `,${labels},`.includes(`,${label},`))) bytes += Number(value);
  }
  return bytes;
}

/** As the Prometheus text format writes a label's value. */
function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
