// Connection pools of the endpoints.

import type { Socket } from 'node:net';
import type { Pool } from 'undici';
import { networkFailure, ownCodes } from '../../../core/network/network-errors.js';
import { type ChosenProxy, openTunnel, proxyFor } from '../../../core/network/proxy.js';
import type { TargetDeps } from '../../types.js';
import type { ExchangeOutcome, HttpRequest } from '../types.js';
import { exchange } from './exchange.js';
import { foreignServer } from './foreign-server.js';
import { type OpenedResponse, openResponse } from './response-stream.js';
import { connectorOf, PoolClass } from './undici.js';
import { failOnReset, hideInterim, onFirstBytes } from './watched-socket.js';

const connectTimeoutMs = 5_000;
/**
 * Number of connections in addition to one for each writer. With them, flushes and queries of gauges need not wait for
 * writes that hang.
 */
const spareConnections = 2;

export class Connections {
  readonly #origins: readonly URL[];
  /** Proxy of each endpoint; null for a direct connection. */
  readonly #proxies: readonly (ChosenProxy | null)[];
  readonly #headers: Readonly<Record<string, string>>;
  readonly #deps: TargetDeps;
  /** Indexes of endpoints that have responded at least once. */
  readonly #answered = new Set<number>();
  /** Descriptions of servers that do not speak HTTP, by origin. */
  readonly #foreign = new Map<string, string>();
  readonly #pools: Pool[] = [];

  /**
   * Throws UsageError if a proxy variable does not name an HTTP proxy.
   * @param authorization value of the Authorization header; null to omit the header
   */
  constructor(deps: TargetDeps, authorization: string | null) {
    const { urls, headers } = deps.settings;
    this.#origins = urls.map(({ origin }) => new URL(origin));
    this.#proxies = this.#origins.map((origin) => proxyFor(origin, deps.settings.proxy, deps.env ?? {}));
    this.#deps = deps;
    this.#headers = {
      'user-agent': `bulk-load/${deps.version}`,
      ...(authorization === null ? {} : { authorization }),
      ...Object.fromEntries(headers.map(({ name, value }) => [name.toLowerCase(), value])),
    };
  }

  /** Returns the name of an endpoint's proxy for messages; null for a direct connection. */
  proxyName(index: number): string | null {
    const proxy = this.#proxies[index];
    return proxy ? `${proxy.origin} (${proxy.source})` : null;
  }

  /** Sends a request to the endpoint with this index. Adds the headers that all requests share. Never rejects. */
  async send(index: number, request: HttpRequest, signal: AbortSignal): Promise<ExchangeOutcome> {
    const { pool, onWire } = this.#prepared(index, request);
    return this.#settled(index, await exchange(pool, onWire, this.#deps.clock, signal));
  }

  /** Sends a request and reads its response in chunks. Never rejects. */
  async open(index: number, request: HttpRequest, signal: AbortSignal): Promise<OpenedResponse> {
    const { pool, onWire } = this.#prepared(index, request);
    const { outcome, chunks } = await openResponse(pool, onWire, this.#deps.clock, signal);
    return { outcome: this.#settled(index, outcome), chunks };
  }

  #prepared(index: number, request: HttpRequest): { readonly pool: Pool; readonly onWire: HttpRequest } {
    const origin = this.#origins[index]!;
    const proxy = this.#proxies[index] ?? null;
    this.#pools[index] ??= this.#connect(origin, proxy);
    const pathname = origin.pathname.replace(/\/$/, '');
    const path = (request.base?.(pathname) ?? pathname) + request.path;
    const headers = { ...this.#headers, ...request.headers };
    const onWire = { ...request, path, headers, ...throughProxy(origin, proxy, path, headers) };
    return { pool: this.#pools[index], onWire };
  }

  #settled(index: number, outcome: ExchangeOutcome): ExchangeOutcome {
    const proxy = this.#proxies[index] ?? null;
    if (outcome.kind === 'response') this.#answered.add(index);
    if (outcome.kind !== 'error' || this.#answered.has(index)) return outcome;
    const error = this.#explained(this.#origins[index]!, outcome.error, outcome.sent);
    return { ...outcome, error: proxy === null || outcome.sent ? error : viaProxy(proxy, error) };
  }

  /** Returns the error to report. The error names an endpoint that has never responded and is not an HTTP server. */
  #explained({ origin, protocol }: URL, error: unknown, sent: boolean): unknown {
    const foreign = this.#foreign.get(origin);
    if (foreign !== undefined) return { code: ownCodes.permanent, message: foreign };
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

  #connect(endpoint: URL, proxy: ChosenProxy | null): Pool {
    const { tls, insecure, workers } = this.#deps.settings;
    const { ca, cert, key } = tls;
    const own = cert === null || key === null || usesForwarding(endpoint, proxy) ? {} : { cert, key };
    const trust = { rejectUnauthorized: !insecure, ...(ca === null ? {} : { ca }) };
    const connector = connectorOf({ timeout: connectTimeoutMs, ...trust, ...own });
    const connect: typeof connector = (options, done) => {
      const connectTo = (httpSocket?: Socket): void =>
        connector(httpSocket === undefined ? options : { ...options, httpSocket }, (...[error, socket]) =>
          error ? done(error, null) : done(null, this.#watched(socket!, endpoint.origin)),
        );
      if (proxy === null || usesForwarding(endpoint, proxy)) return connectTo();
      void openTunnel(proxy, endpoint, { ca, insecure, timeoutMs: connectTimeoutMs }, (error, socket) =>
        socket === null ? done(error, null) : connectTo(socket),
      );
    };
    const origin = usesForwarding(endpoint, proxy) ? proxy!.origin : endpoint.origin;
    return new PoolClass(origin, { connections: workers + spareConnections, pipelining: 1, connect });
  }

  /**
   * Prepares a socket: detects a server that does not speak HTTP, turns a reset of the connection into an error, and
   * hides "100 Continue" responses.
   */
  #watched(socket: Socket, origin: string): Socket {
    onFirstBytes(socket, (bytes) => {
      const foreign = foreignServer(bytes);
      if (foreign !== null) this.#foreign.set(origin, foreign);
    });
    return hideInterim(failOnReset(socket));
  }
}

/**
 * Tests for an http endpoint behind a proxy. A request to such an endpoint goes to the proxy and contains the whole
 * URL. In contrast, an https endpoint is reached through a tunnel of the proxy.
 */
function usesForwarding(endpoint: URL, proxy: ChosenProxy | null): boolean {
  return proxy !== null && endpoint.protocol === 'http:';
}

function throughProxy(
  endpoint: URL,
  proxy: ChosenProxy | null,
  path: string,
  headers: Readonly<Record<string, string>>,
): Partial<HttpRequest> {
  if (proxy === null || !usesForwarding(endpoint, proxy)) return {};
  const { authorization } = proxy;
  const proxyHeaders = authorization === null ? {} : { 'proxy-authorization': authorization };
  return { path: endpoint.origin + path, headers: { ...headers, host: endpoint.host, ...proxyHeaders } };
}

/** Adds the proxy's name to the error of a connection to this proxy. */
function viaProxy({ origin }: ChosenProxy, error: unknown): unknown {
  const { reason, permanent } = networkFailure(error);
  if (permanent) return error;
  return { message: reason.includes(origin) ? reason : `proxy ${origin}: ${reason}` };
}
