// Connection pools of the endpoints. undici loads with the first request.

import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import type { buildConnector, Pool } from 'undici';
import { ownCodes } from '../../../core/network-errors.js';
import type { TargetDeps } from '../../types.js';
import type { ExchangeOutcome, HttpRequest } from '../types.js';
import { exchange } from './exchange.js';
import { foreignServer } from './foreign-server.js';
import { failOnReset, hideInterim, onFirstBytes } from './watched-socket.js';

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
  /** What endpoints are that do not speak HTTP, by origin. */
  readonly #foreign = new Map<string, string>();
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
    if (outcome.kind !== 'error' || this.#answered.has(index)) return outcome;
    return { ...outcome, error: this.#explained(origin, outcome.error, outcome.sent) };
  }

  /** The error of an endpoint that never answered: it may be no HTTP server at all. */
  #explained({ origin, protocol }: URL, error: unknown, sent: boolean): unknown {
    const foreign = this.#foreign.get(origin);
    if (foreign !== undefined) return { code: ownCodes.foreignServer, message: foreign };
    if (!sent) return error;
    if (protocol === 'https:') return { code: ownCodes.closedAfterHandshake };
    const { code } = error as { readonly code?: unknown };
    return code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE'
      ? { code: ownCodes.closedAtOnce }
      : error;
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
      connector(options, (...[error, socket]) =>
        error ? done(error, null) : done(null, this.#watched(socket!, origin)),
      );
    };
    return new PoolClass(origin, { connections: workers + spareConnections, pipelining: 1, connect });
  }

  /** Prepares a socket: names a foreign server, fails a response on a reset, and hides interim responses. */
  #watched(socket: Socket, origin: string): Socket {
    onFirstBytes(socket, (bytes) => {
      const foreign = foreignServer(bytes);
      if (foreign !== null) this.#foreign.set(origin, foreign);
    });
    return hideInterim(failOnReset(socket));
  }
}
