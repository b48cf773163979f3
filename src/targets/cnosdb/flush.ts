// COMPACT DATABASE: the one statement that makes CnosDB write its caches to disk. One request, with a time limit of its
// own: the call has been seen not to return for more than 10 s while the flush it started did its work.

import type { FlushOutcome } from '../../core/types/index.js';
import type { QueryContext } from './ask-sql.js';
import { isRows, verdictOf } from './cnosdb-client.js';
import { quoted } from './probe.js';

const shortAnswerBytes = 64 * 1024;
const denied = /Insufficient privileges|Access denied/i;

/** Asks the first of `order` that can be reached; any node passes it on to all that hold the database. Never throws. */
export async function flush(
  { wire, clock, signal }: QueryContext,
  order: readonly number[],
  db: string,
  timeoutMs: number,
): Promise<FlushOutcome> {
  const since = clock.monotonic();
  let reason = 'no endpoint could be reached';
  for (const index of order) {
    const left = timeoutMs - (clock.monotonic() - since);
    if (left <= 0) break;
    const outcome = await wire.sql(index, `COMPACT DATABASE ${quoted(db)}`, shortAnswerBytes, left, signal);
    const tookMs = clock.monotonic() - since;
    if (isRows(outcome)) return { kind: 'done', tookMs, reason: null };
    const verdict = verdictOf(outcome, left, clock.now());
    reason = verdict.kind === 'rejected' ? verdict.message : verdict.kind === 'accepted' ? reason : verdict.reason;
    if (verdict.kind === 'unreachable') continue;
    return {
      kind: outcome.kind === 'timedOut' ? 'timedOut' : denied.test(reason) ? 'notPermitted' : 'failed',
      tookMs,
      reason,
    };
  }
  return { kind: 'failed', tookMs: clock.monotonic() - since, reason };
}
