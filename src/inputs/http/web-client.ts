// GET requests, one body at a time, with nothing read ahead but what a socket and one stream buffer. By node:http: undici 7
// ends the process when a server closes the connection while a body is not read from (its issue 5360). It is loaded with
// the first request: most loads never read from remote.

import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import type { Readable } from 'node:stream';
import * as tls from 'node:tls';
import { urlToHttpOptions } from 'node:url';
import type { Clock, Notice } from '../../core/types/index.js';
import type { Headers } from './http-messages.js';

export interface WebOptions {
  readonly clock: Clock;
  /** PEM of authorities to be trusted beside the usual ones; null: none. */
  readonly ca: string | null;
  /** For User-Agent. */
  readonly version: string;
  /** Draws from [0, 1). */
  readonly random: () => number;
  readonly notify: (notice: Notice) => void;
}

export interface WebResponse {
  readonly status: number;
  readonly headers: Headers;
  /** To be read to its end or destroyed. */
  readonly body: Readable;
}

const connectMs = 10_000;
/** Without a byte for so long a connection is given up, and another one is made. */
const idleMs = 30_000;

/** How requests of one protocol are made. */
interface HttpProtocol {
  readonly request: (options: RequestOptions) => ClientRequest;
  readonly agent: Agent;
}

export class Web {
  readonly clock: Clock;
  readonly random: () => number;
  readonly notify: (notice: Notice) => void;
  readonly #ca: string | null;
  readonly #agent: string;
  readonly #ways = new Map<string, Promise<HttpProtocol>>();

  constructor({ clock, ca, version, random, notify }: WebOptions) {
    this.clock = clock;
    this.random = random;
    this.notify = notify;
    this.#ca = ca;
    this.#agent = `bulk-load/${version}`;
  }

  /** Authorities of our own beside the usual ones. */
  get trustsMore(): boolean {
    return this.#ca !== null;
  }

  /** One request, no redirect followed. Rejects with the network's error, or the signal's reason. */
  async get(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<WebResponse> {
    signal.throwIfAborted();
    const { request, agent } = await this.#way(url.protocol);
    const asked = request({
      ...urlToHttpOptions(url),
      auth: null,
      agent,
      headers: { 'user-agent': this.#agent, accept: '*/*', 'accept-encoding': 'identity', ...headers },
    });
    const body = await answered(asked, this.clock, signal);
    return { status: body.statusCode ?? 0, headers: body.headers, body };
  }

  #way(protocol: string): Promise<HttpProtocol> {
    const known = this.#ways.get(protocol) ?? (protocol === 'https:' ? this.#secure() : plain());
    this.#ways.set(protocol, known);
    return known;
  }

  async #secure(): Promise<HttpProtocol> {
    const { Agent, request } = await import('node:https');
    const trust = this.#ca === null ? {} : { ca: [...usual(), this.#ca] };
    return { request, agent: new Agent({ keepAlive: true, ...trust }) };
  }
}

async function plain(): Promise<HttpProtocol> {
  const { Agent, request } = await import('node:http');
  return { request, agent: new Agent({ keepAlive: true }) };
}

/** Sends it and waits for the head of an answer. */
function answered(asked: ClientRequest, clock: Clock, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const late = (code: string) => () => asked.destroy(coded(code));
    let inTime = clock.after(connectMs, late('NO_CONNECTION'));
    const isConnected = (): void => {
      inTime();
      inTime = clock.after(idleMs, late('NO_ANSWER'));
    };
    asked.once('socket', (socket) => {
      if (!socket.connecting) isConnected();
      else socket.once('encrypted' in socket ? 'secureConnect' : 'connect', isConnected);
    });
    let body: IncomingMessage | null = null;
    const abort = (): unknown => (body ?? asked).destroy(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    // Stays: a request may fail once more after its answer has begun.
    asked.on('error', reject);
    asked.once('close', () => {
      inTime();
      if (body !== null) return;
      signal.removeEventListener('abort', abort);
      // Closed without an error where it was answered with an upgrade.
      reject(new Error('socket hang up'));
    });
    asked.once('response', (answer) => {
      inTime();
      body = answer;
      // It may fail while nobody reads it.
      body.on('error', () => {});
      body.once('close', () => signal.removeEventListener('abort', abort));
      watch(body, clock);
      resolve(body);
    });
    asked.end();
  });
}

/** Gives a body up from which nothing came for too long. While bytes wait to be read it is not the server's turn. */
function watch(body: IncomingMessage, clock: Clock): void {
  let inTime = (): void => {};
  const look = (before: number): void => {
    inTime = clock.after(idleMs, () => {
      const { bytesRead } = body.socket;
      if (bytesRead > before || body.readableLength > 0) look(bytesRead);
      else body.destroy(coded('NOTHING_CAME'));
    });
  };
  look(body.socket.bytesRead);
  body.once('close', () => inTime());
}

/** An error of ours; ./words says it for people. */
function coded(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** Since Node 22.15 also those of NODE_EXTRA_CA_CERTS. */
function usual(): readonly string[] {
  const { getCACertificates } = tls as { getCACertificates?: (type: 'default') => string[] };
  return getCACertificates?.('default') ?? tls.rootCertificates;
}
