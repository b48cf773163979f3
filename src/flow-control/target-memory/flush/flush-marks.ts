// Computes two thresholds of unflushed rows, bytes: `dueBytes`, at which a flush is due, and `holdBytes`, at which
// sending waits for a flush.

import type { FlushMarks } from './flushing.js';

const MiB = 1024 * 1024;
/** Resident bytes per byte of unflushed rows. Above 1, because memory that a flush frees is not reused completely. */
export const perRowByte = 1.1;
/** Smallest memory for unflushed rows, bytes. With less memory, a flush would always be due. */
export const minRows = 8 * MiB;
/**
 * A flush is due once unflushed rows fill this share of their memory. Rows that arrive during the flush need the
 * remaining share.
 */
export const dueShare = 0.5;
/**
 * Unflushed rows may fill this share of a memcache (a vnode's memory for unflushed rows). The rest is a reserve,
 * because the estimate may be too low.
 */
const cacheShare = 0.9;

/**
 * Returns the flush thresholds of a node that retains `keptBytes` of request bodies. `cacheRows`: bytes of rows at
 * which the target flushes a vnode by itself. The load requests a flush before that, because CnosDB 2.4.3 can block
 * forever if one flush of a vnode ends while another flush begins: both lock the vnode and its queue of flushes, in
 * opposite orders.
 */
export function flushMarks(limitBytes: number, baseBytes: number, keptBytes: number, cacheRows?: number): FlushMarks {
  const room = (limitBytes - baseBytes - keptBytes) / perRowByte;
  const rows = Math.floor(Math.max(minRows, cacheRows === undefined ? room : Math.min(room, cacheRows * cacheShare)));
  return { dueBytes: Math.floor(rows * dueShare), holdBytes: rows };
}
