// The HTTP server. Like CnosDB, the server checks path, method and length before it reads a body.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RequestRefusal, refusal } from '../request-refusal.js';
import { type Route, routes, type ServerResponseParts, type Service } from './routes.js';

/** Listens on an address; port 0 means any free port. Rejects with the system's error if listening fails. */
export async function listen(
  service: Service,
  host: string,
  port: number,
  log: (line: string) => void,
): Promise<Server> {
  const server = createServer((request, response) => {
    void handle(service, request, response, log);
  });
  // A loader may pause for minutes between two requests of a connection, so connections stay open.
  server.keepAliveTimeout = 0;
  server.requestTimeout = 0;
  server.listen(port, host);
  await once(server, 'listening');
  return server;
}

export function urlOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

async function handle(
  service: Service,
  request: IncomingMessage,
  response: ServerResponse,
  log: (line: string) => void,
): Promise<void> {
  try {
    send(response, await respond(service, request), request.method === 'HEAD');
  } catch (error) {
    const refused = error instanceof RequestRefusal ? error : unexpected(error);
    log(`${request.method} ${request.url}: ${refused.message}`);
    if (refused.closes) request.socket.destroy();
    else send(response, refusedWith(refused), request.method === 'HEAD', !request.complete);
  }
}

async function respond(service: Service, request: IncomingMessage): Promise<ServerResponseParts> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const route = Object.hasOwn(routes, url.pathname) ? routes[url.pathname] : undefined;
  if (route === undefined) throw new RequestRefusal(404, null, 'no such path');
  if (!route.methods.includes(request.method ?? '')) throw new RequestRefusal(405, null, 'no such method');
  const body = await readBody(request, route);
  return route.respond(service, { query: url.searchParams, headers: request.headers, body });
}

async function readBody(request: IncomingMessage, route: Route): Promise<Buffer> {
  if (route.limit === null) return Buffer.alloc(0);
  const declared = request.headers['content-length'];
  if (declared === undefined) throw new RequestRefusal(500, null, 'no content-length');
  const length = Number(declared);
  if (length > route.limit) throw new RequestRefusal(413, null, 'body too large');
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
}

function refusedWith(refused: RequestRefusal): ServerResponseParts {
  const headers = refused.code === null ? {} : { 'content-type': 'application/json' };
  return { status: refused.status, headers, body: refused.body() };
}

/** Converts an unexpected error. DuckDB's out-of-memory error becomes CnosDB's error. */
function unexpected(error: unknown): RequestRefusal {
  const text = error instanceof Error ? error.message : String(error);
  if (/out of memory/i.test(text)) return refusal('050033', 'Memory Exhausted Retry Later');
  return refusal('010000', `Internal error: ${text}`);
}

function send(
  response: ServerResponse,
  { status, headers, body }: ServerResponseParts,
  isHead: boolean,
  closes = false,
): void {
  if (closes) response.shouldKeepAlive = false;
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  response.end(isHead ? undefined : body);
}
