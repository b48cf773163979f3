// Knocking: the empty write, which CnosDB checks for everything but points and answers without storing anything.

import { RefusedError } from '../../core/errors.js';
import type { Verdict } from '../../core/types/index.js';
import type { CnosdbOptions } from '../http/types.js';
import { type QueryContext, remedy, sentence, timeLeft, unavailable } from './ask-sql.js';
import { verdictOf } from './cnosdb-client.js';

const knockTimeoutMs = 10_000;
const againMs = 1_000;

/** Everything is well, but the database is not there, or not known there yet. */
export const isMissing = (verdict: Verdict): boolean =>
  verdict.kind === 'refused' && /Database .*not found/i.test(verdict.reason);

/** In words; null when it was acknowledged. */
export function problemOf(verdict: Verdict): string | null {
  if (verdict.kind === 'accepted') return null;
  return verdict.kind === 'rejected' ? verdict.message : verdict.reason;
}

/** An identifier in SQL. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** One empty write to each endpoint, all at once: what they say. */
export function probe(asking: QueryContext): Promise<Verdict[]> {
  const timeoutMs = timeLeft(asking, knockTimeoutMs);
  return Promise.all(
    asking.shown.map(async (_, index) => {
      const outcome = await asking.wire.write(index, null, timeoutMs, asking.signal);
      return verdictOf(outcome, timeoutMs, asking.clock.now());
    }),
  );
}

/** Throws RefusedError. A refusal is final, whoever says it: credentials, tenant, no CnosDB. Only a missing database may be mended. */
export function guardRefusals(asking: QueryContext, options: CnosdbOptions, verdicts: readonly Verdict[]): void {
  verdicts.forEach((verdict, index) => {
    if ((verdict.kind !== 'refused' && verdict.kind !== 'rejected') || isMissing(verdict)) return;
    const got = problemOf(verdict) ?? '';
    const attempted = `preparing to load into database ${quoted(options.db)} of ${asking.shown[index]} as user ${options.user}`;
    throw new RefusedError(
      sentence(attempted, 'expected an empty write to be acknowledged', `got ${got}`, remedy(got)),
    );
  });
}

/** Knocks until any endpoint acknowledges, or misses nothing but the database. Throws as `preflight`. */
export async function untilAnswered(asking: QueryContext, options: CnosdbOptions): Promise<Verdict[]> {
  for (;;) {
    const verdicts = await probe(asking);
    asking.signal.throwIfAborted();
    guardRefusals(asking, options, verdicts);
    if (verdicts.some((verdict) => verdict.kind === 'accepted' || isMissing(verdict))) return verdicts;
    const problems = verdicts.map((verdict, index) => `${asking.shown[index]}: ${problemOf(verdict)}`);
    const left = asking.deadline - asking.clock.monotonic();
    if (left <= 0)
      throw unavailable(
        asking,
        'expected an acknowledged empty write',
        verdicts.map((verdict) => problemOf(verdict) ?? ''),
      );
    options.notify?.({ level: 'info', kind: 'waiting', message: `waiting for the target: ${problems.join('; ')}` });
    await asking.clock.sleep(Math.min(againMs, left), asking.signal);
  }
}
