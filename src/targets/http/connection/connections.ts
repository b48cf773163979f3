// Connection pools of the endpoints. undici loads with the first request.

import { createRequire } from 'node:module';
import type { buildConnector, Pool } from 'undici';
import { ownCodes } from '../../../core/network-errors.js';
import type { TargetDeps } from '../../types.js';
import type { ExchangeOutcome, HttpRequest } from '../types.js';
import { hideInterim } from './early-response.js';
import { exchange } from './exchange.js';

const connectTimeoutMs = 5_000;
/** Connections beside those of the writers. A flush or a gauge must not queue after writes that hang. */
const spareConnections = 2;

const require = createRequire(import.meta.url);

/**
 * Loads the needed part of undici only. The whole package takes three times as long, more than the start of Node itself.
 * undici is CommonJS without `exports`, and its version is pinned.
 */
function undici(): { PoolClass: typeof Pool; connectorOf: typeof buildConnector } {
  return { PoolClass: require('undici/lib/dispatcher/pool.js'), connectorOf: require('undici/lib/core/connect.js') };
}

export class Connections {
  readonly #origins: readonly URL[];
  readonly #headers: Readonly<Record<string, string>>;
  readonly #deps: TargetDeps;
  /** Endpoints that have answered at least once. */
  readonly #answered = new Set<number>();
  readonly #pools: Pool[] = [];

  /** @param authorization value of that header; null: the header is absent */
  constructor(deps: TargetDeps, authorization: string | null) {
    const { urls, headers } = deps.settings;
    this.#origins = urls.map(({ origin }) => new URL(origin));
    this.#deps = deps;
    this.#headers = {
      'user-agent': `bulk-load/${deps.version}`,
      ...(authorization === null ? {} : { authorization }),
      ...Object.fromEntries(headers.map(({ name, value }) => [name.toLowerCase(), value])),
    };
  }

  /** Sends a request to the endpoint of that index, with the headers of all requests. Never rejects. */
  async send(index: number, request: HttpRequest, signal: AbortSignal): Promise<ExchangeOutcome> {
    const origin = this.#origins[index]!;
    this.#pools[index] ??= this.#connect(origin.origin);
    const pool = this.#pools[index];
    const path = origin.pathname.replace(/\/$/, '') + request.path;
    const headers = { ...this.#headers, ...request.headers };
    const outcome = await exchange(pool, { ...request, path, headers }, this.#deps.clock, signal);
    if (outcome.kind === 'response') this.#answered.add(index);
    if (outcome.kind !== 'error' || !outcome.sent || origin.protocol !== 'https:' || this.#answered.has(index))
      return outcome;
    return { ...outcome, error: { code: ownCodes.closedAfterHandshake } };
  }

  /** Destroys all connections, including requests in flight. */
  async close(): Promise<void> {
    await Promise.all(Object.values(this.#pools).map((pool) => pool.destroy()));
  }

  #connect(origin: string): Pool {
    const { PoolClass, connectorOf } = undici();
    const { tls, insecure, workers } = this.#deps.settings;
    const { ca, cert, key } = tls;
    const own = cert === null || key === null ? {} : { cert, key };
    const trust = { rejectUnauthorized: !insecure, ...(ca === null ? {} : { ca }) };
    const connector = connectorOf({ timeout: connectTimeoutMs, ...trust, ...own });
    const connect: typeof connector = (options, done) => {
      connector(options, (...[error, socket]) => (error ? done(error, null) : done(null, hideInterim(socket!))));
    };
    return new PoolClass(origin, { connections: workers + spareConnections, pipelining: 1, connect });
  }
}
