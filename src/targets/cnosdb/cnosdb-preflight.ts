// Before anything is sent: is there a target, does it let us in, has it the database, and would that lose points?

import { RefusedError } from '../../core/errors.js';
import type { DatabaseSettings, EndpointState, TargetDescription, Verdict } from '../../core/types/index.js';
import type { CnosdbOptions } from '../http/types.js';
import { askSql, patient, type QueryContext, sentence } from './ask-sql.js';
import { settingsOf, timesMerged } from './database-settings.js';
import { describeDrop } from './drop.js';
import { guardRefusals, isMissing, probe, problemOf, quoted, untilAnswered } from './probe.js';

const pingTimeoutMs = 5_000;
/** CREATE DATABASE reaches other nodes by an asynchronous watch of the meta service. */
const spreadMs = 10_000;
const spreadAgainMs = 200;

export interface PreflightResult {
  readonly description: TargetDescription;
  /** Of the empty write to each endpoint. */
  readonly verdicts: readonly Verdict[];
}

/** Throws RefusedError, UnavailableError, or the signal's reason. */
export async function preflight(
  waiting: QueryContext,
  options: CnosdbOptions,
  memcacheBytes: number | null,
): Promise<PreflightResult> {
  const answered = await untilAnswered(waiting, options);
  const asking = patient(waiting);
  const first = options.dropExisting === true ? await describeDrop(asking, options, answered) : answered;
  const verdicts = first.some(isMissing) ? await withDatabase(asking, options, first, memcacheBytes) : first;
  if (verdicts === first && options.createDb && options.dbOptions !== null) tellUnused(options);
  const order = verdicts.flatMap((verdict, index) => (verdict.kind === 'accepted' ? [index] : []));
  const versions = await Promise.all(
    verdicts.map((verdict, index) => (problemOf(verdict) === null ? version(asking, index) : Promise.resolve(null))),
  );
  const database = await settings(asking, options, order);
  guardPrecision(asking, options, database);
  const endpoints = verdicts.map(
    (verdict, index): EndpointState => ({
      url: asking.shown[index],
      reachable: verdict.kind === 'accepted',
      version: versions[index],
      problem: problemOf(verdict),
    }),
  );
  return { description: { kind: 'cnosdb', version: lowest(versions), endpoints, database }, verdicts };
}

/** Some endpoint does not know the database: created when none does and that is wanted, then waited for everywhere. */
async function withDatabase(
  asking: QueryContext,
  options: CnosdbOptions,
  verdicts: readonly Verdict[],
  memcacheBytes: number | null,
): Promise<Verdict[]> {
  if (!verdicts.some((verdict) => verdict.kind === 'accepted'))
    await create(asking, options, verdicts.findIndex(isMissing), memcacheBytes);
  const until = asking.clock.monotonic() + spreadMs;
  for (;;) {
    const now = await probe(asking);
    asking.signal.throwIfAborted();
    guardRefusals(asking, options, now);
    if (now.some((verdict) => verdict.kind === 'accepted') && !now.some(isMissing)) return now;
    if (asking.clock.monotonic() >= until) throw notEverywhere(asking, options, now);
    await asking.clock.sleep(spreadAgainMs, asking.signal);
  }
}

async function create(
  asking: QueryContext,
  options: CnosdbOptions,
  index: number,
  memcacheBytes: number | null,
): Promise<void> {
  const database = `database ${quoted(options.db)} on ${asking.shown[index]}`;
  if (!options.createDb)
    throw new RefusedError(
      sentence(
        `looked for ${database}`,
        'expected it to be there',
        'got Database not found',
        'see --db, or have it created with --create-db',
      ),
    );
  const wanted = [options.dbOptions, await memcacheOption(asking, index, memcacheBytes)].filter(Boolean).join(' ');
  const rest = wanted === '' ? '' : ` WITH ${wanted}`;
  const told = await askSql(asking, [index], `CREATE DATABASE IF NOT EXISTS ${quoted(options.db)}${rest}`);
  if ('rejected' in told)
    throw new RefusedError(
      sentence(
        `creating ${database}${rest}`,
        'expected it to be created',
        `got ${told.rejected}`,
        'see --db and --db-options',
      ),
    );
  if (wanted !== (options.dbOptions ?? ''))
    options.notify?.({
      level: 'info',
      kind: 'memcache',
      message: `${database} is created${rest}; its memcache size follows from --target-memory, --db-options can name another`,
    });
}

/** The option came with 2.4.2; in MiB, as the server shows it. */
async function memcacheOption(asking: QueryContext, index: number, bytes: number | null): Promise<string | null> {
  if (bytes === null) return null;
  const found = await version(asking, index);
  if (found === null || found.localeCompare('2.4.2', 'en', { numeric: true }) < 0) return null;
  return `MAX_MEMCACHE_SIZE '${Math.round(bytes / 1024 ** 2)}MiB'`;
}

function tellUnused({ notify, db, dbOptions }: CnosdbOptions): void {
  const message = `database ${quoted(db)} was there already: --db-options ${dbOptions} was not applied to it`;
  notify?.({ level: 'warn', kind: 'db-options', message });
}

function notEverywhere(asking: QueryContext, options: CnosdbOptions, verdicts: readonly Verdict[]): RefusedError {
  const without = asking.shown.filter((_, index) => verdicts[index].kind !== 'accepted');
  return new RefusedError(
    sentence(
      `looked for database ${quoted(options.db)} on every endpoint`,
      `expected it within ${spreadMs / 1000}s of its creation`,
      `got none on ${without.join(', ')}`,
      'are these nodes of one cluster? see --url',
    ),
  );
}

async function version(asking: QueryContext, index: number): Promise<string | null> {
  const outcome = await asking.wire.ping(index, pingTimeoutMs, asking.signal);
  asking.signal.throwIfAborted();
  if (outcome.kind !== 'answer') return null;
  return /"version"\s*:\s*"(\d+\.\d+\.\d+)/.exec(outcome.answer.body)?.[1] ?? null;
}

function lowest(versions: readonly (string | null)[]): string | null {
  const known = versions.filter((each) => each !== null);
  return known.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))[0] ?? null;
}

async function settings(
  asking: QueryContext,
  options: CnosdbOptions,
  order: readonly number[],
): Promise<DatabaseSettings> {
  const told = await askSql(asking, order, `DESCRIBE DATABASE ${quoted(options.db)}`);
  try {
    if ('rejected' in told) throw new SyntaxError(told.rejected);
    return settingsOf(told.rows[0] ?? {});
  } catch (error) {
    const got = error instanceof Error ? error.message : String(error);
    const where = asking.shown[order[0]];
    throw new RefusedError(
      sentence(
        `read the settings of database ${quoted(options.db)} from ${where}`,
        'expected ttl, shard, precision',
        `got ${got}`,
        'is this a CnosDB? see --url',
      ),
    );
  }
}

function guardPrecision(asking: QueryContext, options: CnosdbOptions, { precision }: DatabaseSettings): void {
  const merged = timesMerged(precision, options.inputPrecision);
  if (merged <= 1) return;
  const wanted = options.inputPrecision.toUpperCase();
  throw new RefusedError(
    sentence(
      `looked at database ${quoted(options.db)} of ${asking.shown.join(', ')}`,
      `expected PRECISION ${wanted}, the unit of the input's timestamps (--precision ${options.inputPrecision})`,
      `got ${precision.toUpperCase()}: of a series, each ${merged} timestamps would become one, and their points with them`,
      `load into another database: --db NAME --create-db --db-options "PRECISION '${wanted}'"`,
    ),
  );
}
