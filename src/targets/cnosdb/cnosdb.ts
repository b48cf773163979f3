// The CnosDB target: what the rest of the program knows of a cluster.

import { RefusedError } from '../../core/errors.js';
import type {
  Attempt,
  Clock,
  DatabaseSettings,
  EncodedBody,
  FlushOutcome,
  NodeLayout,
  PointValues,
  Target,
  TargetColumn,
  TargetDescription,
  TargetTraits,
} from '../../core/types/index.js';
import { type Encode, encoder } from '../http/encode-body.js';
import type { ExchangeOutcome } from '../http/exchange.js';
import { Sender } from '../http/sender.js';
import type { CnosdbOptions } from '../http/types.js';
import { askSql, patient, type QueryContext, sentence } from './ask-sql.js';
import { CnosdbClient, verdictOf } from './cnosdb-client.js';
import { preflight } from './cnosdb-preflight.js';
import { columnsOf, columnsQuestion, type SettingsRow } from './database-settings.js';
import { flush } from './flush.js';
import { gauge } from './gauge.js';
import { layoutOf } from './node-layout.js';
import { countQuestion, isSame, pointOf, pointsPerQuestion, question } from './read-back-sql.js';

export type { CnosdbOptions } from '../http/types.js';

const traits: TargetTraits = {
  title: 'CnosDB',
  firstWriteExclusive: true,
  plansMemory: true,
  countsPoints: true,
  sendsSeconds: false,
};

/** Connects to nothing until it is asked something. Throws UsageError for a compression this Node does not have. */
export function createCnosdb(options: CnosdbOptions, clock: Clock): Target {
  return new Cnosdb(options, clock);
}

class Cnosdb implements Target {
  readonly traits = traits;
  readonly encode: Encode;
  readonly #options: CnosdbOptions;
  readonly #clock: Clock;
  readonly #wire: CnosdbClient;
  readonly #sender: Sender;
  #database: Pick<DatabaseSettings, 'shard' | 'replica' | 'precision'> = { shard: 1, replica: 1, precision: 'ns' };

  constructor(options: CnosdbOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.#wire = new CnosdbClient(options, clock);
    this.encode = encoder(
      options.compression,
      options.urls.map(({ origin }) => origin),
    );
    const speaking = {
      write: this.#wire.write.bind(this.#wire),
      verdictOf: (outcome: ExchangeOutcome, timeoutMs: number) => verdictOf(outcome, timeoutMs, clock.now()),
    };
    this.#sender = new Sender(options, speaking, clock);
  }

  async describe(signal: AbortSignal, memcacheBytes: number | null = null): Promise<TargetDescription> {
    this.#sender.warnOfInsecurity();
    const { description, verdicts } = await preflight(this.#asking(signal), this.#options, memcacheBytes);
    this.#sender.learn(verdicts);
    this.#database = description.database;
    return description;
  }

  async columns(signal: AbortSignal, table?: string): Promise<TargetColumn[]> {
    const statement =
      table === undefined ? columnsQuestion(this.#options.db) : `DESCRIBE TABLE "${table.replaceAll('"', '""')}"`;
    const rows = await this.#rows(statement, signal);
    return rows === null && table !== undefined ? [] : columnsOf(rows ?? [], table);
  }

  async readBack(points: readonly PointValues[], signal: AbortSignal): Promise<(PointValues | null)[]> {
    const [first] = points;
    if (first === undefined) return [];
    const columns = await this.columns(signal, first.table);
    const found: (PointValues | null)[] = [];
    for (let i = 0; i < points.length; i += pointsPerQuestion) {
      const asked = points.slice(i, i + pointsPerQuestion);
      const statement = question(asked, columns, this.#database.precision);
      const rows = (columns.length === 0 ? null : await this.#rows(statement, signal)) ?? [];
      const stored = this.#read(statement, () => rows.map((row) => pointOf(row, first.table, columns)));
      for (const each of asked) found.push(stored.find((candidate) => isSame(each, candidate)) ?? null);
    }
    return found;
  }

  async count(table: string, signal: AbortSignal): Promise<number | null> {
    const rows = await this.#rows(countQuestion(table), signal);
    return rows === null ? null : Number(rows[0]?.n ?? 0);
  }

  #read<T>(statement: string, read: () => T): T {
    try {
      return read();
    } catch (cause) {
      const asked = `asked: ${statement.slice(0, 200)}`;
      const got = cause instanceof Error ? cause.message : String(cause);
      throw new RefusedError(sentence(asked, 'expected points as they were sent', `got ${got}`, 'is this a CnosDB?'), {
        cause,
      });
    }
  }

  /** Null when the table is not there. */
  async #rows(statement: string, signal: AbortSignal): Promise<SettingsRow[] | null> {
    const told = await askSql(patient(this.#asking(signal)), this.#sender.order(), statement);
    if ('rows' in told) return told.rows;
    if (/table.*not found/i.test(told.rejected)) return null;
    const asked = `asked: ${statement.slice(0, 200)}`;
    throw new RefusedError(sentence(asked, 'expected rows', `got ${told.rejected}`, 'see --user: may it read?'));
  }

  write(body: EncodedBody, points: number, timeoutMs: number, signal: AbortSignal): Promise<Attempt> {
    return this.#sender.write(body, points, timeoutMs, signal);
  }

  flush(timeoutMs: number, signal: AbortSignal): Promise<FlushOutcome> {
    return flush(this.#asking(signal), this.#sender.order(), this.#options.db, timeoutMs);
  }

  gauges(signal: AbortSignal): Promise<(number | null)[]> {
    const { urls, tenant, db } = this.#options;
    return Promise.all(urls.map((_, index) => gauge(this.#wire, index, { tenant, db }, signal)));
  }

  async layout(signal: AbortSignal): Promise<NodeLayout> {
    const told = await askSql(patient(this.#asking(signal)), this.#sender.order(), 'SHOW REPLICAS').catch(() => null);
    signal.throwIfAborted();
    const rows = told !== null && 'rows' in told ? told.rows : [];
    return layoutOf(rows, this.#options.db, { ...this.#database, endpoints: this.#options.urls.length });
  }

  endpoints(): ReturnType<Target['endpoints']> {
    return this.#sender.accounts();
  }

  async close(): Promise<void> {
    this.#sender.close();
    await this.#wire.close();
  }

  #asking(signal: AbortSignal): QueryContext {
    const shown = this.#options.urls.map((url) => url.shown);
    const since = this.#clock.monotonic();
    const deadline = since + this.#options.waitForTargetMs;
    return { wire: this.#wire, clock: this.#clock, signal, shown, since, deadline };
  }
}
