// Sends GET requests with node:http, which buffers little unread data: at most one socket buffer and one stream buffer.
// undici 7 ends the process if a server closes the connection while a body is not being read (undici issue 5360). The
// modules are loaded with the first request, because few loads have remote inputs.

import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import type { Readable } from 'node:stream';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { urlToHttpOptions } from 'node:url';
import { ownCodes } from '../../core/network/network-errors.js';
import { type ChosenProxy, openTunnel, type ProxyOptions, proxyFor } from '../../core/network/proxy.js';
import type { Clock, Notice } from '../../core/types/index.js';
import type { Headers } from './http-messages.js';

export interface WebOptions {
  readonly clock: Clock;
  /**
   * PEM of CA certificates that are trusted in addition to the default certificates; null to trust only the default
   * certificates.
   */
  readonly ca: string | null;
  /** Proxy; absent for direct connections. */
  readonly proxy?: ProxyOptions;
  /** Version for the User-Agent header. */
  readonly version: string;
  /** Returns a random number in [0, 1). */
  readonly random: () => number;
  readonly notify: (notice: Notice) => void;
}

export interface WebResponse {
  readonly status: number;
  readonly headers: Headers;
  /** Body of the response. The caller must read the body to its end or destroy the body. */
  readonly body: Readable;
}

const connectMs = 10_000;
/**
 * Longest time without data from the server, ms. After this time, the connection is closed. The caller then repeats the
 * request.
 */
const idleMs = 30_000;

interface HttpProtocol {
  readonly request: (options: RequestOptions) => ClientRequest;
  readonly agent: Agent;
}

export class Web {
  readonly clock: Clock;
  readonly random: () => number;
  readonly notify: (notice: Notice) => void;
  readonly #ca: string | null;
  readonly #proxy: ProxyOptions;
  readonly #userAgent: string;
  readonly #protocols = new Map<string, Promise<HttpProtocol>>();

  constructor({ clock, ca, proxy, version, random, notify }: WebOptions) {
    this.clock = clock;
    this.random = random;
    this.notify = notify;
    this.#ca = ca;
    this.#proxy = proxy ?? { given: 'none', env: {} };
    this.#userAgent = `bulk-load/${version}`;
  }

  /** True if CA certificates are trusted in addition to the default certificates. */
  get hasOwnCa(): boolean {
    return this.#ca !== null;
  }

