// The CnosDB dialect: /api/v1/write, /api/v1/sql, and an empty write that checks credentials, tenant and database.

import { z } from 'zod';
import { RefusedError } from '../../core/errors.js';
import { compareVersions, excerpt, plural } from '../../core/text.js';
import type {
  DatabaseSettings,
  FlushOutcome,
  NodeLayout,
  PointValues,
  Shape,
  TargetColumn,
  TimeSpan,
} from '../../core/types/index.js';
import { csvPoints } from '../http/csv-points.js';
import { basic, type Dialect } from '../http/dialect.js';
import type { QueryClient } from '../http/query-client.js';
import { jsonOf } from '../http/response-text.js';
import { isSamePoint } from '../http/server-values.js';
import type { TargetDeps } from '../types.js';
import { flush, gauge } from './caches.js';
import { verdicts } from './cnosdb-verdicts.js';
import { columnsOf, columnsStatement, createTableStatement, settingsOf, timesMerged } from './database-settings.js';
import { layoutOf } from './node-layout.js';
import { countStatement, pointOf, pointsPerStatement, pointsStatement, spanStatement } from './read-back-sql.js';
import { csvRequest, judgedText, quoted, type SqlRow, sql, sqlRequest } from './sql.js';

const pingTimeoutMs = 5_000;
/** Largest number of tables that the notice about dropping a database names. */
const maxNamedTables = 5;
const pingSchema = z.object({ version: z.string() });

export class Cnosdb implements Dialect {
  readonly authorization: string;
  readonly writePath: string;
  readonly verdicts = verdicts;
  readonly clustered = true;
  readonly #deps: TargetDeps;
  /** Database and tenant, as a query string. */
  readonly #scope: string;
  listsColumns = true;
  /** Columns by table, for the tables whose points were read back. */
  readonly #described = new Map<string, readonly TargetColumn[]>();
  #database: Pick<DatabaseSettings, 'shard' | 'replica' | 'precision'> = { shard: 1, replica: 1, precision: 'ns' };

  constructor(deps: TargetDeps) {
    const { db, tenant, user, password, precision } = deps.settings;
    this.#deps = deps;
    this.#scope = new URLSearchParams({ db, tenant }).toString();
    this.authorization = basic(user, password);
    // CnosDB has no precision for seconds. It silently reads an unknown precision as ns. So timestamps in seconds are
    // sent as milliseconds.
    this.writePath = `/api/v1/write?${this.#scope}&precision=${precision === 's' ? 'ms' : precision}`;
  }

  async version(query: QueryClient, index: number): Promise<string | null> {
    const outcome = await query.once(index, { path: '/api/v1/ping' }, { timeoutMs: pingTimeoutMs });
    const ping = pingSchema.safeParse(outcome.kind === 'response' ? jsonOf(outcome.response.body) : null);
    return ping.success ? (/^\d+\.\d+\.\d+/.exec(ping.data.version)?.[0] ?? null) : null;
  }

  async create(query: QueryClient, index: number, memcacheBytes: number | null): Promise<void> {
    const { settings, notify } = this.#deps;
    const database = `database ${quoted(settings.db)} on ${query.urls[index]}`;
    const memcache = memcacheBytes === null ? null : await this.#memcacheOption(query, index, memcacheBytes);
    const options = [settings.dbOptions, memcache].filter(Boolean).join(' ');
    const clause = options === '' ? '' : ` WITH ${options}`;
    const result = await sql(query, this.#scope, `CREATE DATABASE IF NOT EXISTS ${quoted(settings.db)}${clause}`);
    if ('rejected' in result)
      throw new RefusedError({
        tried: `creating ${database}${clause}`,
        expected: 'CnosDB to create the database',
        found: result.rejected,
        fix: 'check --db and --db-options',
      });
    if (memcache === null) return;
    const message = `created ${database}${clause}, to keep the nodes within --target-memory; --db-options can set another size`;
    notify({ level: 'info', kind: 'memcache', message });
  }

  /**
   * Returns the memcache option of CREATE DATABASE, such as `MAX_MEMCACHE_SIZE '16MiB'`. CnosDB prints this size in
   * MiB, too. Returns null for versions before 2.4.2, which lack this option.
   */
  async #memcacheOption(query: QueryClient, index: number, bytes: number): Promise<string | null> {
    const version = await this.version(query, index);
    if (version === null || compareVersions(version, '2.4.2') < 0) return null;
    return `MAX_MEMCACHE_SIZE '${Math.round(bytes / 1024 ** 2)}MiB'`;
  }

