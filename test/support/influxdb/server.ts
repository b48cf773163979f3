// A scripted InfluxDB 2 or 3 for tests, in process, on loopback. two.ts and three.ts hold the answers of each version, from
// its documentation and source. lines.ts parses bodies independently of src.
//
//   const influx = await startInfluxdb(two, { token: 't', databases: ['bucket'] });
//   influx.script = ({ ordinal }) => (ordinal === 0 ? { status: 503, headers: { 'retry-after': '1' } } : undefined);
//   influx.stored('bucket')     stored points as text     influx.writes     received writes with their time

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { type Reply, readAll, reply } from '../cluster/reply.js';
import { Tables } from './tables.js';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Decompressed. */
  readonly body: Buffer;
}

export interface Write extends Asked {
  /** Number among the writes with points, from 0. */
  readonly ordinal: number;
  readonly encoding: string | null;
  readonly at: number;
}

export interface Options {
  readonly token: string;
  /** Actions that the token may not do. */
  readonly forbidden?: readonly ('write' | 'read' | 'create')[];
  readonly databases?: readonly string[];
  /** Limit of decompressed bodies. */
  readonly maxBodyBytes?: number;
  /** Oldest accepted time, in ns. */
  readonly retainsFrom?: bigint;
}

/** The behaviour of one version. */
export interface Version {
  /** Scheme of the Authorization header. */
  readonly scheme: 'Token' | 'Bearer';
  readonly writePath: string;
  readonly unauthorized: Reply;
  answer(asked: Asked, influx: Influxdb): Reply;
}

export class Influxdb {
  readonly options: Options;
  readonly databases: Map<string, Tables>;
  /** Writes with points, however they were answered. */
  readonly writes: Write[] = [];
  /** All requests: `GET /ping`. */
  readonly requests: string[] = [];
  /** Replaces the answer of the version to a write. */
  script: (write: Write) => Reply | undefined = () => undefined;
  readonly #version: Version;
  readonly #server: Server;
  #port = 0;

  constructor(version: Version, options: Options) {
    this.#version = version;
    this.options = options;
    this.#server = createServer((request, response) => {
      void this.#serve(request, response).catch((error: unknown) => void response.destroy(error as Error));
    });
    this.databases = new Map((options.databases ?? []).map((name) => [name, new Tables()]));
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  may(what: 'write' | 'read' | 'create'): boolean {
    return !this.options.forbidden?.includes(what);
  }

  /** Points as text, sorted: table, tags, fields with their types, ns. */
  stored(database: string): string[] {
    return this.databases.get(database)?.texts() ?? [];
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    this.#port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  async end(): Promise<void> {
    const closed = new Promise<void>((resolve) => void this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname: path, searchParams: query } = new URL(request.url ?? '/', 'http://x');
    const { method = 'GET', headers } = request;
    this.requests.push(`${method} ${path}`);
    const wire = await readAll(request);
    if (wire === null) return;
    const encoding = headers['content-encoding'] ?? null;
    const body = encoding === 'gzip' ? gunzipSync(wire) : wire;
    if (headers.authorization !== `${this.#version.scheme} ${this.options.token}`)
      return reply(response, this.#version.unauthorized);
    const asked = { method, path, query, body };
    reply(response, this.#scripted(asked, encoding) ?? this.#version.answer(asked, this));
  }

  #scripted(asked: Asked, encoding: string | null): Reply | undefined {
    if (asked.path !== this.#version.writePath || asked.body.length === 0) return undefined;
    const write = { ...asked, ordinal: this.writes.length, encoding, at: performance.now() };
    this.writes.push(write);
    return this.script(write);
  }
}

export function startInfluxdb(version: Version, options: Options): Promise<Influxdb> {
  return new Influxdb(version, options).start();
}

export const json = (status: number, body: unknown): Reply => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});
