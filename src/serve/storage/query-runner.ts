// Runs queries on separate connections, in parallel with writes, and limits the time and memory of each query.

import { setTimeout as sleep } from 'node:timers/promises';
import type { DuckDBInstance, DuckDBPreparedStatement, DuckDBResult, DuckDBValue } from '@duckdb/node-api';
import pLimit from 'p-limit';
import { refusal } from '../request-refusal.js';
import type { Connection } from './duckdb.js';

/** Limits of one statement. */
export interface QueryLimits {
  readonly ms: number;
  readonly rows: number;
  /** Largest total length of the texts in the result, characters. */
  readonly text: number;
}

export const defaultLimits: QueryLimits = { ms: 60_000, rows: 1_000_000, text: 256 * 1024 * 1024 };
/**
 * Largest number of running queries. Each query occupies one of Node's four pool threads, and writes need the other
 * threads.
 */
const maxRunning = 2;
/**
 * Interval between two interrupts of a query, ms. One interrupt is not enough, because DuckDB forgets an interrupt that
 * arrives between two steps of a statement.
 */
const interruptMs = 50;
/** Longest wait for interrupted queries when the server closes, ms. DuckDB computes constants without interruption. */
const maxCloseMs = 1_000;

/** Longest text, characters. DuckDB computes a constant text of any size in one step that ignores interrupts. */
const maxText = 10_000_000;
const tooLong = `error('Out of Memory: a text of more than ${maxText} characters')`;
const textMacros = [
  `repeat(t, n) AS CASE WHEN length(t) * n > ${maxText} THEN ${tooLong} ELSE system.main.repeat(t, n) END`,
  ...['lpad', 'rpad'].map(
    (name) => `${name}(t, n, p) AS CASE WHEN n > ${maxText} THEN ${tooLong} ELSE system.main.${name}(t, n, p) END`,
  ),
];

export interface FetchedRows {
  readonly result: DuckDBResult;
  readonly rows: readonly (readonly DuckDBValue[])[];
}

export class QueryRunner {
  readonly #instance: DuckDBInstance;
  readonly #limits: QueryLimits;
  readonly #turn = pLimit(maxRunning);
  readonly #running = new Map<Connection, Promise<unknown>>();
  #isClosed = false;

  constructor(instance: DuckDBInstance, limits: QueryLimits) {
    this.#instance = instance;
    this.#limits = limits;
  }

  /** Runs the work on a new connection. Throws RequestRefusal after the time limit. */
  run<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    return this.#turn(async () => {
      if (this.#isClosed) throw refusal('010001', 'Datafusion: the server is closing');
      const connection = await this.#instance.connect();
      const deadline = performance.now() + this.#limits.ms;
      const isLate = (): boolean => performance.now() > deadline;
      const timer = setInterval(() => {
        if (isLate() || this.#isClosed) connection.interrupt();
      }, interruptMs);
      const running = this.#prepare(connection).then(() => work(connection));
      this.#running.set(connection, running);
      try {
        return await running;
      } catch (error) {
        if (!isLate()) throw error;
        throw refusal('010001', `Datafusion: Resources exhausted: the statement took more than ${this.#limits.ms} ms`);
      } finally {
        clearInterval(timer);
        this.#running.delete(connection);
        connection.closeSync();
      }
    });
  }

  /** Creates macros in place of the functions that can build texts of any size. The macros limit the size. */
  async #prepare(connection: Connection): Promise<void> {
    for (const macro of textMacros) await connection.run(`CREATE TEMP MACRO ${macro}`);
  }

  /** Executes a statement and fetches its rows. Throws RequestRefusal for a result beyond the limits. */
  async fetch(statement: DuckDBPreparedStatement): Promise<FetchedRows> {
    const result = await statement.stream();
    const rows: DuckDBValue[][] = [];
    let text = 0;
    for (;;) {
      const chunk = await result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) return { result, rows };
      for (const row of chunk.getRows()) {
        for (const value of row) if (typeof value === 'string') text += value.length;
        rows.push(row);
      }
      if (rows.length > this.#limits.rows || text > this.#limits.text)
        throw refusal(
          '010001',
          `Datafusion: Resources exhausted: a result of more than ${this.#limits.rows} rows or ${this.#limits.text} characters`,
        );
    }
  }

  /** Interrupts all queries. Returns false if a query ignores the interrupt. */
  async close(): Promise<boolean> {
    this.#isClosed = true;
    const settled = Promise.allSettled(this.#running.values()).then(() => true);
    return await Promise.race([settled, sleep(maxCloseMs, false, { ref: false })]);
  }
}