  async drop(query: QueryClient): Promise<void> {
    const { settings, notify } = this.#deps;
    const name = quoted(settings.db);
    notify({ level: 'warn', kind: 'drop', message: await this.#describeDrop(query) });
    const result = await sql(query, this.#scope, `DROP DATABASE ${name}`);
    if ('rejected' in result)
      throw new RefusedError({
        tried: `dropping database ${name}`,
        expected: 'CnosDB to drop the database',
        found: result.rejected,
        fix: 'check the privileges of --user',
      });
  }

  async #describeDrop(query: QueryClient): Promise<string> {
    const { db } = this.#deps.settings;
    const result = await sql(query, this.#scope, columnsStatement(db));
    const columns = 'rows' in result ? columnsOf(result.rows) : [];
    const tables = [...new Set(columns.map(({ table }) => table))].sort();
    const more = tables.length > maxNamedTables ? ', …' : '';
    const names = tables.length === 0 ? '' : ` (${tables.slice(0, maxNamedTables).join(', ')}${more})`;
    return `dropping database ${quoted(db)} with all its data: ${plural(tables.length, 'table')}${names}`;
  }

  async settings(query: QueryClient): Promise<DatabaseSettings> {
    const { db, precision: input } = this.#deps.settings;
    const statement = `DESCRIBE DATABASE ${quoted(db)}`;
    const [row = {}] = (await this.#rows(query, statement)) ?? [];
    const database = this.#parsed(query, statement, 'ttl, shard and precision', () => settingsOf(row));
    const merged = timesMerged(database.precision, input);
    if (merged > 1) {
      const unit = input.toUpperCase();
      throw new RefusedError({
        tried: `checking database ${quoted(db)} of ${query.urls.join(', ')}`,
        expected: `PRECISION ${unit}, the unit of the input's timestamps (--precision ${input})`,
        found: `PRECISION ${database.precision.toUpperCase()}, which stores ${merged} different timestamps of a series as one timestamp, so that their points merge`,
        fix: `load into another database: --db NAME --create-db --db-options "PRECISION '${unit}'"`,
      });
    }
    this.#database = database;
    return database;
  }

  async columns(query: QueryClient, table?: string): Promise<TargetColumn[]> {
    const { db } = this.#deps.settings;
    const statement = table === undefined ? columnsStatement(db) : `DESCRIBE TABLE ${quoted(table)}`;
    const rows = await this.#rows(query, statement);
    // An existing table has at least a time column. So an empty description means that this CnosDB cannot list columns.
    if (table !== undefined && rows?.length === 0) this.listsColumns = false;
    return columnsOf(rows ?? [], table);
  }

  /** Returns the columns of a table. Uses the columns of an earlier query if they contain all fields of the points. */
  async #columnsOf(
    query: QueryClient,
    table: string,
    points: readonly PointValues[],
  ): Promise<readonly TargetColumn[]> {
    const known = this.#described.get(table) ?? [];
    const names = new Set(known.map(({ name }) => name));
    if (points.every(({ fields }) => [...fields.keys()].every((name) => names.has(name)))) return known;
    const columns = await this.columns(query, table);
    this.#described.set(table, columns);
    return columns;
  }

  async createTable(query: QueryClient, shape: Shape): Promise<boolean> {
    const result = await sql(query, this.#scope, createTableStatement(shape)).catch((error: unknown) => {
      // The user may be allowed to write, but lack the privilege for CREATE TABLE.
      if (error instanceof RefusedError) return { rejected: error.message };
      throw error;
    });
    return 'rows' in result;
  }

  async readBack(query: QueryClient, points: readonly PointValues[]): Promise<(PointValues | null)[]> {
    const [first] = points;
    if (first === undefined) return [];
    const { table } = first;
    const columns = await this.#columnsOf(query, table, points);
    const found: (PointValues | null)[] = [];
    for (let i = 0; i < points.length; i += pointsPerStatement) {
      const wanted = points.slice(i, i + pointsPerStatement);
      const statement = pointsStatement(wanted, columns, this.#database.precision);
      const rows = (columns.length === 0 ? null : await this.#rows(query, statement)) ?? [];
      const stored = this.#parsed(query, statement, 'points', () => rows.map((row) => pointOf(row, table, columns)));
      for (const each of wanted) found.push(stored.find((candidate) => isSamePoint(each, candidate)) ?? null);
    }
    return found;
  }

  async *scan(query: QueryClient, table: string, span: TimeSpan): AsyncGenerator<Uint8Array, void> {
    const columns = await this.columns(query, table);
    if (columns.length === 0) return;
    const statement = spanStatement(table, columns, span, this.#database.precision);
    const request = csvRequest(this.#scope, statement);
    const { response, chunks } = await query.stream(request);
    if (response.status !== 200) {
      const found = judgedText(response, query.clock.now());
      throw this.#unreadable(query, statement, 'rows', found, 'check whether --user may read the database');
    }
    yield* csvPoints(table, columns, chunks, (found) => query.broken(request, response.endpoint, found));
  }

  async count(query: QueryClient, table: string): Promise<number | null> {
    const statement = countStatement(table);
    const rows = await this.#rows(query, statement);
    if (rows === null) return null;
    return this.#parsed(query, statement, 'a count', () =>
      z.coerce
        .number()
        .int()
        .parse(rows[0]?.n ?? 0),
    );
  }

  flush(query: QueryClient, timeoutMs: number): Promise<FlushOutcome> {
    return flush(query, this.#scope, this.#deps.settings.db, timeoutMs);
  }

  gauge(query: QueryClient, index: number): Promise<number | null> {
    return gauge(query, index, this.#deps.settings);
  }

  async layout(query: QueryClient): Promise<NodeLayout> {
    const result = await sql(query, this.#scope, 'SHOW REPLICAS').catch(() => null);
    query.signal.throwIfAborted();
    const rows = result !== null && 'rows' in result ? result.rows : null;
    return layoutOf(rows, this.#deps.settings.db, { ...this.#database, endpoints: query.urls.length });
  }

  /** Returns the rows of a statement; null if the table does not exist. */
  async #rows(query: QueryClient, statement: string): Promise<readonly SqlRow[] | null> {
    const result = await sql(query, this.#scope, statement);
    if ('rows' in result) return result.rows;
    if (/table.*not found/i.test(result.rejected)) return null;
    throw this.#unreadable(query, statement, 'rows', result.rejected, 'check whether --user may read the database');
  }

  /** Parses CnosDB's rows with `parse`. Throws RefusedError if `parse` fails. */
  #parsed<T>(query: QueryClient, statement: string, expected: string, parse: () => T): T {
    try {
      return parse();
    } catch (error) {
      const found = excerpt(error instanceof SyntaxError ? error.message : 'values of another shape');
      throw this.#unreadable(query, statement, expected, found, 'check that --url points at CnosDB');
    }
  }

  #unreadable(query: QueryClient, statement: string, expected: string, found: string, fix: string): RefusedError {
    const request = sqlRequest(this.#scope, statement);
    return query.refused(request, query.urls[query.order[0]!]!, found, { expected, fix });
  }
}
