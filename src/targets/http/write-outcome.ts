// What came of a write, where no answer of the target's says it.

import type { Verdict } from '../../core/types/index.js';
import { verdictOfError } from './connection-verdict.js';
import type { ExchangeOutcome } from './exchange.js';
import type { HttpAnswer } from './http-status.js';

/** @param answered what an answer means */
export function verdictOfOutcome(
  outcome: ExchangeOutcome,
  timeoutMs: number,
  answered: (answer: HttpAnswer) => Verdict,
): Verdict {
  if (outcome.kind === 'answer') {
    const { answer, cut } = outcome;
    if (!cut || answer.status >= 300) return answered(answer);
    // What comes behind the part that was read, blanks perhaps, may be an error.
    const what = `${answer.status} with more than is read of an answer`;
    return { kind: 'refused', reason: `answered ${what}, where nothing else acknowledges a write; see --url` };
  }
  if (outcome.kind === 'error') return verdictOfError(outcome.error, outcome.sent);
  if (outcome.kind === 'aborted') return { kind: 'dropped', reason: 'stopped by the caller', mayBeApplied: true };
  const reason = `no ${outcome.sent ? 'answer' : 'connection'} within ${Math.round(timeoutMs / 100) / 10}s`;
  if (!outcome.sent) return { kind: 'unreachable', reason };
  return { kind: 'overloaded', reason, retryAfterMs: null, mayBeApplied: true, memory: false, timedOut: true };
}
