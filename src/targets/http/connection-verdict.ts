// Verdict on a request without a response: whether the server may have received any of its bytes.

import { networkFailure } from '../../core/network-errors.js';
import type { Verdict } from '../../core/types/index.js';

/** @param sentAnything the request went to a connected socket, so the server may have read and stored any of it */
export function verdictOfError(error: unknown, sentAnything: boolean): Verdict {
  const { reason, permanent } = networkFailure(error);
  if (permanent) return { kind: 'refused', reason };
  return sentAnything ? { kind: 'dropped', reason, mayBeApplied: true } : { kind: 'unreachable', reason };
}
