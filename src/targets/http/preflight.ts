// Checks before the first write that an endpoint responds, accepts the credentials and has the database.

import { RefusedError, UnavailableError } from '../../core/errors.js';
import { compareVersions } from '../../core/text.js';
import type { DatabaseSettings, EndpointState, TargetDescription, Verdict } from '../../core/types/index.js';
import { formatDuration } from '../../core/units.js';
import type { TargetDeps, TargetDescriptor } from '../types.js';
import type { Dialect } from './dialect.js';
import type { QueryClient } from './query-client.js';

const retryMs = 1_000;
/**
 * Longest wait, after a database was created or dropped, until every node shows this change, ms. The nodes learn of the
 * change from the meta service.
 */
const spreadMs = 10_000;
const spreadRetryMs = 200;

export interface PreflightContext {
  readonly descriptor: Pick<TargetDescriptor, 'kind' | 'title' | 'defaultPort'>;
  readonly dialect: Dialect;
  readonly deps: TargetDeps;
  readonly signal: AbortSignal;
  /** Probes each endpoint once. */
  readonly probe: (timeoutMs: number) => Promise<Verdict[]>;
  readonly query: (order: readonly number[]) => QueryClient;
  /** Returns the name of an endpoint's proxy for messages; null for a direct connection. */
  readonly proxyName: (index: number) => string | null;
  /**
   * Called before a database is created or dropped. Resolves with the memcache size of the new database, bytes; null
   * for the default size.
   */
  readonly beforeChange: () => Promise<number | null>;
}

export interface PreflightResult {
  readonly description: TargetDescription;
  /** The verdict on the last probe of each endpoint. */
  readonly verdicts: readonly Verdict[];
}

const probeTimeoutMs = 10_000;

/**
 * Checks the target, and creates or drops the database. Throws RefusedError, UnavailableError, or the reason of the
 * signal.
 */
export async function preflight(context: PreflightContext): Promise<PreflightResult> {
  const { descriptor, dialect, deps, query } = context;
  const { createDb, dbOptions, db } = deps.settings;
  const answered = await untilAnswered(context);
  const first = deps.dropExisting ? await dropped(context, answered) : answered;
  const missing = first.some(isMissing);
  const { verdicts, isCreated } = missing ? await created(context, first) : { verdicts: first, isCreated: false };
  if (!missing && createDb && dbOptions !== null) {
    const message = `database "${db}" exists already, so --db-options ${dbOptions} has no effect`;
    deps.notify({ level: 'warn', kind: 'db-options', message });
  }
  const client = query(indexesOf(verdicts, isAccepted));
  const versions = await Promise.all(
    verdicts.map((verdict, index) => (isAccepted(verdict) ? dialect.version(client, index) : Promise.resolve(null))),
  );
  const database: DatabaseSettings = await dialect.settings(client);
  const endpoints = verdicts.map(
    (verdict, index): EndpointState => ({
      url: urlOf(context, index),
      reachable: isAccepted(verdict),
      version: versions[index] ?? null,
      problem: isAccepted(verdict) ? null : problemOf(verdict),
      ...proxyEntry(context.proxyName(index)),
    }),
  );
  const description = { kind: descriptor.kind, version: lowest(versions), endpoints, database };
  return { description: isCreated ? { ...description, isCreated } : description, verdicts };
}

/** Probes until at least one endpoint accepts the probe, or reports that the database is missing. */
async function untilAnswered(context: PreflightContext): Promise<Verdict[]> {
  const { descriptor, deps, signal, probe } = context;
  const { clock, settings, notify } = deps;
  const since = clock.monotonic();
  const leftMs = (): number => since + settings.waitForTargetMs - clock.monotonic();
  for (;;) {
    const verdicts = await probe(Math.max(1000, Math.min(probeTimeoutMs, leftMs())));
    signal.throwIfAborted();
    guardRefusals(context, verdicts);
    if (verdicts.some((verdict) => isAccepted(verdict) || isMissing(verdict))) return verdicts;
    const problems = verdicts.map((verdict, index) => `${urlOf(context, index)}: ${problemOf(verdict)}`).join('; ');
    const left = leftMs();
    if (left <= 0)
      throw new UnavailableError({
        tried: `waiting ${formatDuration(clock.monotonic() - since)} for ${descriptor.title}`,
        expected: 'an empty write to be acknowledged',
        found: problems,
        fix: `check ${usualPort(context, verdicts)}, start the target, or wait longer with --wait-for-target`,
      });
    notify({ level: 'info', kind: 'waiting', message: `waiting for the target: ${problems}` });
    await clock.sleep(Math.min(retryMs, left), signal);
  }
}

/** Formats `--url` for advice. Adds the target's usual port if an endpoint with another port cannot be reached. */
function usualPort({ descriptor, deps }: PreflightContext, verdicts: readonly Verdict[]): string {
  const isOther = verdicts.some(
    ({ kind }, index) =>
      kind === 'unreachable' && Number(new URL(deps.settings.urls[index]!.origin).port) !== descriptor.defaultPort,
  );
  return isOther ? `--url (the usual port of ${descriptor.title} is ${descriptor.defaultPort})` : '--url';
}

