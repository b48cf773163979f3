// CnosDB's HTTP interface as far as a loader needs it: a pool of connections to each endpoint, and the requests.

import { createRequire } from 'node:module';
import type { buildConnector, Pool } from 'undici';
import type { Clock, EncodedBody, Verdict } from '../model.js';
import { type Ask, exchange, type Outcome } from './exchange.js';
import { hideInterim } from './interim.js';
import { closedAfterHandshake, verdictOfError } from './network.js';
import type { CnosdbOptions, TlsOptions } from './options.js';
import type { Answer } from './status.js';
import { verdict } from './verdict.js';

const connectTimeoutMs = 5_000;
const shortAnswerBytes = 64 * 1024;
const longestAnswerBytes = 64 * 1024 * 1024;
/** A page of about 2,000 vnodes: more of them a node does not hold. */
const metricsBytes = 8 * 1024 * 1024;
/** Beside those of the writers: a flush or a look at the gauges must not queue behind writes that hang. */
const spareConnections = 2;

const require = createRequire(import.meta.url);

/**
 * The part of undici that is needed, when it is: all of it takes three times as long to load, and longer than Node takes to
 * start. It is CommonJS without `exports`, and pinned to a version.
 */
function httpClient(): { Pools: typeof Pool; connectorOf: typeof buildConnector } {
  return { Pools: require('undici/lib/dispatcher/pool.js'), connectorOf: require('undici/lib/core/connect.js') };
}

/** What came of an outcome for a write. */
export function verdictOf(outcome: Outcome, timeoutMs: number, now: number): Verdict {
  if (outcome.kind === 'answer') return verdict(outcome.answer, now);
  if (outcome.kind === 'error') return verdictOfError(outcome.error, outcome.sent);
  if (outcome.kind === 'aborted') return { kind: 'dropped', reason: 'stopped by the caller', mayHaveLanded: true };
  const reason = `no ${outcome.sent ? 'answer' : 'connection'} within ${Math.round(timeoutMs / 100) / 10}s`;
  if (!outcome.sent) return { kind: 'unreachable', reason };
  return { kind: 'overloaded', reason, retryAfterMs: null, mayHaveLanded: true, memory: false, timedOut: true };
}

/** Whether an SQL answer carries rows (or none): only a write's 200 has to be empty. */
export function isRows(outcome: Outcome): outcome is { kind: 'answer'; answer: Answer; cut: boolean } {
  return outcome.kind === 'answer' && outcome.answer.status === 200;
}

/** Requests to endpoints by index. None of them rejects; undici is loaded with the first. */
export class Wire {
  readonly #origins: readonly URL[];
  readonly #query: string;
  readonly #precision: string;
  readonly #answerBytes: number;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #connections: number;
  readonly #tls: TlsOptions;
  readonly #clock: Clock;
  /** Endpoints that ever answered. */
  readonly #answered = new Set<number>();
  readonly #pools: Pool[] = [];

  constructor(options: CnosdbOptions, clock: Clock) {
    this.#origins = options.urls.map(({ origin }) => new URL(origin));
    this.#query = new URLSearchParams({ db: options.db, tenant: options.tenant }).toString();
    this.#precision = options.precision;
    this.#connections = options.connections + spareConnections;
    this.#tls = options.tls;
    this.#clock = clock;
    const credentials = Buffer.from(`${options.user}:${options.password}`).toString('base64');
    this.#answerBytes = options.answerBytes ?? longestAnswerBytes;
    this.#headers = {
      'user-agent': `bulk-load/${options.version}`,
      authorization: `Basic ${credentials}`,
      ...Object.fromEntries(options.headers.map(([name, value]) => [name.toLowerCase(), value])),
    };
  }

  /** Longest answer to a statement, bytes. */
  get answerBytes(): number {
    return this.#answerBytes;
  }

  /** An empty body asks for everything but the points: reachable, credentials, tenant, privilege, database. */
  write(index: number, body: EncodedBody | null, timeoutMs: number, signal: AbortSignal): Promise<Outcome> {
    const path = `/api/v1/write?${this.#query}&precision=${this.#precision}`;
    const encoding: Record<string, string> = body?.encoding ? { 'content-encoding': body.encoding } : {};
    return this.#send(index, signal, {
      method: 'POST',
      path,
      headers: { ...this.#headers, ...encoding },
      body: body?.bytes ?? null,
      timeoutMs,
      maxAnswerBytes: shortAnswerBytes,
    });
  }

  /** Rows come as JSON. */
  sql(
    index: number,
    statement: string,
    maxAnswerBytes: number,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<Outcome> {
    return this.#send(index, signal, {
      method: 'POST',
      path: `/api/v1/sql?${this.#query}`,
      headers: { ...this.#headers, accept: 'application/json' },
      body: Buffer.from(statement),
      timeoutMs,
      maxAnswerBytes,
    });
  }

  ping(index: number, timeoutMs: number, signal: AbortSignal): Promise<Outcome> {
    const ask = { method: 'GET', path: '/api/v1/ping', headers: this.#headers, body: null } as const;
    return this.#send(index, signal, { ...ask, timeoutMs, maxAnswerBytes: shortAnswerBytes });
  }

  metrics(index: number, timeoutMs: number, signal: AbortSignal): Promise<Outcome> {
    const ask = { method: 'GET', path: '/metrics', headers: this.#headers, body: null } as const;
    return this.#send(index, signal, { ...ask, timeoutMs, maxAnswerBytes: metricsBytes });
  }

  /** Tears down what is still in flight. */
  async close(): Promise<void> {
    const pools = Object.values(this.#pools);
    await Promise.all(pools.map((pool) => pool.destroy()));
  }

  async #send(index: number, signal: AbortSignal, ask: Ask): Promise<Outcome> {
    const origin = this.#origins[index];
    this.#pools[index] ??= this.#connect(origin.origin);
    const pool = this.#pools[index];
    const path = origin.pathname.replace(/\/$/, '') + ask.path;
    const outcome = await exchange(pool, { ...ask, path }, this.#clock, signal);
    if (outcome.kind === 'answer') this.#answered.add(index);
    if (outcome.kind !== 'error' || !outcome.sent || origin.protocol !== 'https:' || this.#answered.has(index))
      return outcome;
    return { ...outcome, error: { code: closedAfterHandshake } };
  }

  #connect(origin: string): Pool {
    const { Pools, connectorOf } = httpClient();
    const { ca, cert, key, insecure } = this.#tls;
    const own = cert === null || key === null ? {} : { cert, key };
    const trust = { rejectUnauthorized: !insecure, ...(ca === null ? {} : { ca }) };
    const connector = connectorOf({ timeout: connectTimeoutMs, ...trust, ...own });
    const connect: typeof connector = (options, done) => {
      connector(options, (...[error, socket]) => (error ? done(error, null) : done(null, hideInterim(socket!))));
    };
    return new Pools(origin, { connections: this.#connections, pipelining: 1, connect });
  }
}
