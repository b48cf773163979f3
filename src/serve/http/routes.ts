// The routes of the server. A route turns a complete request into a response.

import { MIB } from '../../core/units.js';
import { RequestRefusal, refusal } from '../request-refusal.js';
import { formatResult, type ResultFormat } from '../sql/result.js';
import { runSql } from '../sql/run-sql.js';
import type { Store } from '../storage/store.js';
import { type WritePrecision, write } from '../writes/write.js';
import { chooseEncoding, decodeBody } from './content-encoding.js';
import type { ServerMetrics } from './server-metrics.js';

interface ServerRequest {
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
}

export interface ServerResponseParts {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

/** Values that all routes share. If `password` is null, every password is accepted. */
export interface Service {
  readonly store: Store;
  readonly metrics: ServerMetrics;
  readonly password: string | null;
}

export interface Route {
  readonly methods: readonly string[];
  /** Maximum bytes of the body; null for a route without a body. */
  readonly limit: number | null;
  respond(service: Service, request: ServerRequest): Promise<ServerResponseParts>;
}

/** Maximum size of the body of a write request, before and after decompression, bytes. */
const maxWriteBytes = 160 * MIB;
const empty: ServerResponseParts = { status: 200, headers: {}, body: '' };

export const routes: Readonly<Record<string, Route>> = {
  '/api/v1/ping': { methods: ['GET', 'HEAD'], limit: null, respond: ping },
  '/metrics': { methods: ['GET', 'HEAD', 'POST'], limit: null, respond: showMetrics },
  '/api/v1/write': { methods: ['POST'], limit: maxWriteBytes, respond: writeLines },
  '/api/v1/sql': { methods: ['POST'], limit: 16 * MIB, respond: querySql },
  '/write': { methods: ['POST'], limit: maxWriteBytes, respond: writeInflux },
};

/** Returns version and status. The version begins like a version of CnosDB, because clients parse the version. */
async function ping(): Promise<ServerResponseParts> {
  const body = { version: '2.4.3, revision: UNKNOWN, build_time: bulk-load serve', status: 'healthy' };
  return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

async function showMetrics(service: Service): Promise<ServerResponseParts> {
  const type = 'text/plain; version=0.0.4';
  return { status: 200, headers: { 'content-type': type }, body: service.metrics.text(service.store) };
}

async function writeLines(service: Service, request: ServerRequest): Promise<ServerResponseParts> {
  const user = userOf(request);
  rejectRepeated(request.query);
  const body = await decodeBody(request.body, header(request, 'content-encoding'), maxWriteBytes);
  authenticate(service, user, request.query);
  const database = request.query.get('db') ?? 'public';
  service.metrics.wrote(database, request.body.length);
  await write(service.store, database, body, precisionOf(request.query));
  return empty;
}

/**
 * Serves CnosDB's endpoint for InfluxDB 1. Ignores credentials and Content-Encoding. Timestamps are always nanoseconds.
 */
async function writeInflux(service: Service, request: ServerRequest): Promise<ServerResponseParts> {
  rejectRepeated(request.query);
  authenticate(service, ['root', ''], request.query);
  const database = request.query.get('db') ?? 'public';
  service.metrics.wrote(database, request.body.length);
  await write(service.store, database, request.body, 'ns');
  return empty;
}

async function querySql(service: Service, request: ServerRequest): Promise<ServerResponseParts> {
  const user = userOf(request);
  const format = formatOf(header(request, 'accept'));
  rejectRepeated(request.query);
  const encoded = chooseEncoding(header(request, 'accept-encoding'));
  authenticate(service, user, request.query);
  const result = await runSql(service.store, request.query.get('db') ?? 'public', request.body.toString());
  const body = encoded.encode(result === null ? '' : formatResult(result, format));
  service.metrics.queried(request.body.length, body.length);
  return { status: 200, headers: { 'content-type': contentTypes[format], ...encoded.headers }, body };
}

function header(request: ServerRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : value?.[0];
}

/** Refuses repeated parameters, as CnosDB does. */
function rejectRepeated(query: URLSearchParams): void {
  for (const name of ['db', 'tenant', 'precision'])
    if (query.getAll(name).length > 1) throw new RequestRefusal(500, null, 'parameter given twice');
}

function userOf(request: ServerRequest): readonly [string, string] {
  const value = header(request, 'authorization');
  if (value === undefined) throw new RequestRefusal(400, '000000', 'Missing request header "authorization"');
  const text = value.startsWith('Basic ') ? Buffer.from(value.slice(6), 'base64').toString() : '';
  const colon = text.indexOf(':');
  if (colon < 0) throw new RequestRefusal(400, '040006', `Parse auth, malformed basic auth encoding: ${value}`);
  return [text.slice(0, colon), text.slice(colon + 1)];
}

/** Accepts only the user root and the tenant cnosdb. */
function authenticate(service: Service, user: readonly [string, string], query: URLSearchParams): void {
  const [name, password] = user;
  if (service.password !== null && (name !== 'root' || password !== service.password))
    throw refusal('010016', `Auth error: Access denied for user '${name}' (using xxx) username or password invalid`);
  if (name !== 'root') throw refusal('010016', `Auth error: The user ${name} not found`);
  const tenant = query.get('tenant') ?? 'cnosdb';
  if (tenant !== 'cnosdb') throw refusal('010016', `Auth error: The tenant ${tenant} not found`);
}

function precisionOf(query: URLSearchParams): WritePrecision {
  const precision = query.get('precision')?.toLowerCase();
  return precision === 'us' || precision === 'ms' ? precision : 'ns';
}

const contentTypes: Record<ResultFormat, string> = {
  json: 'application/json',
  'nd-json': 'application/nd-json',
  csv: 'text/csv',
  tsv: 'text/tsv',
};

function formatOf(accept: string | undefined): ResultFormat {
  if (accept === undefined || ['', '*/*', 'application/*'].includes(accept)) return 'csv';
  const variant = /^(?:application|text)\/(.*)$/is.exec(accept)?.[1] ?? accept;
  const format = variant.toLowerCase();
  if (format in contentTypes) return format as ResultFormat;
  throw new RequestRefusal(400, '040005', `Invalid header: Invalid header: invalid variant: ${variant}`);
}