/** Throws RefusedError if an endpoint refuses the probe, unless the reason is a missing database. */
function guardRefusals(context: PreflightContext, verdicts: readonly Verdict[]): void {
  const { db, user, token } = context.deps.settings;
  verdicts.forEach((verdict, index) => {
    if ((verdict.kind !== 'refused' && verdict.kind !== 'rejected') || isMissing(verdict)) return;
    const signIn = token === null && user !== '' ? ` as user ${user}` : '';
    throw new RefusedError({
      tried: `preparing to load into database "${db}" of ${urlOf(context, index)}${signIn}`,
      expected: 'an empty write to be acknowledged',
      found: verdict.kind === 'refused' ? verdict.reason : verdict.message,
      fix: verdict.kind === 'refused' ? (verdict.advice ?? '') : '',
    });
  });
}

/** Creates the database if it is missing, and waits until every endpoint has it. */
async function created(
  context: PreflightContext,
  probed: readonly Verdict[],
): Promise<{ verdicts: Verdict[]; isCreated: boolean }> {
  const { dialect, deps, query } = context;
  const without = indexesOf(probed, isMissing);
  const tried = `database "${deps.settings.db}" on ${without.map((index) => urlOf(context, index)).join(', ')}`;
  // If another node of the cluster already has the database, the other nodes show it soon.
  const exists = dialect.clustered === true && probed.some(isAccepted);
  if (!exists) {
    if (!deps.settings.createDb || dialect.create === undefined) {
      const verdict = probed[without[0]!]!;
      throw new RefusedError({
        tried: `looking for ${tried}`,
        expected: 'the database to exist',
        found: verdict.kind === 'refused' ? verdict.reason : verdict.kind,
        fix: verdict.kind === 'refused' ? (verdict.advice ?? '') : '',
      });
    }
    const memcacheBytes = await context.beforeChange();
    // In a cluster, one endpoint creates the database for all. Without a cluster, each endpoint creates its own
    // database.
    for (const index of dialect.clustered ? without.slice(0, 1) : without)
      await dialect.create(query([index]), index, memcacheBytes);
  }
  const verdicts = await spread(context, tried, 'exist', (now) => now.some(isAccepted) && !now.some(isMissing));
  return { verdicts, isCreated: !exists };
}

/** Drops the database if an endpoint has it, and waits until no endpoint has it. */
async function dropped(context: PreflightContext, verdicts: readonly Verdict[]): Promise<readonly Verdict[]> {
  const { dialect, deps, query } = context;
  const order = indexesOf(verdicts, isAccepted);
  if (order.length === 0 || dialect.drop === undefined) return verdicts;
  await context.beforeChange();
  await dialect.drop(query(order));
  const tried = `dropped database "${deps.settings.db}" on ${urlOf(context, order[0]!)}`;
  return await spread(context, tried, 'be gone', (now) => !now.some(isAccepted) && now.some(isMissing));
}

/**
 * Probes until the verdicts show the expected state. Throws RefusedError if the state does not appear within ten
 * seconds.
 */
async function spread(
  context: PreflightContext,
  tried: string,
  expected: 'exist' | 'be gone',
  isDone: (verdicts: readonly Verdict[]) => boolean,
): Promise<Verdict[]> {
  const { deps, signal, probe } = context;
  const until = deps.clock.monotonic() + spreadMs;
  for (;;) {
    const verdicts = await probe(probeTimeoutMs);
    signal.throwIfAborted();
    guardRefusals(context, verdicts);
    if (isDone(verdicts)) return verdicts;
    if (deps.clock.monotonic() >= until) {
      const wrong = indexesOf(verdicts, expected === 'exist' ? (verdict) => !isAccepted(verdict) : isAccepted);
      throw new RefusedError({
        tried: expected === 'exist' ? `looking for ${tried}` : `looking for the ${tried}`,
        expected: `the database to ${expected} on every endpoint within ${spreadMs / 1000}s`,
        found: wrong.map((index) => `${urlOf(context, index)}: ${problemOf(verdicts[index]!)}`).join('; '),
        fix: 'check that every --url belongs to one cluster, and that no other program writes to the database',
      });
    }
    await deps.clock.sleep(spreadRetryMs, signal);
  }
}

function proxyEntry(proxy: string | null): { readonly proxy?: string } {
  return proxy === null ? {} : { proxy };
}

function isAccepted(verdict: Verdict): boolean {
  return verdict.kind === 'accepted';
}

function isMissing(verdict: Verdict): boolean {
  return verdict.kind === 'refused' && verdict.missingDatabase === true;
}

function problemOf(verdict: Verdict): string {
  if (verdict.kind === 'accepted') return 'an empty write is acknowledged';
  return verdict.kind === 'rejected' ? verdict.message : verdict.reason;
}

function urlOf({ deps }: PreflightContext, index: number): string {
  return deps.settings.urls[index]!.shown;
}

function indexesOf(verdicts: readonly Verdict[], matches: (verdict: Verdict) => boolean): number[] {
  return verdicts.flatMap((verdict, index) => (matches(verdict) ? [index] : []));
}

function lowest(versions: readonly (string | null)[]): string | null {
  const known = versions.filter((each) => each !== null);
  return known.sort(compareVersions)[0] ?? null;
}
