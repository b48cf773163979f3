// GET requests, one body at a time, with nothing read ahead but what a socket and one stream buffer. undici is loaded with
// the first of them: most loads never read from afar.

import type { Readable } from 'node:stream';
import * as tls from 'node:tls';
import type { Agent } from 'undici';
import type { Clock, Notice } from '../../model.js';
import type { Headers } from './words.js';

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

export interface Got {
  readonly status: number;
  readonly headers: Headers;
  /** To be read to its end or destroyed. */
  readonly body: Readable;
}

const connectMs = 10_000;
/** Without a byte for so long a connection is given up, and another one is made. */
const idleMs = 30_000;
const bufferBytes = 64 * 1024;

export class Web {
  readonly clock: Clock;
  readonly random: () => number;
  readonly notify: (notice: Notice) => void;
  readonly #ca: string | null;
  readonly #agent: string;
  #agents: Promise<Agent> | undefined;

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
  async get(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Got> {
    this.#agents ??= this.#connect();
    const agent = await this.#agents;
    const {
      statusCode,
      headers: answered,
      body,
    } = await agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: 'GET',
      headers: { 'user-agent': this.#agent, accept: '*/*', 'accept-encoding': 'identity', ...headers },
      signal,
      highWaterMark: bufferBytes,
    });
    // It may fail while nobody reads it.
    body.on('error', () => {});
    return { status: statusCode, headers: answered, body };
  }

  async #connect(): Promise<Agent> {
    const { Agent: Agents } = await import('undici');
    const trust = this.#ca === null ? {} : { ca: [...usual(), this.#ca] };
    return new Agents({
      connect: { timeout: connectMs, ...trust },
      headersTimeout: idleMs,
      bodyTimeout: idleMs,
      pipelining: 1,
    });
  }
}

/** Since Node 22.15 also those of NODE_EXTRA_CA_CERTS. */
function usual(): readonly string[] {
  const { getCACertificates } = tls as { getCACertificates?: (type: 'default') => string[] };
  return getCACertificates?.('default') ?? tls.rootCertificates;
}