  /**
   * Sends one request, and does not follow redirects. Rejects with the network's error or the signal's reason. Rejects
   * with UsageError if a proxy variable does not name an HTTP proxy.
   */
  async get(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<WebResponse> {
    signal.throwIfAborted();
    const proxy = proxyFor(url, this.#proxy.given, this.#proxy.env);
    const isForwarded = proxy !== null && url.protocol === 'http:';
    const to = isForwarded ? new URL(proxy.origin) : url;
    const { request, agent } = await this.#protocol(to.protocol, isForwarded ? null : proxy);
    const sent = request({
      ...urlToHttpOptions(to),
      ...(isForwarded ? { path: url.origin + url.pathname + url.search } : {}),
      auth: null,
      agent,
      headers: {
        ...{ 'user-agent': this.#userAgent, accept: '*/*', 'accept-encoding': 'identity', ...headers },
        ...(isForwarded ? forwardHeaders(url, proxy) : {}),
      },
    });
    const body = await responseTo(sent, this.clock, signal);
    return { status: body.statusCode ?? 0, headers: body.headers, body };
  }

  /**
   * Returns the request function and the agent for a protocol.
   * @param tunnel proxy that tunnels the connections; null for direct connections
   */
  #protocol(name: string, tunnel: ChosenProxy | null): Promise<HttpProtocol> {
    const key = `${name} ${tunnel?.origin ?? ''}`;
    const known = this.#protocols.get(key) ?? (name === 'https:' ? this.#https(tunnel) : http());
    this.#protocols.set(key, known);
    return known;
  }

  async #https(tunnel: ChosenProxy | null): Promise<HttpProtocol> {
    const { Agent, request } = await import('node:https');
    const trust = this.#ca === null ? {} : { ca: [...defaultCas(), this.#ca] };
    const agent = new Agent({ keepAlive: true, ...trust });
    if (tunnel !== null) Object.assign(agent, { createConnection: connectThrough(tunnel, this.#ca) });
    return { request, agent };
  }
}

function forwardHeaders({ host }: URL, { authorization }: ChosenProxy): Readonly<Record<string, string>> {
  return { host, ...(authorization === null ? {} : { 'proxy-authorization': authorization }) };
}

/** Returns the function with which an agent opens a connection through a tunnel of the proxy. */
function connectThrough(proxy: ChosenProxy, ca: string | null) {
  return (
    options: ConnectionOptions & { readonly host: string; readonly port: number },
    done: (...result: [error: Error] | [error: null, socket: TLSSocket]) => void,
  ): void => {
    const endpoint = new URL(`https://${options.host}:${options.port}`);
    void openTunnel(proxy, endpoint, { ca, insecure: false, timeoutMs: connectMs }, (error, socket) =>
      error === null ? done(null, tls().connect({ ...options, socket })) : done(error),
    );
  };
}

async function http(): Promise<HttpProtocol> {
  const { Agent, request } = await import('node:http');
  return { request, agent: new Agent({ keepAlive: true }) };
}

/** Sends the request. Resolves once the status and headers of the response have arrived. */
function responseTo(request: ClientRequest, clock: Clock, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const fail = (code: string) => () => request.destroy(codedError(code));
    let cancelTimeout = clock.after(connectMs, fail(ownCodes.noConnection));
    const connected = (): void => {
      cancelTimeout();
      cancelTimeout = clock.after(idleMs, fail(ownCodes.noAnswer));
    };
    request.once('socket', (socket) => {
      if (!socket.connecting) connected();
      else socket.once('encrypted' in socket ? 'secureConnect' : 'connect', connected);
    });
    let body: IncomingMessage | null = null;
    const abort = (): unknown => (body ?? request).destroy(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    // Destroys the body with the error. Otherwise, if a reset ends a body without a length, node:http would report the
    // body as complete.
    request.on('error', (error) => (body === null ? reject(error) : body.destroy(error)));
    request.once('close', () => {
      cancelTimeout();
      if (body !== null) return;
      signal.removeEventListener('abort', abort);
      // If a server upgrades the protocol, the request closes without an error.
      reject(new Error('socket hang up'));
    });
    request.once('response', (response) => {
      cancelTimeout();
      body = response;
      // The body may fail while nothing reads it. Without a listener, this error would end the process.
      body.on('error', () => {});
      body.once('close', () => signal.removeEventListener('abort', abort));
      destroyWhenIdle(body, clock);
      resolve(body);
    });
    request.end();
  });
}

/**
 * Destroys a body if the server sends nothing for a period of `idleMs`. The period counts only if the buffer had no
 * unread bytes at its start and at its end. With unread bytes, the server may have waited for a slow reader. It then
 * gets another period.
 */
function destroyWhenIdle(body: IncomingMessage, clock: Clock): void {
  let cancel = (): void => {};
  const watch = (bytesBefore: number, wasEmpty: boolean): void => {
    cancel = clock.after(idleMs, () => {
      const { bytesRead } = body.socket;
      const isEmpty = body.readableLength === 0;
      if (bytesRead === bytesBefore && wasEmpty && isEmpty) body.destroy(codedError(ownCodes.idle));
      else watch(bytesRead, isEmpty);
    });
  };
  watch(body.socket.bytesRead, body.readableLength === 0);
  body.once('close', () => cancel());
}

function codedError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/**
 * Returns the default CA certificates. Since Node 22.15, the default certificates include the certificates of
 * NODE_EXTRA_CA_CERTS.
 */
function defaultCas(): readonly string[] {
  const { getCACertificates } = tls() as { getCACertificates?: (type: 'default') => string[] };
  return getCACertificates?.('default') ?? tls().rootCertificates;
}

/** Loads node:tls on first use, because loading also reads NODE_EXTRA_CA_CERTS, which takes 15 ms. */
function tls(): typeof import('node:tls') {
  return process.getBuiltinModule('node:tls');
}
