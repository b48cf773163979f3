// Before anything is sent: is there a target, does it let us in, has it the database?

import { RefusedError, UnavailableError } from '../../core/errors.js';
import type { Clock, EndpointState, TargetDescription, Verdict } from '../../core/types/index.js';
import { sentence } from '../cnosdb/ask-sql.js';
import type { LinesOptions } from '../http/types.js';
import type { Dialect } from './dialect.js';
import type { QueryClient } from './query-client.js';

const againMs = 1_000;

export interface Preflight {
  readonly dialect: Dialect;
  readonly options: LinesOptions;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly kind: string;
  /** What each endpoint says to a knock. */
  readonly knock: () => Promise<Verdict[]>;
  readonly asker: (order: readonly number[]) => QueryClient;
}

/** Throws RefusedError, UnavailableError, or the signal's reason. */
export async function preflight(
  flight: Preflight,
): Promise<{ description: TargetDescription; verdicts: readonly Verdict[] }> {
  const { dialect, options, kind } = flight;
  const first = await untilAnswered(flight);
  const verdicts = first.some((verdict) => dialect.isMissing(verdict)) ? await created(flight, first) : first;
  if (verdicts === first && options.createDb && options.dbOptions !== null) {
    const message = `database "${options.db}" was there already: --db-options ${options.dbOptions} was not applied to it`;
    options.notify?.({ level: 'warn', kind: 'db-options', message });
  }
  const order = verdicts.flatMap((verdict, index) => (verdict.kind === 'accepted' ? [index] : []));
  const asker = flight.asker(order);
  const versions = await Promise.all(
    verdicts.map((verdict, index) =>
      verdict.kind === 'accepted' ? dialect.version(asker, index) : Promise.resolve(null),
    ),
  );
  const endpoints = verdicts.map(
    (verdict, index): EndpointState => ({
      url: options.urls[index]!.shown,
      reachable: verdict.kind === 'accepted',
      version: versions[index] ?? null,
      problem: problemOf(verdict),
    }),
  );
  const database = await dialect.settings(asker);
  const [version = null] = versions
    .filter((each) => each !== null)
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  return { description: { kind, version, endpoints, database }, verdicts };
}

/** Knocks until any endpoint lets us in, or misses nothing but the database. */
async function untilAnswered(flight: Preflight): Promise<Verdict[]> {
  const { dialect, options, clock, signal, knock } = flight;
  const since = clock.monotonic();
  for (;;) {
    const verdicts = await knock();
    signal.throwIfAborted();
    guardRefusals(flight, verdicts);
    if (verdicts.some((verdict) => verdict.kind === 'accepted' || dialect.isMissing(verdict))) return verdicts;
    const problems = verdicts.map((verdict, index) => `${options.urls[index]!.shown}: ${problemOf(verdict)}`);
    const left = since + options.waitForTargetMs - clock.monotonic();
    if (left <= 0) throw unavailable(flight, problems, clock.monotonic() - since);
    options.notify?.({ level: 'info', kind: 'waiting', message: `waiting for the target: ${problems.join('; ')}` });
    await clock.sleep(Math.min(againMs, left), signal);
  }
}

function unavailable({ dialect }: Preflight, problems: readonly string[], ms: number): UnavailableError {
  const waited = `waited ${Math.round(ms / 100) / 10}s for ${dialect.traits.title}`;
  const what = 'start it, or wait longer with --wait-for-target';
  return new UnavailableError(sentence(waited, 'expected an answer', `got ${problems.join('; ')}`, what));
}

/** A refusal is final, whoever says it. Only a missing database may be mended. */
function guardRefusals({ dialect, options }: Preflight, verdicts: readonly Verdict[]): void {
  verdicts.forEach((verdict, index) => {
    if ((verdict.kind !== 'refused' && verdict.kind !== 'rejected') || dialect.isMissing(verdict)) return;
    const attempted = `preparing to load into "${options.db}" of ${options.urls[index]!.shown}`;
    const expected = `expected ${dialect.traits.title} to let us in`;
    throw new RefusedError(sentence(attempted, expected, `got ${problemOf(verdict)}`, 'nothing was sent'));
  });
}

/** Servers side by side know nothing of each other: it is created wherever it is missing. */
async function created(flight: Preflight, verdicts: readonly Verdict[]): Promise<Verdict[]> {
  const { dialect, options, knock, signal } = flight;
  const without = verdicts.flatMap((verdict, index) => (dialect.isMissing(verdict) ? [index] : []));
  const where = without.map((index) => options.urls[index]!.shown).join(', ');
  if (!options.createDb || dialect.create === undefined) {
    const advice = 'see --db, or have it created with --create-db';
    const got = problemOf(verdicts[without[0]!]!)?.replace(`; ${advice}`, '');
    throw new RefusedError(
      sentence(`looked for "${options.db}" on ${where}`, 'expected it to be there', `got ${got}`, advice),
    );
  }
  for (const index of without) await dialect.create(flight.asker([index]), index);
  const now = await knock();
  signal.throwIfAborted();
  guardRefusals(flight, now);
  if (now.some((verdict) => verdict.kind === 'accepted') && !now.some((verdict) => dialect.isMissing(verdict)))
    return now;
  const problems = now.map((verdict) => problemOf(verdict) ?? 'it is there').join('; ');
  throw new RefusedError(
    sentence(`creating "${options.db}" on ${where}`, 'expected it to be there', `got ${problems}`, 'see --url'),
  );
}

function problemOf(verdict: Verdict): string | null {
  if (verdict.kind === 'accepted') return null;
  return verdict.kind === 'rejected' ? verdict.message : verdict.reason;
}
