// Pools of connections to the endpoints of a target, and one request to one of them.

import { createRequire } from 'node:module';
import type { buildConnector, Pool } from 'undici';
import { ownCodes } from '../../core/network-errors.js';
import type { Clock } from '../../core/types/index.js';
import { hideInterim } from './early-response.js';
import { type ExchangeOutcome, type ExchangeRequest, exchange } from './exchange.js';

import type { HttpOptions } from './types.js';

const connectTimeoutMs = 5_000;
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

/** Endpoints by index. undici is loaded with the first request. */
export class Connections {
  readonly #origins: readonly URL[];
  readonly #headers: Readonly<Record<string, string>>;
  readonly #options: HttpOptions;
  readonly #clock: Clock;
  /** Endpoints that ever answered. */
  readonly #answered = new Set<number>();
  readonly #pools: Pool[] = [];

  /** @param authorization that header's value; null: none */
  constructor(options: HttpOptions, authorization: string | null, clock: Clock) {
    this.#origins = options.urls.map(({ origin }) => new URL(origin));
    this.#options = options;
    this.#clock = clock;
    this.#headers = {
      'user-agent': `bulk-load/${options.version}`,
      ...(authorization === null ? {} : { authorization }),
      ...Object.fromEntries(options.headers.map(([name, value]) => [name.toLowerCase(), value])),
    };
  }

  /** Headers that all requests carry go along. Never rejects. */
  async send(index: number, ask: ExchangeRequest, signal: AbortSignal): Promise<ExchangeOutcome> {
    const origin = this.#origins[index];
    this.#pools[index] ??= this.#connect(origin.origin);
    const pool = this.#pools[index];
    const path = origin.pathname.replace(/\/$/, '') + ask.path;
    const headers = { ...this.#headers, ...ask.headers };
    const outcome = await exchange(pool, { ...ask, path, headers }, this.#clock, signal);
    if (outcome.kind === 'answer') this.#answered.add(index);
    if (outcome.kind !== 'error' || !outcome.sent || origin.protocol !== 'https:' || this.#answered.has(index))
      return outcome;
    return { ...outcome, error: { code: ownCodes.closedAfterHandshake } };
  }

  /** Tears down what is still in flight. */
  async close(): Promise<void> {
    const pools = Object.values(this.#pools);
    await Promise.all(pools.map((pool) => pool.destroy()));
  }

  #connect(origin: string): Pool {
    const { Pools, connectorOf } = httpClient();
    const { tls, connections } = this.#options;
    const { ca, cert, key, insecure } = tls;
    const own = cert === null || key === null ? {} : { cert, key };
    const trust = { rejectUnauthorized: !insecure, ...(ca === null ? {} : { ca }) };
    const connector = connectorOf({ timeout: connectTimeoutMs, ...trust, ...own });
    const connect: typeof connector = (options, done) => {
      connector(options, (...[error, socket]) => (error ? done(error, null) : done(null, hideInterim(socket!))));
    };
    return new Pools(origin, { connections: connections + spareConnections, pipelining: 1, connect });
  }
}
